"""buildkitd and its runtime are found where users and packages put them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from runner.daemon.tools import find_buildkitd, find_runtime, search_path
from runner.errors import UsageError


def program(folder: Path, name: str, mode: int = 0o755) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(mode)
    return str(folder / name)


def test_path_comes_first_then_our_own_folder_then_the_system() -> None:
    found = search_path({"PATH": "/opt/bin:.::/usr/bin"}).split(":")
    assert found[:3] == ["/opt/bin", "/usr/bin", os.path.dirname(sys.executable)]
    assert "/usr/sbin" in found
    assert all(folder.startswith("/") for folder in found)


def test_the_first_in_path_is_taken(tmp_path: Path) -> None:
    program(tmp_path / "a", "buildkitd", 0o644)
    (tmp_path / "b" / "buildkitd").mkdir(parents=True)
    third = program(tmp_path / "c", "buildkitd")
    program(tmp_path / "d", "buildkitd")
    assert find_buildkitd(":".join(f"{tmp_path}/{name}" for name in "abcd")) == third


def test_runc_is_preferred_to_crun(tmp_path: Path) -> None:
    crun = program(tmp_path / "a", "crun")
    assert find_runtime(f"{tmp_path}/a:{tmp_path}/b") == crun
    runc = program(tmp_path / "b", "runc")
    assert find_runtime(f"{tmp_path}/a:{tmp_path}/b") == runc


def test_without_them_the_user_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no buildkitd in PATH") as refused:
        find_buildkitd(str(tmp_path))
    assert "--addr" in refused.value.hint
    with pytest.raises(UsageError, match="no OCI runtime") as refused:
        find_runtime(str(tmp_path))
    assert "apt-get install runc" in refused.value.hint
