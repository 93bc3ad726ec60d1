"""However a build is ended, it ends: soon, with the right exit code, and with nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real.conftest import StartBuildkitd, state_directory
from tests.support.command import Command
from tests.support.faults import Proxy, SilentServer
from tests.support.process import processes_with, soon
from tests.support.registry import Registry

BOUND = 5.0  # seconds from the fault to the end of our process

PHASES = ("connect", "upload", "run", "export", "push")


class Phase:
    """A build that stands still in one phase, and how to know that it has come there."""

    def __init__(self, name: str, folder: Path, silent: SilentServer) -> None:
        self.name = name
        # A number of its own finds the processes of this build among all others.
        self.mark = str(100_000 + os.getpid() % 100_000) + str(time.monotonic_ns() % 1_000_000)
        self.context = folder / "context"
        self.context.mkdir()
        self.options: list[str] = []
        self.stall_after: int | None = None
        lines = {
            "connect": "FROM scratch\nCOPY Dockerfile /\n",
            "upload": "FROM scratch\nCOPY . /\n",
            "run": f"FROM busybox\nRUN echo begun; sleep {self.mark}\n",
            "export": "FROM busybox\nRUN head -c 60000000 /dev/urandom >/x\n",
            "push": f"FROM scratch\nCOPY Dockerfile /{self.mark}\n",
        }[name]
        (self.context / "Dockerfile").write_text(lines)
        if name == "connect":
            self.stall_after = 0
        if name == "upload":
            self.stall_after = 4 << 20
            with (self.context / "large").open("wb") as file:
                file.truncate(8 << 30)
        if name == "export":
            image = "type=image,name=x/y:z,compression=zstd,compression-level=22,force-compression=true"
            self.options = ["-o", image]
        if name == "push":
            self.options = ["-t", f"{silent.host}/a/b:c", "--push", "--insecure-registry", silent.host]
        self.marker = {
            "upload": "transferring context: ",
            "run": " begun",
            "export": "exporting layers",
            "push": "pushing ",
        }.get(name, "")


class Started:
    """Our command at work on a phase. Its stderr is read all the time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.text = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, marker: str, timeout: float = 20.0) -> None:
        with self._changed:
            found = self._changed.wait_for(
                lambda: marker in self.text or self.process.poll() is not None, timeout
            )
        assert found, self.text
        assert marker in self.text, self.text

    def ended(self) -> int:
        """The exit code; fails when the process does not end within the bound."""
        began = time.monotonic()
        try:
            code = self.process.wait(BOUND)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"still running {BOUND} s after the fault:\n{self.text}")
        self._reader.join(max(0.1, BOUND - (time.monotonic() - began)))
        assert not self._reader.is_alive(), "something that we started keeps our stderr open"
        assert "Traceback" not in self.text, self.text
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._changed:
                self.text += line
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


@pytest.fixture(params=PHASES)
def phase(request: pytest.FixtureRequest, tmp_path: Path, silent: SilentServer) -> Phase:
    return Phase(request.param, tmp_path, silent)


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path for an own daemon's state."""
    with ExitStack() as stack:
        folder = state_directory()
        stack.callback(lambda: subprocess.run(["rm", "-rf", folder], check=False))
        yield folder


def reach(started: Started, phase: Phase, proxy: Proxy | None = None) -> None:
    """Wait until the build stands in its phase."""
    if proxy is not None and phase.stall_after is not None:
        assert proxy.stalled.wait(20), started.text
    else:
        started.wait_for(phase.marker)


def join(command: Command, phase: Phase, address: str) -> Started:
    return Started(
        command.popen("build", "--addr", address, "--progress=plain", *phase.options, phase.context)
    )


def own(command: Command, phase: Phase, root: Path, registry: Registry) -> Started:
    mirror = ["--registry-mirror", f"docker.io={registry.host}", "--insecure-registry", registry.host]
    options = ["--daemon=own", "--root", str(root), *mirror, "--progress=plain", *phase.options]
    return Started(command.popen("build", *options, phase.context))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_the_build_on_a_joined_daemon(
    phase: Phase, number: int, code: int, command: Command, fresh_buildkitd: StartBuildkitd, tmp_path: Path
) -> None:
    daemon = fresh_buildkitd()
    proxy = Proxy(tmp_path / "p.sock", daemon.address, stall_after=phase.stall_after)
    started = join(command, phase, proxy.address)
    reach(started, phase, proxy)
    started.process.send_signal(number)
    assert started.ended() == code, started.text
    assert soon(lambda: processes_with(f"sleep {phase.mark}")) == []
    assert daemon.alive
    if phase.name == "run":
        assert "CANCELED" in started.text


def test_a_cut_socket_is_a_transient_error(
    phase: Phase, command: Command, fresh_buildkitd: StartBuildkitd, tmp_path: Path
) -> None:
    daemon = fresh_buildkitd()
    proxy = Proxy(tmp_path / "p.sock", daemon.address, stall_after=phase.stall_after)
    started = join(command, phase, proxy.address)
    reach(started, phase, proxy)
    proxy.cut()
    assert started.ended() == 75, started.text
    assert proxy.address in started.text
    assert soon(lambda: processes_with(f"sleep {phase.mark}")) == []


