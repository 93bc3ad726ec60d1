"""A state directory belongs to one daemon at a time."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.daemon.state import default_root, open_state, runtime_directory
from runner.errors import DaemonError, UsageError


@pytest.mark.parametrize(
    ("environ", "uid", "root"),
    [
        ({"XDG_STATE_HOME": "/x"}, 0, "/var/lib/buildkit-runner"),
        ({"XDG_STATE_HOME": "/x"}, 1000, "/x/buildkit-runner"),
        ({}, 1000, os.path.expanduser("~/.local/state/buildkit-runner")),
    ],
)
def test_where_it_is(environ: dict[str, str], uid: int, root: str) -> None:
    assert default_root(environ, uid) == root


def test_it_is_made_and_named_by_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    opened = open_state(str(tmp_path / "link" / "state"))
    assert opened.root == f"{tmp_path}/real/state"
    assert os.stat(opened.root).st_mode & 0o777 == 0o700
    os.close(opened.lock)
    again = open_state(f"{tmp_path}/real/state")
    assert again.cgroup == opened.cgroup
    os.close(again.lock)
    other = open_state(f"{tmp_path}/other")
    assert other.cgroup != opened.cgroup
    os.close(other.lock)


def test_who_comes_second_learns_who_has_it(tmp_path: Path) -> None:
    first = open_state(str(tmp_path))
    first.claim("unix:///run/a.sock")
    with pytest.raises(DaemonError, match=rf"{tmp_path} is in use \(process {os.getpid()}\)") as refused:
        open_state(str(tmp_path))
    assert "--root" in refused.value.hint
    assert "--addr unix:///run/a.sock" in refused.value.hint
    os.close(first.lock)
    os.close(open_state(str(tmp_path)).lock)


def test_who_comes_second_waits_for_a_daemon_whose_owner_is_gone(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"], stdout=subprocess.PIPE)
    assert ended.stdout is not None
    assert ended.stdout.read() == b""
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # nobody has waited for it yet: a zombie
    first = open_state(str(tmp_path))
    # It holds the lock, as the guard does, and ends by itself.
    guard = subprocess.Popen(["sleep", "0.1"], pass_fds=[first.lock])
    (tmp_path / "runner.lock").write_text(
        f"owner {ended.pid}\naddress unix:///a\nguard {guard.pid}\ndaemon 0\n"
    )
    os.close(first.lock)
    os.close(open_state(str(tmp_path)).lock)
    guard.wait()
    ended.communicate()


def test_who_comes_second_waits_for_a_daemon_whose_guard_is_gone(
    tmp_path: Path,
) -> None:
    hold = "import fcntl, os, time; fcntl.flock(1, fcntl.LOCK_EX); os.close(2); time.sleep(0.1)"
    with open(tmp_path / "buildkitd.lock", "w") as lock:
        daemon = subprocess.Popen([sys.executable, "-c", hold], stdout=lock, stderr=subprocess.PIPE)
    assert daemon.stderr is not None
    assert daemon.stderr.read() == b""
    (tmp_path / "runner.lock").write_text(f"owner 1\naddress unix:///a\nguard 2\ndaemon {daemon.pid}\n")
    os.close(open_state(str(tmp_path)).lock)
    daemon.communicate()


def test_a_buildkitd_that_is_not_ours_is_respected(tmp_path: Path) -> None:
    with open(tmp_path / "buildkitd.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DaemonError, match=rf"in use by a buildkitd \(process {os.getpid()}\)"):
            open_state(str(tmp_path))
    os.close(open_state(str(tmp_path)).lock)


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="making the state directory"):
        open_state(f"{tmp_path}/file/state")


def test_the_directory_of_sockets_is_short_and_private() -> None:
    path = runtime_directory("0-test")
    assert len(path) < 60
    assert os.stat(path).st_mode & 0o777 == 0o700
    os.rmdir(path)
