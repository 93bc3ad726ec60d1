"""A daemon of our own: it starts and stops quickly, and whoever is killed, nothing of it is left."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from runner.daemon.listen import answers
from runner.daemon.process import Daemon
from runner.daemon.rule import resolve
from runner.daemon.start import DaemonOptions, start
from runner.errors import DaemonError, UsageError
from runner.registry.settings import parse_settings
from runner.transport.address import Address
from tests.real.conftest import StartBuildkitd, StartRegistry, state_directory
from tests.registry.certificates import self_signed
from tests.support.registry import Registry

# An owner that can be killed: it starts a daemon and holds it until its standard input ends.
OWNER = """
import sys
from runner.daemon.start import DaemonOptions, start
with start(DaemonOptions(root=sys.argv[1], isolate=sys.argv[2] == "True")):
    print("started", flush=True)
    sys.stdin.read()
"""
NAMESPACES = pytest.mark.parametrize("isolate", [True, False], ids=["namespaces", "without"])


@pytest.fixture
def root(tools: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new state directory; the tools are in PATH."""
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    made = state_directory()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def run(tools: Path) -> Iterator[Buildctl]:
    """Buildctl against a daemon of the test."""
    with ExitStack() as stack:
        yield Buildctl(tools, stack)


class Buildctl:
    """A client of our daemon that is not ours."""

    def __init__(self, tools: Path, stack: ExitStack) -> None:
        self._buildctl = tools / "buildctl"
        self._stack = stack

    def __call__(self, address: str, *args: str | Path) -> subprocess.CompletedProcess[str]:
        command = (self._buildctl, "--addr", address, *args)
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def sleeping_step(self, address: str, context: Path) -> subprocess.Popen[str]:
        """Start a build; returns when its RUN sleeps."""
        busybox = shutil.which("busybox")
        assert busybox is not None
        shutil.copy(busybox, context)
        step = 'RUN ["/busybox", "sh", "-c", "echo it runs; exec /busybox sleep 1000"]\n'
        (context / "Dockerfile").write_text(f"FROM scratch\nCOPY busybox /\n{step}")
        sources = (f"--local=context={context}", f"--local=dockerfile={context}")
        command = (self._buildctl, "--addr", address, "build", "--frontend=dockerfile.v0", *sources)
        build = self._stack.enter_context(
            subprocess.Popen((*command, "--progress=plain"), stderr=subprocess.PIPE, text=True)
        )
        self._stack.callback(build.kill)
        assert build.stderr is not None
        seen = []
        for line in build.stderr:
            seen.append(line)
            if line.endswith(" it runs\n"):
                return build
        raise AssertionError("".join(seen))


def owner_command(root: Path, *, isolate: bool) -> tuple[str, ...]:
    return (sys.executable, "-c", OWNER, str(root), str(isolate))


def start_owner(root: Path, *, isolate: bool) -> subprocess.Popen[bytes]:
    """A process that has started a daemon of its own."""
    command = owner_command(root, isolate=isolate)
    owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"started\n"
    return owner


def lock_of(root: Path) -> dict[str, str]:
    return dict(line.split(" ") for line in (root / "runner.lock").read_text().splitlines())


def running_in(root: Path) -> list[str]:
    """The processes whose command names the state directory, or whose root file system lies there.

    Further mounts do not count: another mount namespace that was made meanwhile has its own copy of them.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            mounts = (process / "mountinfo").read_text().splitlines()
        except OSError:
            continue
        if process.name != str(os.getpid()) and (
            str(root) in command or any(" / / " in line and f"{root}/" in line for line in mounts)
        ):
            found.append(f"{process.name}: {command}")
    return found


def cgroups_of(root: Path) -> list[Path]:
    found = root.stat()
    name = f"/buildkit-runner-{found.st_dev:x}-{found.st_ino:x}"
    # Not rglob: it fails where another daemon's cgroup vanishes meanwhile.
    return [Path(folder) for folder, _, _ in os.walk("/sys/fs/cgroup") if name in folder]


def containers_of(root: Path) -> list[str]:
    """The containers that the host's runc lists."""
    found = []
    for state in Path("/run/runc").glob("*/state.json"):
        with suppress(OSError):
            if f"{root}/" in state.read_text():
                found.append(state.parent.name)
    return found


