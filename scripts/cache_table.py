"""The table in docs/cache.md of what `--cache` finds after what: every cell is a build by a real daemon.

`python -m scripts.cache_table TOOLS` prints it, and with `--write` puts it into the page. TOOLS: the folder
with buildkitd, as scripts/build-tools prints it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from runner import BuildRequest
from tests.support import images
from tests.support.buildkitd import Buildkitd, registry_tables
from tests.support.caches import PLATFORMS, build
from tests.support.registry import Registry

PAGE = Path(__file__).parent.parent / "docs" / "cache.md"
MARKS = ("<!-- cache-table:start -->\n", "<!-- cache-table:end -->\n")

DOCKERFILE = """\
FROM both AS made
COPY packages.txt /
RUN cat /packages.txt > /installed
COPY source.c /
RUN cat /installed /source.c > /program
FROM both
RUN echo settings > /settings
COPY --from=made /program /
"""


class Event(NamedTuple):
    """A build: its row's title, its branch, what its source file holds, and whether its daemon is new."""

    title: str
    branch: str
    source: str
    rebuilt: bool


EVENTS = (
    Event("first build of `main`", "main", "one", rebuilt=True),
    Event("same branch, same daemon", "main", "one", rebuilt=False),
    Event("same branch, rebuilt daemon", "main", "one", rebuilt=True),
    Event("one file changed, same daemon", "main", "two", rebuilt=False),
    Event("one file changed, rebuilt daemon", "main", "three", rebuilt=True),
    Event("new branch, rebuilt daemon", "new", "three", rebuilt=True),
    Event("its first change, rebuilt daemon", "new", "four", rebuilt=True),
    Event("the same again, rebuilt daemon", "new", "four", rebuilt=True),
    Event("back on `main`, rebuilt daemon", "main", "three", rebuilt=True),
)
PAIR = "`inline` from and to `$IMAGE:$COMMIT`"
COLUMNS = {
    "`off`": "off",
    PAIR: "off",
    "`inline`": "inline",
    "`auto,mode=min`": "auto,mode=min",
    "`auto`": "auto",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tools", type=Path)
    parser.add_argument("--write", action="store_true", help="put the table into docs/cache.md")
    words = parser.parse_args()
    text = table(words.tools)
    print(text, end="")
    if words.write:
        put(PAGE, MARKS, text)


def put(page: Path, marks: tuple[str, str], text: str) -> None:
    """Put a text between two marks of a page. Raises ValueError where it has no place for it."""
    content = page.read_text()
    start, end = (content.find(mark) for mark in marks)
    if not 0 <= start < end:
        raise ValueError(f"{page} has no {' and '.join(mark.strip() for mark in marks)}")
    page.write_text(content[: start + len(marks[0])] + text + content[end:])


def table(tools: Path) -> str:
    """The table as Markdown. tools: the folder with buildkitd."""
    with tempfile.TemporaryDirectory(prefix="bkr-") as name, Registry(Path(name) / "registry") as registry:
        images.push_busybox(registry, "library/both", platforms=PLATFORMS["two"])
        columns = [column(tools, Path(name), registry, title) for title in COLUMNS]
    lines = [["build", *COLUMNS], ["---"] * (1 + len(COLUMNS))]
    lines += [[event.title, *cells] for event, *cells in zip(EVENTS, *columns, strict=True)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def column(tools: Path, work: Path, registry: Registry, title: str) -> list[str]:
    """Cells of one column: the steps that hit, for one platform and for two."""
    counts = [history(tools, work, registry, title, platforms) for platforms in PLATFORMS.values()]
    return [", ".join(cells) for cells in zip(*counts, strict=True)]


def history(tools: Path, work: Path, registry: Registry, title: str, platforms: list[str]) -> list[str]:
    """All events in their order, with a repository of their own: `HITS of STEPS` for each."""
    place = f"{registry.host}/table/{list(COLUMNS).index(title)}-{len(platforms)}"
    source, cells = work / "context", []
    source.mkdir(exist_ok=True)
    (source / "Dockerfile").write_text(DOCKERFILE)
    (source / "packages.txt").write_text("packages\n")
    daemon: Buildkitd | None = None
    try:
        for number, event in enumerate(EVENTS):
            if daemon is None or event.rebuilt:
                if daemon:
                    daemon.stop()
                daemon = Buildkitd(tools, work / "daemon", registries=registry_tables(registry.host))
            (source / "source.c").write_text(event.source)
            commit = f"{place}:commit-{number}"
            pair: dict[str, Any] = {}
            if title == PAIR:
                pair = {"cache_to": ["type=inline"], "cache_from": [f"type=registry,ref={commit}"]}
            chosen = COLUMNS[title] + (f",branch={event.branch}" if COLUMNS[title] != "off" else "")
            request = BuildRequest(
                source,
                platforms=platforms,
                tags=[commit, f"{place}:{event.branch}"],
                push=True,
                cache=chosen,
                **pair,
            )
            done = build(daemon.address, request)
            cells.append(f"{len(done.cached)} of {len(done.cached) + len(done.ran)}")
    finally:
        if daemon:
            daemon.stop()
    return cells


if __name__ == "__main__":
    main()
