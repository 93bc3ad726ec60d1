"""What a cache report makes of a build's events."""

from __future__ import annotations

import hashlib

import pytest

from runner import BuildRequest
from runner.cache.report import NOT_FOUND, CacheReport, report_of
from runner.cache.sizes import Sizes
from runner.progress.events import (
    CacheExported,
    CacheHit,
    CacheImported,
    CacheSummary,
    Event,
    Finished,
    Group,
    Notice,
    Transfer,
    Vertex,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexStarted,
)
from runner.request import plan

S = 1_000_000_000
IMPORT = "importing cache manifest from "
REFUSED = "failed to configure registry cache importer: h.io/a:1: "


def digest(name: str) -> str:
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def vertex(name: str, group: Group | None = None) -> Vertex:
    return Vertex(digest(name), name, group=group)


def done(name: str) -> VertexDone:
    return VertexDone(vertex(name), 1 * S, 3 * S)


def hit(name: str) -> CacheHit:
    return CacheHit(vertex(name), 1 * S, 1 * S)


def failed(name: str, error: str) -> VertexFailed:
    return VertexFailed(vertex(name), 1 * S, 3 * S, error)


def told(report: CacheReport, *events: Event, error: str = "") -> list[Event]:
    return [out for event in (*events, Finished(9, error)) for out in report.event(event)]


def test_each_step_counts_once_as_it_ended() -> None:
    events: list[Event] = [
        VertexAdded(vertex("[1/4] RUN never reached")),
        done("[2/4] RUN two"),
        done("[2/4] RUN two"),
        done("[3/4] COPY . ."),  # its cache key is calculated, then it is found
        hit("[3/4] COPY . ."),
        hit("[linux/amd64 4/4] RUN four"),
        failed("[5/5] RUN five", "exit code: 1"),
    ]
    assert told(CacheReport(), *events) == [CacheSummary(9, 5, 2, 1, 1)]


def test_a_step_that_fails_to_load_from_a_cache_is_built() -> None:
    events: list[Event] = [
        failed("[2/2] RUN", "blob is gone"),
        VertexStarted(vertex("[2/2] RUN"), 4 * S),
        VertexDone(vertex("[2/2] RUN"), 4 * S, 5 * S),
    ]
    assert told(CacheReport(), *events) == [CacheSummary(9, 1, 0, 1, 0)]


@pytest.mark.parametrize(
    "name",
    [
        "[internal] load .dockerignore",
        "[linux/arm64 internal] load metadata for docker.io/library/x:1",
        "[auth] team/app:pull token for h.io",
        "[context app] load from client",
        "[build 1/3] FROM docker.io/library/x:1@sha256:aa",
        "resolve image config for docker-image://docker.io/docker/dockerfile:1",
        "docker-image://docker.io/docker/dockerfile:1",
        "exporting to image",
    ],
)
def test_the_daemons_own_work_and_sources_are_no_steps(name: str) -> None:
    assert told(CacheReport(), hit(name)) == []


def test_a_group_is_one_step_and_cached_only_as_a_whole() -> None:
    group = Group("g", "[2/2] COPY --link a b", weak=False)
    parts = [vertex("copy", group), vertex("merge", group)]
    hits = [CacheHit(part, 1, 1) for part in parts]
    assert told(CacheReport(), *hits) == [CacheSummary(9, 1, 1, 0, 0)]
    assert told(CacheReport(), hits[0], VertexDone(parts[1], 1, 2)) == [CacheSummary(9, 1, 0, 1, 0)]


def test_a_step_whose_layer_is_unpacked_came_from_a_cache() -> None:
    step = done("[2/2] RUN two")
    unpacked = Transfer(step.vertex.digest, "extracting sha256:aa", "", 0, 0, 1, 1, 2)
    added = VertexAdded(step.vertex)
    assert told(CacheReport(), added, unpacked, step) == [CacheSummary(9, 1, 1, 0, 0)]


def test_stages_are_counted_by_the_names_of_their_steps() -> None:
    report = CacheReport()
    for name in ("[linux/amd64 build 2/4] RUN a", "[linux/arm/v7 build 2/4] RUN a", "[build 1/4] FROM x"):
        told(report, done(name))
    assert report.stages() == 1
    for name in ("[2/2] RUN", "[linux/amd64 2/2] RUN", "[linux/amd64->arm64 stage-1 2/2] RUN"):
        told(report, done(name))
    assert report.stages() == 3


