"""How long steps took: read from events, kept in a cache's manifest, and found again by another build."""

from __future__ import annotations

import json

import pytest

from runner.cache import times
from runner.cache.times import ANNOTATION, StepTimes
from runner.progress.events import CacheHit, Transfer, Vertex, VertexAdded, VertexDone

S = 1_000_000_000


def vertices(session: str, base: str = "1") -> list[Vertex]:
    """A build's vertices: as the daemon names them, but for the session in the digests of some."""
    source = Vertex(f"context-{session}", "[internal] load build context")
    image = Vertex("image", f"[1/3] FROM docker.io/library/x:{base}")
    copy = Vertex(f"copy-{session}", "[2/3] COPY . .", (image.digest, source.digest))
    run = Vertex(f"run-{session}", "[3/3] RUN make", (copy.digest,))
    return [source, image, copy, run]


def built(session: str, base: str = "1") -> StepTimes:
    read = StepTimes()
    for vertex in vertices(session, base):
        read.event(VertexAdded(vertex))
        read.event(VertexDone(vertex, 1 * S, 3 * S))
    return read


def cached(session: str, base: str = "1") -> StepTimes:
    read = StepTimes()
    for vertex in vertices(session, base):
        read.event(CacheHit(vertex, 1, 1))
    return read


def test_another_builds_steps_are_known_by_their_names_and_what_they_come_after() -> None:
    kept = built("a").recorded()
    assert list(kept.values()) == [2.0, 2.0]
    assert cached("b").saved(kept) == 4.0
    assert cached("b", base="2").saved(kept) is None
    assert cached("b").saved({}) is None


def test_a_step_that_ran_twice_took_both_times() -> None:
    read = built("a")
    read.event(VertexDone(vertices("a")[3], 5 * S, 6 * S))
    assert list(read.recorded().values()) == [2.0, 3.0]


def test_cached_steps_keep_their_times_where_those_are_certain() -> None:
    kept = built("a").recorded()
    assert cached("b").recorded(kept) == kept
    assert cached("b").recorded() == {}


def test_unpacking_a_cached_layer_is_no_work_of_the_step() -> None:
    read = built("a")
    read.event(Transfer("run-a", "extracting sha256:aa", "", 0, 0, 1, 1, 2))
    assert len(read.recorded()) == 1
    assert read.saved(built("b").recorded()) == 2.0


def test_a_manifest_keeps_everything_else() -> None:
    manifest = json.dumps({"schemaVersion": 2, "annotations": {"a": "b"}, "layers": [{"size": 1}]}).encode()
    changed = times.written(manifest, {"aa": 1.5})
    assert times.read(changed) == {"aa": 1.5}
    document = json.loads(changed)
    assert document.pop("annotations") == {"a": "b", ANNOTATION: '{"aa":1.5}'}
    assert document == {"schemaVersion": 2, "layers": [{"size": 1}]}
    assert times.read(times.written(changed, {"bb": 2})) == {"bb": 2.0}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"a":"b"}', '{"a":[]}', "null", "1", '{"a":1e999}', '{"a":-1}', '{"a":NaN}']
)
def test_what_others_wrote_there_is_not_believed(text: str) -> None:
    assert times.read(json.dumps({"annotations": {ANNOTATION: text}}).encode()) == {}
    for manifest in (b"", b"[]", b"{}", b'{"annotations":[]}', b'{"annotations":null}', b"\xff"):
        assert times.read(manifest) == {}
