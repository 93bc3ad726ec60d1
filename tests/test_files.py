"""Result files appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runner.errors import Error, UsageError
from runner.files import check_target, write_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    for text in ("one", "zwei é"):
        write_whole(str(target), text)
        assert target.read_text() == text
    assert os.listdir(tmp_path) == ["out.json"]


def test_what_an_earlier_build_wrote_is_gone_when_this_one_fails(tmp_path: Path) -> None:
    target = tmp_path / "iid"
    target.write_text("old")
    check_target(str(target))
    assert not target.exists()


def test_checking_leaves_the_directory_as_it_is(tmp_path: Path) -> None:
    before = tmp_path.stat().st_mtime_ns
    check_target(str(tmp_path / "new"))
    assert os.listdir(tmp_path) == []
    assert tmp_path.stat().st_mtime_ns == before


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    for _ in range(2):
        check_target(str(tmp_path / "link"))
        write_whole(str(tmp_path / "link"), "x")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_text() == "x"


def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, words in (("none/x", "no directory"), (".", "Is a directory"), ("file/x", "Not a directory")):
        with pytest.raises(UsageError, match=words):
            check_target(str(tmp_path / name))


def test_a_file_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Error, match=r"writing .*/none/x: No such file"):
        write_whole(str(tmp_path / "none" / "x"), "text")
    with pytest.raises(UnicodeEncodeError):
        write_whole(str(tmp_path / "x"), "\udc80")
    assert os.listdir(tmp_path) == []


def test_a_pipe_and_a_device_are_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    check_target(str(pipe))
    write_whole(str(pipe), "through the pipe")
    reader.join(5)
    assert read == ["through the pipe"]
    check_target("/dev/null")
    write_whole("/dev/null", "x")


def test_stdout_may_be_a_file_to_which_more_is_written(tmp_path: Path) -> None:
    script = (
        "from runner.files import *; check_target('/dev/stdout'); print('a', flush=True);"
        "write_whole('/dev/stdout', 'b\\n'); print('c')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "a\nb\nc\n"


def test_a_link_that_was_put_where_the_part_could_be_is_not_followed(tmp_path: Path) -> None:
    target, other = tmp_path / "out.json", tmp_path / "other"
    other.write_text("kept")
    (tmp_path / f"out.json.{os.getpid()}.part").symlink_to(other)
    write_whole(str(target), "new")
    assert target.read_text() == "new"
    assert other.read_text() == "kept"