def test_when_only_a_cache_is_written_nothing_else_counts() -> None:
    report = CacheReport()
    told(report, done("[1/2] RUN a"))
    report.follow({digest("e"): "h.io/a:cache"})
    export = VertexDone(Vertex(digest("e"), "exporting cache to registry"), 1 * S, 2 * S)
    assert report.hides(hit("[1/2] RUN a"))
    assert report.hides(Transfer(digest("[1/2] RUN a"), "x", "", 0, 0, 1, 1, 0))
    assert not report.hides(export)
    assert not report.hides(Transfer(digest("e"), "sending cache export", "", 0, 0, 1, 1, 0))
    assert not report.hides(Notice(1, "x"))
    told(report, export)
    report.size("h.io/a:cache", Sizes(3, 300, 1, 100))
    (exported,) = report.use().exports
    assert exported == CacheExported(2 * S, "registry", "h.io/a:cache", "", 1.0, False, 3, 300, 1, 100)
    assert report.use().summary.steps == 1


def test_imports_are_found_or_not_or_refused() -> None:
    events: list[Event] = [
        done(f"{IMPORT}h.io/a:found"),
        failed(f"{IMPORT}h.io/a:1", f"{REFUSED}not found"),
        failed(f"{IMPORT}h.io/a:2", f"{REFUSED}401 Unauthorized"),
    ]
    imports = [
        CacheImported(3 * S, "h.io/a:found", True, "", 2.0),
        CacheImported(3 * S, "h.io/a:1", False, NOT_FOUND, 2.0),
        CacheImported(3 * S, "h.io/a:2", False, "h.io/a:1: 401 Unauthorized", 2.0),
    ]
    assert told(CacheReport(), *events) == [*imports, CacheSummary(9, 0, 0, 0, 0, ("h.io/a:found",))]


def test_exports_have_the_place_of_their_vertex() -> None:
    report = report_of(
        plan(
            BuildRequest(
                ".", cache_to=["type=inline", "h.io/a:1", "type=local,dest=/d", "type=registry,ref=h.io/a:2"]
            ),
            ref="r",
            session="s",
        )
    )
    events: list[Event] = [
        VertexDone(Vertex(digest("s-cache-0"), "exporting cache to registry"), 1 * S, 2 * S),
        VertexDone(Vertex(digest("s-cache-1"), "exporting cache to client directory"), 1 * S, 2 * S),
        VertexFailed(Vertex(digest("s-cache-2"), "exporting cache to registry"), 1 * S, 2 * S, "refused"),
        VertexDone(Vertex("sha256:??", "exporting cache to Amazon S3"), 1 * S, 2 * S),
        Transfer("sha256:e", "preparing layers for inline cache", "", 0, 0, 2 * S, 1 * S, 0),
        Transfer("sha256:e", "preparing layers for inline cache", "", 0, 0, 2 * S, 1 * S, 2 * S),
    ]
    assert told(report, *events)[:-1] == [
        CacheExported(2 * S, "registry", "h.io/a:1", "", 1.0),
        CacheExported(2 * S, "local", "/d", "", 1.0),
        CacheExported(2 * S, "registry", "h.io/a:2", "refused", 1.0),
        CacheExported(2 * S, "s3", "", "", 1.0),
        CacheExported(2 * S, "inline", "", "", 1.0),
    ]


def test_a_local_cache_has_its_directorys_name_where_it_is_the_only_one() -> None:
    names = {"local": "/d"}
    event = done(f"{IMPORT}local:123")
    assert [type(e) for e in told(CacheReport(names), event)] == [CacheImported, CacheSummary]
    assert CacheReport(names).use().imports == ()
    report = CacheReport(names)
    told(report, event)
    assert report.use().summary.imported == ("/d",)


def test_a_tag_that_is_pushed_and_was_to_be_imported_is_told() -> None:
    request = BuildRequest(".", tags=["h.io/a:1f3c"], push=True, cache_from=["h.io/a:1f3c"])
    missing = failed(f"{IMPORT}h.io/a:1f3c", f"{REFUSED}not found")
    planned = plan(request, ref="r", session="s")
    notices = [e for e in told(report_of(planned), missing) if isinstance(e, Notice)]
    assert "h.io/a:1f3c does not exist" in notices[0].message
    for report, event, error in (
        (report_of(planned), done(f"{IMPORT}h.io/a:1f3c"), ""),
        (report_of(planned), missing, "build failed"),
        (CacheReport(), missing, ""),
    ):
        assert not [e for e in told(report, event, error=error) if isinstance(e, Notice)]