def assert_nothing_is_left(root: Path) -> None:
    assert running_in(root) == []
    assert f" {root}/" not in Path("/proc/self/mountinfo").read_text()
    assert cgroups_of(root) == []
    assert containers_of(root) == []
    assert list(root.glob("runc-*/executor/*/config.json")) == []


def wait_for_end(pid: int | str) -> None:
    """Until a process that is not our child is gone."""
    try:
        handle = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return
    assert select.select([handle], [], [], 6) != ([], [], []), f"process {pid} runs still"
    os.close(handle)


def test_a_client_may_connect_at_once_and_is_answered(root: Path, run: Buildctl) -> None:
    began = time.monotonic()
    with start(DaemonOptions(root=str(root))) as daemon:
        started = time.monotonic() - began
        answer = run(str(daemon.address), "debug", "workers")
        assert answer.returncode == 0, answer.stderr
        assert started < 1
        assert daemon.alive()
        assert daemon.failure(timeout=0.0) is None
    assert_nothing_is_left(root)
    assert not Path(daemon.address.path).parent.exists()
    daemon.stop()


def test_it_stops_in_a_moment(root: Path, run: Buildctl) -> None:
    daemon = start(DaemonOptions(root=str(root)))
    run(str(daemon.address), "debug", "workers")
    began = time.monotonic()
    daemon.stop()
    assert time.monotonic() - began < 2
    assert daemon.failure(timeout=0.0) is None


