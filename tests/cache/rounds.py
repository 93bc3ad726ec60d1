"""`python -m tests.cache.rounds DIRECTORY NAME COUNT`: builds that export to one directory, one by one.

Each imports what the last one left under the tag NAME, exports something else there, and prunes.
"""

from __future__ import annotations

import os
import sys

from runner.cache.ingest import Ingest
from runner.cache.local import open_caches
from runner.cache.store import Busy
from runner.specs.cache import Cache
from tests.cache.exports import digest_of, export

SHARED = b"shared" * 50_000


def main(directory: str, name: str, count: int) -> None:
    source = Cache.parse_import(f"type=local,src={directory},tag={name}")
    target = Cache.parse_export(f"type=local,dest={directory},tag={name},reset=true")
    for number in range(count):
        opened = open_caches([source], [target])
        assert bool(opened.digests) is (number > 0), opened.notices
        store = opened.stores[target.store]
        shared = f"shared {number // 5}".encode() * 20_000
        while True:
            try:
                manifest = export(store, shared, os.urandom(1000), f"{name} {number // 2}".encode())
            except Busy:  # Another writes the same layer. The daemon tries again, too.
                continue
            break
        for notice in opened.finish():
            assert "another build has it open" in notice, notice
        opened.close()
        print(name, number, manifest["digest"], flush=True)


def half(directory: str) -> None:
    """Leave an export unfinished: print when it is in the middle, and wait for the end."""
    opened = open_caches([], [Cache.parse_export(f"type=local,dest={directory}")])
    ingest = Ingest(
        next(iter(opened.stores.values())), "layer", expected=digest_of(SHARED), total=len(SHARED)
    )
    ingest.write(SHARED[:1000], ingest.offset)
    print(ingest.offset, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        half(sys.argv[1])
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
