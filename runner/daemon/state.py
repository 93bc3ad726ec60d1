"""The state directory of a daemon of our own, its lock, and the directory of its sockets."""

from __future__ import annotations

import os
from typing import NamedTuple

from runner.errors import DaemonError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "buildkit-runner"
# How long a daemon whose owner was killed may take to stop (seconds): guard.GRACE, and to clean up.
PATIENCE = 5.0


class State(NamedTuple):
    """A locked state directory. key: names it among all of this machine. lock: the lock's descriptor.

    empty: nothing was in it, so that no daemon has ever used it.
    """

    root: str
    key: str
    lock: int
    empty: bool

    @property
    def cgroup(self) -> str:
        """The parent of its containers' cgroups."""
        return f"{NAME}-{self.key}"

    def claim(self, address: str) -> None:
        """Write into the lock who we are, for those who are refused."""
        os.ftruncate(self.lock, 0)
        os.write(self.lock, f"owner {os.getpid()}\naddress {address}\n".encode())


def default_root(environ: Mapping[str, str], uid: int) -> str:
    """Where the state is when nobody says: below /var/lib for root, else as the XDG base directories say."""
    if uid == 0:
        return f"/var/lib/{NAME}"
    home = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return f"{home}/{NAME}"


def open_state(root: str) -> State:
    """Make the state directory, and lock it until `lock` and its copies are closed.

    Waits for a daemon whose owner or guard was killed: it is about to end. Raises UsageError where the
    directory cannot be made, DaemonError when another daemon uses it.
    """
    root = os.path.realpath(root)
    try:
        os.makedirs(root, 0o700, exist_ok=True)
        empty = not os.listdir(root)
        lock = os.open(f"{root}/runner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as cause:
        raise UsageError(
            f"making the state directory {root}: {cause.strerror}", hint="Give another one with --root."
        ) from cause
    try:
        if not _try_lock(lock):
            holder = _read(lock)
            orphan = not _lives(holder.get("owner", "")) and not _lives(holder.get("guard", ""), PATIENCE)
            if not (orphan and _try_lock(lock)):
                raise _in_use(root, _read(lock))
        if _buildkitd(root):
            await_daemon(root)
            if process := _buildkitd(root):
                raise DaemonError(
                    f"starting a daemon: the state directory {root} is in use by a buildkitd "
                    f"(process {process})",
                    hint="Join it with --addr, stop it, or give another directory with --root.",
                )
    except BaseException:
        os.close(lock)
        raise
    found = os.stat(root)
    return State(root, f"{found.st_dev:x}-{found.st_ino:x}", lock, empty)


def await_daemon(root: str) -> None:
    """Wait a few seconds for the end of the daemon that we started there last."""
    with open(f"{root}/runner.lock", "rb") as lock:
        _lives(_read(lock.fileno()).get("daemon", ""), PATIENCE)


def runtime_directory(key: str) -> str:
    """Make the directory of a daemon's sockets: a short path, since a socket's may have 107 bytes.

    Raises UsageError where it cannot be made.
    """
    uid = os.getuid()
    bases = [f"/run/{NAME}", f"{os.environ.get('TMPDIR') or '/tmp'}/{NAME}-{uid}", f"/tmp/{NAME}-{uid}"]
    reasons = []
    for base in bases:
        try:
            os.makedirs(base, 0o700, exist_ok=True)
            found = os.lstat(base)
            if found.st_uid != uid or found.st_mode & 0o022:
                reasons.append(f"{base} belongs to somebody else")
                continue
            path = f"{base}/{key}"
            os.makedirs(path, 0o700, exist_ok=True)
        except OSError as cause:
            reasons.append(f"{base}: {cause.strerror}")
            continue
        return path
    raise UsageError(f"making a directory for the daemon's socket: {'; '.join(reasons)}")


def _try_lock(lock: int) -> bool:
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(lock: int) -> dict[str, str]:
    """The lock's lines: owner, guard and daemon are process ids."""
    lines = os.pread(lock, 4096, 0).decode(errors="replace").splitlines()
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def _lives(pid: str, patience: float = 0.0) -> bool:
    """Whether a process still runs after so many seconds; a zombie does not."""
    import select

    try:
        handle = os.pidfd_open(int(pid))
    except (ValueError, OSError):
        return False
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    ended = poll.poll(patience * 1000)
    os.close(handle)
    return not ended


def _in_use(root: str, holder: Mapping[str, str]) -> DaemonError:
    join = f", or join it with --daemon join --addr {holder['address']}" if "address" in holder else ""
    return DaemonError(
        f"starting a daemon: the state directory {root} is in use (process {holder.get('owner', 'unknown')})",
        hint=f"Wait until it has ended, give another directory with --root{join}.",
    )


def _buildkitd(root: str) -> str:
    """The process that holds the lock which every buildkitd has on its root; "" where none does."""
    try:
        lock = os.open(f"{root}/buildkitd.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return "" if _try_lock(lock) else _holder(os.fstat(lock).st_ino)
    finally:
        os.close(lock)


def _holder(inode: int) -> str:
    """The process that holds a flock, out of /proc/locks."""
    with open("/proc/locks") as file:
        for line in file:
            fields = line.split()  # "1: FLOCK ADVISORY WRITE <pid> <major>:<minor>:<inode> 0 EOF"
            if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].endswith(f":{inode}"):
                return fields[4]
    return "unknown"
