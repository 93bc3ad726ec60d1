"""The daemon's log: of bounded size, the one before kept, its end fit to be shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.daemon import log

CRASH = """\
time="…" level=info msg="found worker"
buildkitd: could not lock /root/buildkitd.lock, another instance running?
main.main.func3
	/go/src/github.com/moby/buildkit/cmd/buildkitd/main.go:387
runtime.goexit
	/usr/local/go/src/runtime/asm_amd64.s:1771
"""


def test_a_new_log_keeps_the_last_one(tmp_path: Path) -> None:
    for text in (b"first\n", b"second\n", b"third\n"):
        file = log.open_new(str(tmp_path))
        os.write(file, text)
        os.close(file)
    assert (tmp_path / "runner.log").read_text() == "third\n"
    assert (tmp_path / "runner.log.1").read_text() == "second\n"
    assert os.stat(tmp_path / "runner.log").st_mode & 0o777 == 0o600


def test_what_a_pipe_holds_is_copied(tmp_path: Path) -> None:
    file = log.open_new(str(tmp_path))
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.write(writer, b"one\n")
    copy = log.Copy(reader, file, str(tmp_path))
    assert copy.more()
    assert log.tail(str(tmp_path), 10) == ["one"]
    os.write(writer, b"two\nthree")
    os.close(writer)
    assert not copy.more()
    assert log.tail(str(tmp_path), 10) == ["one", "two", "three"]
    for fd in (reader, file):
        os.close(fd)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b'msg="echo \\"https://bob:hunter2pw@h/\\" failed"\n', b'msg="echo \\"https://***@h/\\" failed"\n'),
        (b"https://token@h/a,ftp://u:p@ss@h:21 x@y\n", b"https://***@h/a,ftp://***@h:21 x@y\n"),
        (b"https://h/a@b http://h c@d\n", b"https://h/a@b http://h c@d\n"),
        (b"\xff://\xff:\xff@h", b"\xff://***@h"),
    ],
)
def test_passwords_in_urls_are_masked(tmp_path: Path, said: bytes, kept: bytes) -> None:
    """In every place where a read may cut the URL."""
    for cut in range(len(said)):
        file = log.open_new(str(tmp_path))
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        copy = log.Copy(reader, file, str(tmp_path))
        os.write(writer, said[:cut])
        assert copy.more()
        os.write(writer, said[cut:])
        assert copy.more()
        copy.finish()
        assert (tmp_path / "runner.log").read_bytes() == kept
        for fd in (reader, writer, file):
            os.close(fd)


def test_a_run_without_white_space_is_not_held_for_ever(tmp_path: Path) -> None:
    file = log.open_new(str(tmp_path))
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    copy = log.Copy(reader, file, str(tmp_path))
    for _ in range(3):
        os.write(writer, b":/" * (log.CHUNK // 2))
        assert copy.more()
    assert os.fstat(file).st_size >= log.CHUNK
    for fd in (reader, writer, file):
        os.close(fd)


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = log.open_new(str(tmp_path))
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    copy = log.Copy(reader, file, str(tmp_path))
    for number in range(3 * log.LIMIT // 32768):
        os.write(writer, f"{number}".encode().ljust(32767) + b"\n")
        assert copy.more()
    sizes = {entry.name: entry.stat().st_size for entry in tmp_path.iterdir()}
    assert set(sizes) == {"runner.log", "runner.log.1"}
    assert max(sizes.values()) <= log.LIMIT + log.CHUNK
    assert log.tail(str(tmp_path), 1)[0].strip() == f"{number}"
    for fd in (reader, writer, file):
        os.close(fd)


def test_a_disk_that_is_full_is_no_failure(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    reader, writer = os.pipe()
    os.write(writer, b"lost\n")
    os.close(writer)
    assert not log.Copy(reader, full, str(tmp_path)).more()
    for fd in (reader, full):
        os.close(fd)


def test_its_end_has_no_stack_traces(tmp_path: Path) -> None:
    (tmp_path / "runner.log").write_text(CRASH)
    assert log.tail(str(tmp_path), 10) == CRASH.splitlines()[:2]
    assert log.tail(str(tmp_path), 1) == CRASH.splitlines()[1:2]


def test_no_log_is_no_lines(tmp_path: Path) -> None:
    assert log.tail(str(tmp_path), 10) == []
