"""Unix sockets: is somebody there, and taking the place of somebody who is gone."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from runner.daemon.listen import answers, listen
from runner.errors import AccessError, DaemonError, UsageError


def test_somebody_answers_while_it_listens(tmp_path: Path) -> None:
    path = f"{tmp_path}/new/folder/a.sock"
    assert not answers(path)
    with listen(path):
        assert answers(path)
        assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.path.exists(path)
    assert not answers(path)


def test_a_socket_that_is_full_is_somebody(tmp_path: Path) -> None:
    path = f"{tmp_path}/a.sock"
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(path)
        busy.listen(0)
        first.connect(path)
        assert answers(path)


def test_it_replaces_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    path = f"{tmp_path}/a.sock"
    listen(path).close()
    with listen(path):
        assert answers(path)


def test_it_replaces_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    foreign = socket.create_server(str(path), family=socket.AF_UNIX)
    with foreign, pytest.raises(UsageError, match="Address already in use"):
        listen(str(path))
    path.unlink()
    with listen(str(path)), pytest.raises(DaemonError, match="belongs to another command"):
        listen(str(path))
    path.unlink()
    path.write_text("precious")
    with pytest.raises(UsageError, match="Address already in use"):
        listen(str(path))
    assert path.read_text() == "precious"


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = f"{tmp_path}/{'x' * 108}"
    assert not answers(path)
    with pytest.raises(UsageError, match="more than 107 bytes"):
        listen(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"listening on unix://.*: (File exists|Not a directory)"):
        listen(f"{tmp_path}/file/a.sock")


def test_a_socket_that_we_may_not_open_is_nobody_we_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(AccessError, match="permission denied"):
        answers(f"{tmp_path}/a.sock")
