"""The two ways to write a registry cache, side by side: with the image in one Solve, or after it in a second.

`python -m benchmarks.cache_ways --tools TOOLS` prints the table of docs/cache.md; `--write` puts it there.
Each build has a new daemon, as in CI. TOOLS: the folder with buildkitd.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import MEMORY, run
from scripts.cache_table import PAGE, put
from tests.support import images
from tests.support.buildkitd import Buildkitd, registry_tables
from tests.support.registry import Registry

MARKS = ("<!-- cache-ways:start -->\n", "<!-- cache-ways:end -->\n")
OURS = Path(sys.executable).with_name("buildkit-runner")
DOCKERFILE = """\
FROM busybox AS made
COPY packages /packages
RUN cat /packages > /installed
COPY source /source
RUN cat /installed /source/0 > /program
FROM busybox
COPY --from=made /program /
"""
MEGABYTES = 32
FILES = 5000


class Case(NamedTuple):
    """title: its row. cached: whether the branch has a cache. changed: whether a source file changed."""

    title: str
    cached: bool
    changed: bool


CASES = (
    Case("first build", cached=False, changed=True),
    Case("one source file changed", cached=True, changed=True),
    Case("nothing changed", cached=True, changed=False),
)


class Bench:
    """One registry and one context."""

    def __init__(self, tools: Path, folder: Path, registry: Registry) -> None:
        self._tools = tools
        self._registry = registry
        self._daemon = folder / "daemon"
        self._context = folder / "context"
        (self._context / "source").mkdir(parents=True)
        (self._context / "Dockerfile").write_text(DOCKERFILE)
        (self._context / "packages").write_bytes(os.urandom(MEGABYTES << 20))
        for number in range(FILES):
            (self._context / "source" / str(number)).write_bytes(b"%d\n" % number * 100)
        self._count = 0

    def pair(self, case: Case) -> tuple[float, float]:
        """Seconds of a build with one Solve, and with two."""
        self._count += 1
        found = {}
        for way in ("one", "two") if self._count % 2 else ("two", "one"):
            name = f"{self._registry.host}/bench/{way}-{self._count}"
            if case.cached:
                self._build(way, name)
            if case.changed:
                (self._context / "source" / "0").write_bytes(os.urandom(1000))
            found[way] = self._build(way, name)
        return found["one"], found["two"]

    def _build(self, way: str, name: str) -> float:
        cache = f"{name}:buildcache-main"
        flags = ["--cache", "auto,branch=main"]
        if way == "one":
            kept = f"type=registry,ref={cache},mode=max,image-manifest=true,oci-mediatypes=true"
            flags = ["--cache-from", cache, "--cache-to", kept]
        tables = registry_tables(self._registry.host)
        with Buildkitd(self._tools, self._daemon, registries=tables) as daemon:
            words = ["--addr", daemon.address, "--progress", "none", "-t", f"{name}:1", "--push"]
            return run([OURS, "build", *words, *flags, self._context]).wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="put the table into docs/cache.md")
    words = parser.parse_args()
    text = "| build | one Solve | two Solves | ratio |\n| --- | ---: | ---: | ---: |\n"
    for case in CASES:
        with (
            tempfile.TemporaryDirectory(prefix="bkr-", dir=MEMORY) as folder,
            Registry(Path(folder) / "registry") as registry,
        ):
            images.push_busybox(registry)
            bench = Bench(words.tools, Path(folder), registry)
            pairs = [bench.pair(case) for _ in range(words.pairs)]
        one, two = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(two / one for one, two in pairs)
        text += f"| {case.title} | {one:.2f} s | {two:.2f} s | **{ratio:.2f}** |\n"
        print(text.splitlines()[-1], file=sys.stderr)
    print(text, end="")
    if words.write:
        put(PAGE, MARKS, text)


if __name__ == "__main__":
    main()