def test_it_may_be_stopped_by_another_thread(root: Path) -> None:
    """Whoever asks meanwhile how it is gets an answer, and a second stop waits for the first."""
    said: list[object] = []

    def ask(daemon: Daemon) -> None:
        try:
            while daemon.alive():
                said.append(daemon.failure(timeout=0.01))
            said.append(daemon.failure())
        except Exception as error:
            said.append(error)

    def stop(daemon: Daemon) -> None:
        daemon.stop()
        said.extend(running_in(root))

    for _ in range(3):
        daemon = start(DaemonOptions(root=str(root)))
        threads = [threading.Thread(target=work, args=(daemon,)) for work in (ask, ask, stop, stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(said) == {None}


def test_it_stops_also_while_it_starts(root: Path) -> None:
    for _ in range(3):
        began = time.monotonic()
        start(DaemonOptions(root=str(root))).stop()
        assert time.monotonic() - began < 2
        assert_nothing_is_left(root)


def test_it_stops_where_nobody_waits_for_children(root: Path) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with start(DaemonOptions(root=str(root))) as daemon, socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.address.path)
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
            assert client.recv(1)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert "stopping server" in (root / "runner.log").read_text()
    assert_nothing_is_left(root)


@NAMESPACES
def test_a_client_that_hangs_does_not_hold_it(
    root: Path, run: Buildctl, tmp_path: Path, isolate: bool
) -> None:
    with start(DaemonOptions(root=str(root), isolate=isolate)) as daemon:
        build = run.sleeping_step(str(daemon.address), tmp_path)
        build.send_signal(signal.SIGSTOP)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert_nothing_is_left(root)


@NAMESPACES
@pytest.mark.parametrize("victim", ["daemon", "guard"])
def test_after_a_sigkill_nothing_is_left(
    root: Path, run: Buildctl, tmp_path: Path, victim: str, isolate: bool
) -> None:
    with start(DaemonOptions(root=str(root), isolate=isolate)) as daemon:
        run.sleeping_step(str(daemon.address), tmp_path)
        assert cgroups_of(root)
        os.kill(int(lock_of(root)[victim]), signal.SIGKILL)
        began = time.monotonic()
        assert select.select([daemon], [], [], 1)[0]
        assert time.monotonic() - began < 1
        assert not daemon.alive()
        failure = daemon.failure()
        assert failure is not None
        assert "running server on" in failure.hint
    assert_nothing_is_left(root)
    assert not Path(daemon.address.path).parent.exists()


@NAMESPACES
def test_when_its_owner_is_killed_nothing_is_left(
    root: Path, run: Buildctl, tmp_path: Path, isolate: bool
) -> None:
    with start_owner(root, isolate=isolate) as owner:
        lock = lock_of(root)
        build = run.sleeping_step(lock["address"], tmp_path)
        lock = lock_of(root)
        owner.kill()
        build.kill()
    # The state directory can be used again at once: the new daemon waits for the end of the old one.
    with start(DaemonOptions(root=str(root))) as daemon:
        assert not Path(f"/proc/{lock['daemon']}").exists()
        assert run(str(daemon.address), "debug", "workers").returncode == 0
    assert_nothing_is_left(root)


def test_the_next_start_ends_what_nobody_was_left_to_end(root: Path, run: Buildctl, tmp_path: Path) -> None:
    with start_owner(root, isolate=False) as owner:
        run.sleeping_step(lock_of(root)["address"], tmp_path)
        os.kill(owner.pid, signal.SIGSTOP)
        lock = lock_of(root)
        os.kill(int(lock["guard"]), signal.SIGKILL)
        wait_for_end(lock["daemon"])
        owner.kill()
    assert running_in(root), "without namespaces the container was expected to live on"
    with start(DaemonOptions(root=str(root))) as daemon:
        assert run(str(daemon.address), "debug", "workers").returncode == 0
        assert [line for line in running_in(root) if "sleep" in line] == []
    assert_nothing_is_left(root)


def test_a_daemon_that_cannot_start_says_why(root: Path) -> None:
    (root / "runc-overlayfs").write_text("in the way")
    with start(DaemonOptions(root=str(root))) as daemon:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.address.path)
            client.settimeout(5)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
            reset = time.monotonic()
        failure = daemon.failure()
        assert time.monotonic() - reset < 1
    assert isinstance(failure, DaemonError)
    assert "not a directory" in failure.message
    assert f"{root}/runner.log" in failure.hint
    assert "main.go:" not in str(failure)


def test_what_it_says_of_passwords_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = root / "buildkitd"
    tool.write_text("#!/bin/sh\necho 'buildkitd: https://bob:hunter2pw@h/ with s3cret' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{root}:{os.environ['PATH']}")
    with start(DaemonOptions(root=str(root))) as daemon:
        failure = daemon.failure(5, mask=lambda line: line.replace("s3cret", "***"))
        assert failure is not None
        assert failure.message.endswith("it ended: https://***@h/ with ***")
        assert "s3cret" not in str(failure)
        assert "hunter2pw" not in str(failure)
    assert "hunter2pw" not in (root / "runner.log").read_text()
    assert (root / "runner.log").stat().st_mode & 0o777 == 0o600


def test_a_state_directory_is_used_by_one_daemon(root: Path, fresh_buildkitd: StartBuildkitd) -> None:
    with start(DaemonOptions(root=str(root))) as daemon:
        with pytest.raises(DaemonError, match=rf"in use \(process {os.getpid()}\)") as refused:
            start(DaemonOptions(root=str(root)))
        assert f"--addr {daemon.address}" in refused.value.hint
        assert daemon.alive()
    foreign = fresh_buildkitd()
    with pytest.raises(DaemonError, match=rf"in use by a buildkitd \(process {foreign.pid}\)"):
        start(DaemonOptions(root=str(foreign.root / "state")))


