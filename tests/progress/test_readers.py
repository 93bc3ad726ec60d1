"""Which reader a kind of display is, and how readers treat the streams they write to."""

import io
import os
import subprocess
import sys
from typing import TextIO

import pytest

from runner.errors import UsageError
from runner.progress.readers import KINDS, open_reader
from tests.progress.messages import events, log, vertex

STREAM = events(vertex("a", 1), log("a", 1.1, b"caf\xc3\xa9\n"), vertex("a", 1, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_takes_a_text_stream_and_leaves_it_open(kind: str) -> None:
    out = io.StringIO()
    reader = open_reader(kind, out)
    for event in STREAM:
        reader.event(event)
    reader.close()
    assert bool(out.getvalue()) == (kind not in ("quiet", "none"))


def test_auto_is_plain() -> None:
    out = io.StringIO()
    reader = open_reader("auto", out, True)
    for event in STREAM:
        reader.event(event)
    assert out.getvalue() == "#1 a\n#1 0.100 café\n#1 \x1b[2mDONE 1.0s\x1b[0m\n"


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="--progress fancy") as error:
        open_reader("fancy", io.StringIO())
    assert "rawjson" in error.value.hint


def test_the_encoding_of_the_terminal_does_not_matter() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    stream.write("before\n")
    reader = open_reader("plain", stream)
    for event in STREAM:
        reader.event(event)
    assert buffer.getvalue() == "before\n#1 a\n#1 0.100 café\n#1 DONE 1.0s\n".encode()


@pytest.fixture
def pipe() -> tuple[int, TextIO]:
    read, write = os.pipe()
    return read, os.fdopen(write, "w")


def test_a_display_that_nobody_reads_any_more_does_not_end_the_build(pipe: tuple[int, TextIO]) -> None:
    read, stream = pipe
    os.close(read)
    reader = open_reader("plain", stream)
    for event in STREAM:
        reader.event(event)
    reader.close()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_nothing_is_lost_on_a_pipe_that_does_not_block(pipe: tuple[int, TextIO]) -> None:
    """Some CI systems hand out pipes that another process has made non-blocking."""
    read, stream = pipe
    os.set_blocking(stream.fileno(), False)
    size = 1 << 20
    count = [sys.executable, "-c", "import sys; print(len(sys.stdin.buffer.read()))"]
    with subprocess.Popen(count, stdin=read, stdout=subprocess.PIPE) as process:
        os.close(read)
        reader = open_reader("plain", stream)
        for event in events(vertex("a", 1), log("a", 1, b"x" * size + b"\n"), log("a", 1, b"y\n")):
            reader.event(event)
        stream.close()
        assert process.stdout is not None
        seen = int(process.stdout.read())
    assert seen == len("#1 a\n") + len("#1 0.000 ") + size + 1 + len("#1 0.000 y\n")


def test_only_the_reader_that_was_chosen_is_imported() -> None:
    code = (
        "import sys; from runner.progress.readers import open_reader;"
        "import runner.progress.stream, runner.progress.failure; open_reader('plain', sys.stderr);"
        "print([m for m in ('json', 'logging', 'base64', 'dataclasses', 'enum_', 'pythonjsonlogger',"
        " 'runner.progress.rawjson', 'runner.progress.report', 'runner.wire.control') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
