"""Several builds at once on one directory, and builds that are killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runner.cache.ingest import Ingest
from runner.cache.local import open_caches
from runner.specs.cache import Cache
from tests.cache.exports import blobs, digest_of, export, files, tags
from tests.cache.rounds import SHARED
from tests.conftest import REPOSITORY


def start(*args: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cache.rounds", *args],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_hundred_builds_in_each_of_four_processes(tmp_path: Path) -> None:
    names = ["one", "two", "three", "four"]
    running = [start(tmp_path, name, "100") for name in names]
    ended = [process.communicate(timeout=120) for process in running]
    assert [(process.returncode, errors) for process, (_, errors) in zip(running, ended, strict=True)] == [
        (0, "")
    ] * 4
    last = {name: said.split()[-1] for name, (said, _) in zip(names, ended, strict=True)}
    assert tags(tmp_path) == last
    # Opening it looks at every blob; a last build on its own leaves only what is needed.
    sources = [Cache.parse_import(f"type=local,src={tmp_path},tag={name}") for name in names]
    target = Cache.parse_export(f"type=local,dest={tmp_path},tag=last,reset=true")
    opened = open_caches(sources, [target])
    export(opened.stores[target.store], b"last")
    assert len(opened.digests) == 4
    assert opened.finish() == []
    opened.close()
    assert 4 * 4 < len(blobs(tmp_path)) <= 5 * 5
    others = sorted(name for name in files(tmp_path) if not name.startswith("blobs"))
    assert others == ["index.json", "index.json.lock", "oci-layout"]


def test_a_build_that_was_killed_leaves_the_old_cache_and_its_half_blob(tmp_path: Path) -> None:
    target = Cache.parse_export(f"type=local,dest={tmp_path},reset=true")
    source = Cache.parse_import(f"type=local,src={tmp_path}")
    opened = open_caches([], [target])
    made = export(opened.stores[target.store], b"old")
    opened.finish()
    opened.close()
    with start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1000\n"
        process.kill()
    opened = open_caches([source], [target])
    assert opened.digests == {source: made["digest"]}
    ingest = Ingest(opened.stores[target.store], "layer", expected=digest_of(SHARED), total=len(SHARED))
    assert ingest.offset == 1000
    ingest.write(SHARED[1000:], 1000)
    assert ingest.commit() == digest_of(SHARED)
    opened.close()
