"""The daemon's Status messages become events, each told once and in a sensible order."""

from runner.progress.events import (
    CacheHit,
    Group,
    SourceRange,
    Transfer,
    Vertex,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexLog,
    VertexStarted,
    Warning,
)
from runner.wire import ops
from tests.progress.messages import digest, events, log, ns, response, transfer, vertex, warning

RUN = Vertex(digest("RUN make"), "RUN make", (digest("COPY"),))


def test_a_step_is_added_then_runs_then_is_done() -> None:
    assert events(
        vertex("RUN make", inputs=["COPY"]),
        vertex("RUN make", 1, inputs=["COPY"]),
        log("RUN make", 1.5, b"cc\n"),
        vertex("RUN make", 1, 3.25, inputs=["COPY"]),
    ) == [
        VertexAdded(RUN),
        VertexStarted(RUN, ns(1)),
        VertexLog(RUN.digest, ns(1.5), 1, b"cc\n"),
        VertexDone(RUN, ns(1), ns(3.25)),
    ]


def test_what_the_daemon_repeats_is_told_once() -> None:
    again = response(vertex("a"), vertex("b", 1), vertex("c", 1, 2))
    pull = transfer("c", "sha256:1", 1.5, 10, 100)
    told = events(again, again, pull, pull, vertex("c", 1, 2), vertex("c", 1), vertex("c"))
    assert len(told) == 7
    assert [type(event) for event in told[:3]] == [VertexAdded] * 3


def test_a_step_may_run_twice() -> None:
    """The daemon asks for a step's cache key before it runs it: two intervals."""
    told = events(vertex("a", 1, 1.00002), vertex("a", 2), vertex("a", 2, 3))
    a = Vertex(digest("a"), "a")
    assert told == [
        VertexAdded(a),
        VertexStarted(a, ns(1)),
        VertexDone(a, ns(1), ns(1.00002)),
        VertexStarted(a, ns(2)),
        VertexDone(a, ns(2), ns(3)),
    ]


def test_a_cache_hit_never_starts() -> None:
    a = Vertex(digest("a"), "a")
    assert events(vertex("a", 1, cached=True), vertex("a", 1, 1.5, cached=True)) == [
        VertexAdded(a),
        CacheHit(a, ns(1), ns(1.5)),
    ]


def test_a_step_fails_even_when_its_result_was_to_come_from_a_cache() -> None:
    failed = events(vertex("a", 1, 2, error="exit code: 1"), vertex("b", 1, 2, cached=True, error="gone"))
    assert [event.error for event in failed if isinstance(event, VertexFailed)] == ["exit code: 1", "gone"]


def test_within_a_message_the_daemons_clock_gives_the_order() -> None:
    told = events(
        vertex("a", 1),
        response(
            vertex("a", 1, 2),
            vertex("b", 2.1),
            transfer("b", "sha256:1", 2.3, 10),
            log("a", 1.2, b"first\n"),
            log("b", 2.2, b"second\n"),
            warning("a", "careful"),
        ),
    )
    assert [type(event).__name__ for event in told[2:]] == [
        "VertexAdded",
        "VertexLog",
        "VertexDone",
        "VertexStarted",
        "VertexLog",
        "Transfer",
        "Warning",
    ]


def test_a_step_ends_after_what_it_wrote() -> None:
    """The clock of a log line may lie after the end of its step."""
    told = events(vertex("a", 1), response(vertex("a", 1, 2), log("a", 2.001, b"late\n")))
    assert [type(event) for event in told[2:]] == [VertexLog, VertexDone]


def test_groups_transfers_and_warnings_keep_what_the_daemon_tells() -> None:
    group = ops.ProgressGroup(id="g", name="COPY --link", weak=True)
    told = events(
        vertex("a", group=group),
        transfer("a", "sha256:1", 3, 10, 100, action="downloading", completed=3),
        warning("a", "FromCasing: from", line=4, url="https://example.org/rule", detail="Use FROM"),
    )
    assert told == [
        VertexAdded(Vertex(digest("a"), "a", (), Group("g", "COPY --link", True))),
        Transfer(digest("a"), "sha256:1", "downloading", 10, 100, ns(3), ns(1), ns(3)),
        Warning(
            vertex=digest("a"),
            level=1,
            short="FromCasing: from",
            detail=("Use FROM",),
            url="https://example.org/rule",
            filename="Dockerfile",
            source=b"from scratch\n",
            ranges=(SourceRange(4, 4),),
        ),
    ]


def test_times_and_parts_may_be_missing() -> None:
    bare = response(log("a", 1, b"x"), transfer("a", "t", 1), warning("a", "w"))
    bare.logs[0].timestamp = bare.statuses[0].timestamp = bare.statuses[0].started = None
    told = events(bare)
    assert {type(event) for event in told} == {VertexLog, Transfer, Warning}
