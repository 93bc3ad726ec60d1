"""The events of several nodes in one stream: told apart, and with the platform in front."""

from __future__ import annotations

import re

import pytest

from runner.cache.report import CacheUse
from runner.nodes.events import Marker, joined_use
from runner.progress import events
from runner.progress.events import CacheSource, CacheSummary, Group, Vertex

ONE, TWO = "sha256:1", "sha256:2"

NAMES = {
    "[internal] load build definition": "[linux/arm64 internal] load build definition",
    "[linux/arm64 2/3] RUN make": "[linux/arm64 2/3] RUN make",
    "[linux/arm64] x": "[linux/arm64] x",
    "[linux/arm64x 2/3] RUN make": "[linux/arm64 linux/arm64x 2/3] RUN make",
    "[base 2/3] RUN make": "[linux/arm64 base 2/3] RUN make",
    "exporting to image": "[linux/arm64] exporting to image",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_platform_is_in_front(name: str) -> None:
    told = Marker("linux/arm64").event(events.VertexAdded(Vertex(ONE, name)))
    assert isinstance(told, events.VertexAdded)
    assert told.vertex.name == NAMES[name]


def test_a_platform_of_several_is_enough() -> None:
    marker = Marker("linux/arm64+linux/arm/v7", ["linux/arm64", "linux/arm/v7"])
    told = [
        marker.event(events.VertexAdded(Vertex(ONE, name)))
        for name in ("[linux/arm/v7 2/3] RUN make", "[internal] load .dockerignore")
    ]
    assert [event.vertex.name for event in told if isinstance(event, events.VertexAdded)] == [
        "[linux/arm/v7 2/3] RUN make",
        "[linux/arm64+linux/arm/v7 internal] load .dockerignore",
    ]


def test_the_same_vertex_of_two_nodes_is_two() -> None:
    """And whatever belongs to it goes on belonging to it."""
    digests = []
    for label in ("linux/amd64", "linux/arm64"):
        marker = Marker(label)
        vertex = Vertex(TWO, "[2/3] RUN make", (ONE,), Group("g", "name", weak=False))
        started = marker.event(events.VertexStarted(vertex, 5))
        log = marker.event(events.VertexLog(TWO, 6, 1, b"x"))
        base = marker.event(events.CacheHit(Vertex(ONE, "[1/3] FROM x"), 1, 2))
        assert isinstance(started, events.VertexStarted)
        assert isinstance(log, events.VertexLog)
        assert isinstance(base, events.CacheHit)
        assert log.vertex == started.vertex.digest
        assert started.vertex.inputs == (base.vertex.digest,)
        assert started.vertex.group == Group(f"{label} g", f"[{label}] name", weak=False)
        digests += [started.vertex.digest, base.vertex.digest]
    assert len(set(digests)) == 4
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests)


def test_what_belongs_to_no_vertex_stays() -> None:
    notice = events.Notice(1, "x")
    assert Marker("linux/arm64").event(notice) is notice


def test_caches_are_counted_together() -> None:
    imported = (events.CacheImported(1, "a", True, "", 0),)
    exported = (events.CacheExported(1, "registry", "c", "", 0),)
    sources = (CacheSource("a", 1), CacheSource("b", 1, 2.0))
    first = CacheUse(CacheSummary(1, 4, 2, 1, 1, ("a", "b"), sources), imported)
    second = CacheUse(CacheSummary(2, 3, 3, 0, 0, ("b",), (CacheSource("b", 3, 1.5),)), (), exported)
    together = (CacheSource("a", 1), CacheSource("b", 4, 3.5))
    assert joined_use([first, second], 9) == CacheUse(
        CacheSummary(9, 7, 5, 1, 1, ("a", "b"), together), imported, exported
    )
