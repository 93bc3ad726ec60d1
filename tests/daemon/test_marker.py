"""The mark beside our own daemon's socket: it tells of that socket, and of no other."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from runner.daemon import marker
from runner.daemon.listen import listen
from runner.daemon.rule import resolve
from runner.errors import DaemonError


def test_another_commands_own_daemon_is_not_joined(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/b.sock"
    with listen(f"{tmp_path}/b.sock"):
        for mode in ("auto", "own"):
            with pytest.raises(DaemonError, match=rf"another command \(process {os.getpid()}\)") as refused:
                resolve(address, mode)
            assert "--daemon join" in refused.value.hint
        assert not resolve(address, "join").own, "it was asked for"


def test_a_daemon_that_is_not_ours_is_joined(tmp_path: Path) -> None:
    with socket.create_server(f"{tmp_path}/b.sock", family=socket.AF_UNIX):
        assert not resolve(f"unix://{tmp_path}/b.sock").own


def test_a_mark_that_was_left_behind_says_nothing_of_the_next_socket(tmp_path: Path) -> None:
    path = f"{tmp_path}/b.sock"
    listen(path).close()  # as a command does whose daemon was killed with it
    assert os.path.islink(marker.path_of(path))
    assert resolve(f"unix://{path}").own
    os.unlink(path)
    assert marker.owner(path) == ""
    with socket.create_server(path, family=socket.AF_UNIX):
        assert not resolve(f"unix://{path}").own
    os.unlink(path)
    with listen(path):
        assert marker.owner(path) == str(os.getpid())


def test_only_marks_are_removed(tmp_path: Path) -> None:
    path = f"{tmp_path}/b.sock"
    listen(path).close()
    marker.remove(path)
    assert marker.owner(path) == ""
    Path(marker.path_of(path)).write_text("precious")
    marker.remove(path)
    assert Path(marker.path_of(path)).read_text() == "precious"