def test_a_state_directory_may_have_a_long_name(root: Path, run: Buildctl) -> None:
    deep = root / ("a long name " * 10) / ("ä" * 60)
    with start(DaemonOptions(root=str(deep))) as daemon:
        assert run(str(daemon.address), "debug", "workers").returncode == 0
        assert len(os.fsencode(daemon.address.path)) < 108
    assert_nothing_is_left(deep)


@pytest.mark.parametrize("place", ["file/state", "/proc/nothing"])
def test_a_state_directory_that_cannot_be_made_is_refused(root: Path, place: str) -> None:
    (root / "file").write_text("")
    with pytest.raises(
        UsageError, match=r"making the state directory .*/(file/state|proc/nothing): "
    ) as refused:
        start(DaemonOptions(root=str(root / place)))
    assert "--root" in refused.value.hint


def test_it_listens_where_it_is_told(root: Path, run: Buildctl) -> None:
    address = f"unix://{root}/run/buildkit/buildkitd.sock"
    decision = resolve(address)
    assert decision.own
    assert address in decision.notice
    with start(DaemonOptions(root=str(root / "state")), decision.address):
        assert run(address, "debug", "workers").returncode == 0
        with pytest.raises(DaemonError, match=rf"another command \(process {os.getpid()}\)"):
            resolve(address)
        assert not resolve(address, "join").own
        assert answers(f"{root}/run/buildkit/buildkitd.sock")
        assert os.stat(f"{root}/run/buildkit/buildkitd.sock").st_mode & 0o777 == 0o600
        with pytest.raises(DaemonError, match="belongs to another command"):
            start(DaemonOptions(root=str(root / "other")), decision.address)
        assert run(address, "debug", "workers").returncode == 0
    assert os.listdir(f"{root}/run/buildkit") == []


def test_a_daemon_that_is_slow_to_stop_leaves_the_next_ones_socket_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool, up, go = root / "buildkitd", root / "up", root / "go"
    for fifo in (up, go):
        os.mkfifo(fifo)
    tool.write_text(f"#!/bin/sh\ntrap 'read x <{go}; exit 0' TERM\necho >{up}\nsleep 100 & wait $!\n")
    tool.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{root}:{os.environ['PATH']}")
        slow = start(DaemonOptions(root=str(root / "slow")), Address(path=f"{root}/buildkitd.sock"))
    up.read_text()
    released = os.open(go, os.O_RDWR)
    stopping = threading.Thread(target=slow.stop)
    stopping.start()
    deadline = time.monotonic() + 2
    while os.path.exists(slow.address.path) and time.monotonic() < deadline:
        time.sleep(0.01)
    with start(DaemonOptions(root=str(root / "next")), slow.address) as daemon:
        os.write(released, b"\n")
        stopping.join()
        assert answers(daemon.address.path)
        assert daemon.alive()
    os.close(released)
    assert not os.path.exists(daemon.address.path)


def test_a_socket_that_nobody_listens_on_is_replaced(root: Path, run: Buildctl) -> None:
    path = f"{root}/buildkitd.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    with start(DaemonOptions(root=str(root / "state")), Address(path=path)) as daemon:
        assert run(str(daemon.address), "debug", "workers").returncode == 0


@pytest.mark.parametrize(("name", "why"), [("file", "already in use"), ("x" * 120, "more than 107 bytes")])
def test_an_address_that_cannot_be_listened_on_is_refused(root: Path, name: str, why: str) -> None:
    (root / "file").write_text("precious")
    with pytest.raises(UsageError, match=why):
        start(DaemonOptions(root=str(root / "state")), Address(path=f"{root}/{name}"))
    assert (root / "file").read_text() == "precious"


def test_an_ordinary_user_is_told_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="it needs root") as refused:
        start(DaemonOptions(root=str(root)))
    assert "--addr" in refused.value.hint


