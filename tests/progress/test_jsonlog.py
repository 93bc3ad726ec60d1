"""The json display: one structured log line for each event and for each line that a step writes."""

import json
from typing import Any

from runner.progress.events import (
    CacheExported,
    CacheImported,
    CacheSource,
    CacheSummary,
    Event,
    Finished,
    Notice,
    SolveStarted,
)
from runner.progress.jsonlog import MAX_LINE, JsonLogReader
from tests.progress.messages import (
    digest,
    events,
    log,
    ns,
    response,
    shown,
    transfer,
    vertex,
    warning,
    written,
)

A = digest("a")


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_life_of_a_step() -> None:
    lines = parsed(
        shown(
            JsonLogReader,
            vertex("a", 1),
            log("a", 1.25, b"one\ntw"),
            log("a", 1.5, b"o\nthree"),
            log("a", 1.75, b"err\n", stream=2),
            vertex("a", 1, 3.5),
        )
    )
    step = {"vertex": A, "name": "a"}
    assert lines == [
        {"time": "2027-01-15T08:00:01Z", "level": "info", "event": "VertexStarted", "message": "started: a"}
        | step,
        {"time": "2027-01-15T08:00:01.25Z", "level": "info", "event": "VertexLog", "message": "one"}
        | step
        | {"stream": "stdout"},
        {"time": "2027-01-15T08:00:01.25Z", "level": "info", "event": "VertexLog", "message": "two"}
        | step
        | {"stream": "stdout"},
        {"time": "2027-01-15T08:00:01.75Z", "level": "info", "event": "VertexLog", "message": "err"}
        | step
        | {"stream": "stderr"},
        {"time": "2027-01-15T08:00:01.5Z", "level": "info", "event": "VertexLog", "message": "three"}
        | step
        | {"stream": "stdout"},
        {"time": "2027-01-15T08:00:03.5Z", "level": "info", "event": "VertexDone", "message": "done: a"}
        | step
        | {"duration": 2.5},
    ]


def test_how_steps_end() -> None:
    lines = parsed(
        shown(
            JsonLogReader,
            vertex("a", 1, 1, cached=True),
            vertex("b", 1, 2, error="exit code: 1"),
            vertex("c", 1, 2, error="process: context canceled"),
        )
    )
    ends = [line for line in lines if line["event"] != "VertexStarted"]
    assert [(end["event"], end["level"], end["message"], end.get("error")) for end in ends] == [
        ("CacheHit", "info", "cached: a", None),
        ("VertexFailed", "error", "failed: b", "exit code: 1"),
        ("VertexFailed", "warning", "canceled: c", "process: context canceled"),
    ]


def test_transfers_and_warnings() -> None:
    lines = parsed(
        shown(
            JsonLogReader,
            response(vertex("a", 1), transfer("a", "pushing layers", 1)),
            transfer("a", "pushing layers", 1.5),
            transfer("a", "pushing layers", 3, completed=3),
            warning("a", "careful", line=4, url="https://example.org", detail="very"),
        )
    )[1:]
    common = {"level": "info", "event": "Transfer", "vertex": A, "name": "a"}
    sizes = {"transfer": "pushing layers", "current": 0, "total": 0}
    assert lines[0] == {"time": "2027-01-15T08:00:01Z", "message": "pushing layers"} | common | sizes
    assert lines[1] == (
        {"time": "2027-01-15T08:00:03Z", "message": "pushing layers done", "duration": 2.0} | common | sizes
    )
    assert lines[2] == {
        "time": "2027-01-15T08:00:03Z",
        "level": "warning",
        "event": "Warning",
        "message": "careful",
        "vertex": A,
        "name": "a",
        "detail": ["very"],
        "url": "https://example.org",
        "file": "Dockerfile",
        "line": 4,
    }


def test_the_runners_own_events() -> None:
    ours: list[Event] = [
        SolveStarted("r1", ns(0)),
        Notice(ns(1), "no effect"),
        Finished(ns(2), "", "sha256:1"),
        Finished(ns(3), "it failed"),
    ]
    lines = parsed(written(JsonLogReader, ours))
    assert [(line["event"], line["level"], line["message"]) for line in lines] == [
        ("SolveStarted", "info", "build started"),
        ("Notice", "info", "no effect"),
        ("Finished", "info", "build finished"),
        ("Finished", "error", "build failed: it failed"),
    ]
    assert lines[0]["ref"] == "r1"
    assert lines[2]["digest"] == "sha256:1"
    assert lines[3]["error"] == "it failed"


def test_lines_without_an_end_are_cut_and_not_lost() -> None:
    stream = events(
        vertex("a", 1), log("a", 1, b"x" * MAX_LINE), log("a", 1, b"y"), log("a", 1, b"\r50%\r60%\r")
    )
    lines = [line["message"] for line in parsed(written(JsonLogReader, stream))]
    assert lines == ["started: a", "x" * MAX_LINE, "60%"]


def test_what_is_no_text_is_replaced() -> None:
    assert parsed(shown(JsonLogReader, vertex("a", 1), log("a", 1, b"caf\xe9\n")))[1]["message"] == "caf�"


def test_what_the_caches_did() -> None:
    stream: list[Event] = [
        CacheImported(ns(1), "h.io/a:1", False, "not found", 0.5),
        CacheExported(ns(1), "inline", "", "", 0.25),
        CacheSummary(ns(1), 3, 1, 2, 0, ("/dir",), (CacheSource("/dir", 1, 2.5),)),
    ]
    common = {"time": "2027-01-15T08:00:01Z", "level": "info"}
    imported, exported, summary = parsed(written(JsonLogReader, stream))
    assert imported == common | {
        "event": "CacheImported",
        "message": "importing the cache h.io/a:1: not found",
        "name": "h.io/a:1",
        "found": False,
        "reason": "not found",
        "duration": 0.5,
    }
    assert exported == common | {
        "event": "CacheExported",
        "message": "exporting the cache inline",
        "kind": "inline",
        "name": "",
        "error": "",
        "duration": 0.25,
        "current": False,
        "blobs": None,
        "bytes": None,
        "blobs_there": None,
        "bytes_there": None,
    }
    assert summary == common | {
        "event": "CacheSummary",
        "message": "cache: 1 of 3 steps cached",
        "steps": 3,
        "cached": 1,
        "built": 2,
        "failed": 0,
        "imported": ["/dir"],
        "sources": [{"name": "/dir", "steps": 1, "saved": 2.5}],
    }
