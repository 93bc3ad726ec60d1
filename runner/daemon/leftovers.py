"""What a daemon of ours may leave behind when it is killed: containers, cgroups, mounts, files.

Everything is found by its state directory, which is locked by whoever calls this.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import time

from runner.daemon import marker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SIGKILL = 9
MNT_DETACH = 2
# How long killed processes may take to vanish (seconds).
PATIENCE = 1.0
# What the kernel escapes in a mount point.
ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


def temporary(root: str) -> str:
    """The daemon's TMPDIR, where it mounts layers for itself."""
    return f"{root}/runner.tmp"


def clean(root: str, cgroup: str, guard: int = 0) -> None:
    """End the containers of the state directory `root`; remove their cgroups, mounts and files.

    cgroup: the parent of the containers' cgroups, relative to the top of a hierarchy. guard: the process id
    of the daemon's guard, which leads the session of all that the daemon started; 0 where that is long ago.
    The daemon must not run. What cannot be removed stays; the next call tries again.
    """
    mounted = mounts()
    cgroups = [f"{point}/{cgroup}" for point, kind in mounted if kind.startswith("cgroup")]
    deadline = time.monotonic() + PATIENCE
    while pids := _session(guard) | {pid for folder in cgroups for pid in _processes(folder)}:
        _kill(pids, deadline)
        if time.monotonic() > deadline:
            break
    for folder in cgroups:
        for path, _, _ in os.walk(folder, topdown=False):
            _try(os.rmdir, path)
    for point, _ in reversed(mounted):
        if _is_ours(point, root):
            ctypes.CDLL(None).umount2(os.fsencode(point), MNT_DETACH)
    if any(_is_ours(point, root) for point, _ in mounts()):
        return  # the files below are those of a layer
    _remove_content(temporary(root))
    for bundle in _bundles(root):
        _remove_content(bundle)
        _try(os.rmdir, bundle)
        for runtime in ("runc", "crun"):  # it lies there where the daemon had no mount namespace
            state = f"/run/{runtime}/{os.path.basename(bundle)}"
            _remove_content(state)
            _try(os.rmdir, state)


def remove_socket(path: str) -> None:
    """Remove a daemon's socket and its mark."""
    marker.remove(path)
    _try(os.unlink, path)


def remove_runtime(runtime: str) -> None:
    """Remove a daemon's runtime directory."""
    _remove_content(runtime)
    _try(os.rmdir, runtime)


def mounts() -> list[tuple[str, str]]:
    """(mount point, type of filesystem) of all mounts that this process sees, in the order they were made."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            point = before.split(" ")[4]
            for escaped, plain in ESCAPES:
                point = point.replace(escaped, plain)
            found.append((point, after.partition(" ")[0]))
    return found


def _is_ours(point: str, root: str) -> bool:
    """Whether buildkitd makes mounts there: in runner.tmp/, net/ and runc-<snapshotter>/<directory>/.

    A volume that somebody mounted in the state directory stays.
    """
    below = point.removeprefix(f"{root}/")
    if below == point:
        return False
    first, _, rest = below.partition("/")
    return first in ("runner.tmp", "net") or (first.startswith("runc-") and "/" in rest)


def _bundles(root: str) -> list[str]:
    """The directories of containers that were running: <root>/runc-<snapshotter>/executor/<id>."""
    found = []
    for worker in _entries(root):
        if worker.name.startswith("runc-"):
            found += [entry.path for entry in _entries(f"{worker.path}/executor") if entry.is_dir()]
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _remove_content(folder: str) -> None:
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            _remove_content(entry.path)
            _try(os.rmdir, entry.path)
        else:
            _try(os.unlink, entry.path)


def _processes(folder: str) -> list[int]:
    """The processes in a cgroup and those below it."""
    found: list[int] = []
    for path, _, _ in os.walk(folder):
        try:
            with open(f"{path}/cgroup.procs") as file:
                found += [int(line) for line in file if line != "0\n"]
        except OSError:
            continue
    return found


def _session(leader: int) -> set[int]:
    """The processes of a session, without its leader."""
    if not leader:
        return set()
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != leader and _session_of(name) == leader:
            found.add(int(name))
    return found


def _session_of(pid: str) -> int:
    """The session of a process; 0 where it has ended, be it a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, _, _, session = file.read().rpartition(b") ")[2].split()[:4]
    except (OSError, ValueError):
        return 0
    return 0 if state == b"Z" else int(session)


def _kill(pids: set[int], deadline: float) -> None:
    """SIGKILL, and wait until they are gone."""
    poll = select.poll()
    handles = []
    for pid in pids:
        try:
            handles.append(os.pidfd_open(pid))
            poll.register(handles[-1], select.POLLIN)
            os.kill(pid, SIGKILL)
        except ProcessLookupError:
            continue
    waiting = len(handles)
    while waiting and (left := deadline - time.monotonic()) > 0:
        for handle, _ in poll.poll(left * 1000):
            poll.unregister(handle)
            waiting -= 1
    for handle in handles:
        os.close(handle)


def _try(remove: Callable[[str], None], path: str) -> None:
    with contextlib.suppress(OSError):
        remove(path)
