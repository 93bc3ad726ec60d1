"""rawjson prints what `docker buildx build --progress=rawjson` prints for the same status."""

import json

import pytest

from runner.progress.events import CacheSummary, Event, Finished, Notice, SolveStarted
from runner.progress.rawjson import RawJsonReader
from runner.wire import ops
from tests.progress.messages import Item, digest, log, shown, transfer, vertex, warning, written

A, B = digest("a"), digest("b")
DAY = "2027-01-15T08:00"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (
            vertex("a", inputs=["b"], group=ops.ProgressGroup(id="g", name="G", weak=True)),
            f'{{"vertexes":[{{"digest":"{A}","inputs":["{B}"],"name":"a",'
            '"progressGroup":{"id":"g","name":"G","weak":true}}]}',
        ),
        (
            transfer("a", "t", 1.5, action="transferring"),
            f'{{"statuses":[{{"id":"t","vertex":"{A}","name":"transferring","current":0,'
            f'"timestamp":"{DAY}:01.5Z","started":"{DAY}:01Z"}}]}}',
        ),
        (
            transfer("a", "t", 1.5, 10, 20, completed=2.123456789),
            f'{{"statuses":[{{"id":"t","vertex":"{A}","total":20,"current":10,"timestamp":"{DAY}:01.5Z",'
            f'"started":"{DAY}:01Z","completed":"{DAY}:02.123456789Z"}}]}}',
        ),
        (
            log("a", 1, b"b 1\n"),
            f'{{"logs":[{{"vertex":"{A}","stream":1,"data":"YiAxCg==","timestamp":"{DAY}:01Z"}}]}}',
        ),
        (
            log("a", 1, b"\xff", stream=0),
            f'{{"logs":[{{"vertex":"{A}","data":"/w==","timestamp":"{DAY}:01Z"}}]}}',
        ),
        (
            warning("a", "short", line=8, url="https://example.org/a?b", detail="long"),
            f'{{"warnings":[{{"vertex":"{A}","level":1,"short":"c2hvcnQ=","detail":["bG9uZw=="],'
            '"url":"https://example.org/a?b","sourceInfo":{"filename":"Dockerfile","data":"ZnJvbSBzY3JhdGNoCg=="},'
            '"range":[{"start":{"line":8},"end":{"line":8}}]}]}',
        ),
    ],
)
def test_each_kind_of_event(sent: Item, line: str) -> None:
    assert shown(RawJsonReader, sent) == line + "\n"


def test_the_life_of_a_step() -> None:
    text = shown(
        RawJsonReader,
        vertex("a", 1),
        vertex("a", 1, 2, error="no"),
        vertex("b", 1, 1, cached=True),
    )
    assert text == (
        f'{{"vertexes":[{{"digest":"{A}","name":"a"}}]}}\n'
        f'{{"vertexes":[{{"digest":"{A}","name":"a","started":"{DAY}:01Z"}}]}}\n'
        f'{{"vertexes":[{{"digest":"{A}","name":"a","started":"{DAY}:01Z","completed":"{DAY}:02Z","error":"no"}}]}}\n'
        f'{{"vertexes":[{{"digest":"{B}","name":"b"}}]}}\n'
        f'{{"vertexes":[{{"digest":"{B}","name":"b","started":"{DAY}:01Z","completed":"{DAY}:01Z","cached":true}}]}}\n'
    )


def test_text_is_escaped_as_go_does() -> None:
    name = 'RUN a <b> && "c" \\ \t é \u2028 \x01'
    text = shown(RawJsonReader, vertex(name))
    assert '"name":"RUN a \\u003cb\\u003e \\u0026\\u0026 \\"c\\" \\\\ \\t é \\u2028 \\u0001"' in text
    assert json.loads(text)["vertexes"][0]["name"] == name


def test_only_what_the_daemon_tells_has_a_line() -> None:
    ours: list[Event] = [
        SolveStarted("ref", 1),
        Notice(1, "x"),
        CacheSummary(1, 1, 1, 0, 0),
        Finished(1, "", "sha256:1"),
    ]
    assert written(RawJsonReader, ours) == ""