def test_a_killed_daemon_is_a_transient_error(
    phase: Phase, command: Command, fresh_buildkitd: StartBuildkitd, tmp_path: Path
) -> None:
    daemon = fresh_buildkitd()
    proxy = Proxy(tmp_path / "p.sock", daemon.address, stall_after=phase.stall_after)
    started = join(command, phase, proxy.address)
    reach(started, phase, proxy)
    daemon.kill()
    assert started.ended() == 75, started.text


DAEMON = re.compile(r"\d+ \S*buildkitd ")

OWN_PHASES = ("upload", "run", "export", "push")


def left_of(root: Path, phase: Phase) -> list[str]:
    """Processes and mounts of an own daemon under this root."""
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {root}" in line]
    return mounts + processes_with(str(root)) + processes_with(f"sleep {phase.mark}")


@pytest.mark.usefixtures("busybox")
@pytest.mark.parametrize("phase", OWN_PHASES, indirect=True)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_build_and_our_own_daemon(
    phase: Phase, number: int, code: int, command: Command, root: Path, registry: Registry
) -> None:
    started = own(command, phase, root, registry)
    reach(started, phase)
    started.process.send_signal(number)
    assert started.ended() == code, started.text
    assert left_of(root, phase) == []


def start_silent(command: Command, phase: Phase, root: Path, address: str) -> Started:
    """Our command at work on the start of a daemon that never answers."""
    tool = root / "buildkitd"
    tool.write_text(f"#!/bin/sh\nexec sleep {phase.mark}\n")
    tool.chmod(0o755)
    options = ["--root", str(root / "state"), "--addr", address, "--progress=plain", str(phase.context)]
    started = Started(command.popen("build", *options, env={"PATH": f"{root}:{os.environ['PATH']}"}))
    deadline = time.monotonic() + 10
    while not processes_with(f"sleep {phase.mark}"):
        assert time.monotonic() < deadline, started.text
        time.sleep(0.02)
    return started


@pytest.mark.parametrize("phase", ["connect"], indirect=True)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_start_of_our_own_daemon(
    phase: Phase, number: int, code: int, command: Command, root: Path
) -> None:
    started = start_silent(command, phase, root, f"unix://{root}/b.sock")
    started.process.send_signal(number)
    assert started.ended() == code, started.text
    assert left_of(root, phase) == []
    assert sorted(os.listdir(root)) == ["buildkitd", "state"]


@pytest.mark.parametrize("phase", ["connect"], indirect=True)
def test_a_second_command_does_not_depend_on_the_firsts_own_daemon(
    phase: Phase, command: Command, root: Path
) -> None:
    address = f"unix://{root}/b.sock"
    first = start_silent(command, phase, root, address)
    second = command("build", phase.context, env={"BUILDKIT_HOST": address}, timeout=BOUND)
    assert second.code == 75
    assert f"belongs to another command (process {first.process.pid})" in second.stderr
    assert "--daemon join" in second.stderr
    assert first.process.poll() is None
    first.process.send_signal(signal.SIGTERM)
    assert first.ended() == 143, first.text


@pytest.mark.usefixtures("busybox")
@pytest.mark.parametrize("phase", OWN_PHASES, indirect=True)
def test_our_own_daemon_killed_is_a_transient_error(
    phase: Phase, command: Command, root: Path, registry: Registry
) -> None:
    started = own(command, phase, root, registry)
    reach(started, phase)
    # The first: a child of it bears its name too, until it has become something else.
    daemon = min(int(line.split()[0]) for line in processes_with(str(root)) if DAEMON.match(line))
    os.kill(daemon, signal.SIGKILL)
    assert started.ended() == 75, started.text
    assert "killed by signal 9" in started.text
    assert soon(lambda: left_of(root, phase)) == []


@pytest.mark.usefixtures("busybox")
@pytest.mark.parametrize("phase", ["upload", "run"], indirect=True)
def test_when_we_are_killed_our_daemon_goes_with_us(
    phase: Phase, command: Command, root: Path, registry: Registry
) -> None:
    started = own(command, phase, root, registry)
    reach(started, phase)
    started.process.kill()
    started.process.wait()
    assert soon(lambda: left_of(root, phase)) == []


def test_a_second_signal_ends_at_once(
    command: Command, fresh_buildkitd: StartBuildkitd, tmp_path: Path, silent: SilentServer
) -> None:
    phase = Phase("connect", tmp_path, silent)
    daemon = fresh_buildkitd()
    proxy = Proxy(tmp_path / "p.sock", daemon.address, stall_after=0)
    started = join(command, phase, proxy.address)
    reach(started, phase, proxy)
    started.process.send_signal(signal.SIGTERM)
    started.process.send_signal(signal.SIGTERM)
    assert started.ended() == 143, started.text