def test_the_daemon_inherits_what_it_should(
    root: Path, monkeypatch: pytest.MonkeyPatch, run: Buildctl
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    settings = parse_settings(insecure=["registry.invalid:5000"], environ={})
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    with start(DaemonOptions(root=str(root), registries=settings)) as daemon:
        os.close(writer)
        assert os.read(reader, 1) == b"", "the daemon holds a file that is not its own"
        run(str(daemon.address), "debug", "workers")
        process = Path("/proc", lock_of(root)["daemon"])
        environment = dict(
            entry.split("=", 1) for entry in (process / "environ").read_text().split("\0") if entry
        )
        status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines())
        assert "hunter2" not in (process / "environ").read_text()
        assert environment["BUILDKIT_STEP_LOG_MAX_SIZE"] == "-1"
        assert environment["NO_PROXY"].endswith(",registry.invalid:5000")
        python_ignores = 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1
        assert int(status["SigIgn"], 16) & python_ignores == 0
        assert int(status["SigBlk"], 16) == 0
        assert os.getsid(int(process.name)) != os.getsid(0), "a Ctrl-C would reach it"
    os.close(reader)


def test_one_setting_makes_a_registry_the_mirror_of_docker_io(
    root: Path, run: Buildctl, registry: Registry, busybox: str, tmp_path: Path
) -> None:
    assert busybox
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo hello > /made\n")
    settings = parse_settings(insecure=[registry.host], mirrors=[f"docker.io={registry.host}"])
    sources = (f"--local=context={tmp_path}", f"--local=dockerfile={tmp_path}")
    output = f"--output=type=image,name={registry.host}/daemon/mirror:1,push=true"
    with start(DaemonOptions(root=str(root), registries=settings)) as daemon:
        built = run(str(daemon.address), "build", "--frontend=dockerfile.v0", *sources, output)
        assert built.returncode == 0, built.stderr
    assert registry.tags("daemon/mirror") == ["1"]
    assert_nothing_is_left(root)


def test_a_ca_makes_it_trust_a_registry(
    root: Path, run: Buildctl, fresh_registry: StartRegistry, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    self_signed(ca)
    tls = {"REGISTRY_HTTP_TLS_CERTIFICATE": str(ca), "REGISTRY_HTTP_TLS_KEY": str(ca)}
    registry = fresh_registry(tls, tls=ssl.create_default_context(cafile=ca))
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    sources = (f"--local=context={tmp_path}", f"--local=dockerfile={tmp_path}")
    output = f"--output=type=image,name={registry.host}/daemon/tls:1,push=true"
    settings = parse_settings(cas=[f"{registry.host}={ca}"])
    with start(DaemonOptions(root=str(root), registries=settings)) as daemon:
        built = run(str(daemon.address), "build", "--frontend=dockerfile.v0", *sources, output)
        assert built.returncode == 0, built.stderr
    assert registry.tags("daemon/tls") == ["1"]


def test_where_proc_cannot_be_mounted_it_runs_without_namespaces(root: Path, run: Buildctl) -> None:
    masked = "mount --bind /dev/null /proc/meminfo && exec unshare --user --map-root-user --mount"
    command = ("unshare", "--mount", "sh", "-c", f'{masked} "$@"', "sh", *owner_command(root, isolate=True))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        assert run(lock_of(root)["address"], "debug", "workers").returncode == 0
        assert owner.stdin is not None
        owner.stdin.close()
    log = (root / "runner.log").read_text()
    assert log.startswith(
        "buildkit-runner: no namespaces for buildkitd: mounting /proc: Operation not permitted"
    )
    assert_nothing_is_left(root)


def test_the_log_before_is_kept(root: Path, run: Buildctl) -> None:
    for _ in range(2):
        with start(DaemonOptions(root=str(root))) as daemon:
            run(str(daemon.address), "debug", "workers")
            assert any("running server on" in line for line in daemon.log_tail(10))
    assert "stopping server" in (root / "runner.log.1").read_text()
