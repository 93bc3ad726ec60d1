"""A file of events: what is written is read back, and a killed writer leaves a file that can be read."""

import json
from pathlib import Path

import pytest

from runner.errors import Error, UsageError
from runner.progress.events import (
    CacheExported,
    CacheHit,
    CacheImported,
    CacheSource,
    CacheSummary,
    Event,
    Finished,
    Group,
    Notice,
    SolveStarted,
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
from runner.progress.record import Recorder, read_events

V = Vertex("sha256:1", "RUN é", ("sha256:2", "sha256:3"), Group("g", "G", True))
ALL: list[Event] = [
    SolveStarted("ref", 1),
    VertexAdded(V),
    VertexStarted(V, 2),
    VertexLog("sha256:1", 3, 2, b"text \xc3\xa9\n"),
    VertexLog("sha256:1", 3, 1, b"\xff\x00"),
    Transfer("sha256:1", "layer", "downloading", 1, 2, 3, 4, 5),
    CacheHit(V, 2, 3),
    VertexDone(Vertex("sha256:4", "plain"), 2, 3),
    VertexFailed(V, 2, 3, "exit code: 1"),
    Warning(
        "sha256:1", 1, "short", ("a", "b"), "https://e", "Dockerfile", b"FROM", (SourceRange(1, 2, 3, 4),)
    ),
    Warning("sha256:1", 1, "short", source=b"\xfe"),
    Notice(6, "notice"),
    CacheImported(6, "h.io/a:1", False, "not found", 0.5),
    CacheExported(6, "registry", "h.io/a:1", "", 0.5, blobs=3, bytes=300, blobs_there=1, bytes_there=100),
    CacheSummary(6, 3, 1, 1, 1, ("h.io/a:1", "/dir"), (CacheSource("/dir", 1, 2.5), CacheSource("x", 1))),
    Finished(7, "", "sha256:9"),
]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "events.jsonl")


def record(path: str, events: list[Event]) -> None:
    with Recorder(path) as recorder:
        for event in events:
            recorder.event(event)


def test_every_event_is_read_back(path: str) -> None:
    record(path, ALL)
    assert list(read_events(path)) == ALL


def test_the_format(path: str) -> None:
    record(path, ALL)
    lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
    assert lines[0] == {"events": "buildkit-runner", "version": 1}
    assert lines[3] == {
        "type": "VertexStarted",
        "vertex": {
            "digest": "sha256:1",
            "name": "RUN é",
            "inputs": ["sha256:2", "sha256:3"],
            "group": {"id": "g", "name": "G", "weak": True},
        },
        "started": 2,
    }
    assert lines[4] == {"type": "VertexLog", "vertex": "sha256:1", "time": 3, "stream": 2, "data": "text é\n"}
    assert lines[5]["data_base64"] == "/wA="


def test_the_file_grows_line_by_line(path: str) -> None:
    recorder = Recorder(path)
    for count, event in enumerate(ALL, 2):
        recorder.event(event)
        text = Path(path).read_text()
        assert text.endswith("\n")
        assert text.count("\n") == count
    recorder.close()
    recorder.close()
    recorder.event(ALL[0])
    assert list(read_events(path)) == ALL


def test_a_line_that_is_cut_off_at_the_end_is_left_out(path: str) -> None:
    record(path, ALL)
    whole = Path(path).read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole) - 1):
        Path(path).write_bytes(whole[:end])
        assert list(read_events(path)) == ALL[:-1]


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"type":"Nonsense"}', '{"type":"Notice"}', "\xff"])
def test_a_broken_line_is_an_error_that_names_it(path: str, line: str) -> None:
    record(path, ALL[:1])
    with open(path, "ab") as file:
        file.write(line.encode("latin-1") + b"\n")
    with pytest.raises(Error, match="line 3 is not an event"):
        list(read_events(path))


@pytest.mark.parametrize(
    "text", ["", "\n", "[]\n", '{"version": 1}\n', '{"events":"buildkit-runner"}\n', "FROM x\n"]
)
def test_other_files_are_refused(path: str, text: str) -> None:
    Path(path).write_text(text)
    with pytest.raises(Error, match="not a file that --events wrote"):
        list(read_events(path))


def test_a_newer_format_is_refused(path: str) -> None:
    Path(path).write_text('{"events":"buildkit-runner","version":2}\n{"type":"New"}\n')
    with pytest.raises(Error, match="version 2, newer than 1") as error:
        list(read_events(path))
    assert error.value.hint


def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"writing the events to .*: No such file or directory\nGive the name"
    ):
        Recorder(str(tmp_path / "missing" / "events"))
    with pytest.raises(
        UsageError, match=r"writing the events to .*: Is a directory\nGive the name of a file"
    ):
        Recorder(str(tmp_path))
    with pytest.raises(Error, match=r"reading the events of .*: No such file or directory"):
        list(read_events(str(tmp_path / "missing")))


def test_a_full_disk_is_told_at_the_end() -> None:
    recorder = Recorder("/dev/full")
    recorder.event(ALL[0])
    with pytest.raises(Error, match="writing the events to /dev/full: No space left on device"):
        recorder.close()
    recorder.close()


def test_a_full_disk_does_not_hide_another_error() -> None:
    with pytest.raises(KeyError), Recorder("/dev/full"):
        raise KeyError
