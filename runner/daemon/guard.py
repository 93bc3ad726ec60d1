"""The process between us and our buildkitd: nothing that the daemon started outlives the daemon, or us.

It runs the daemon as the first process of a PID namespace and in a mount namespace: when the daemon ends, in
whatever way, the kernel ends its containers and drops its mounts. Where namespaces are not allowed it kills
and unmounts what is left. It stops the daemon at SIGTERM and when its owner is gone; when it is killed
itself, the daemon gets SIGKILL. start.py runs it in a Python of its own; it imports little, to be quick.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import sys
import time

from runner.daemon import leftovers, log

# What start.py hands over, besides the log as 1 and 2: the listening socket, at the place of socket
# activation's first (SD_LISTEN_FDS_START); the lock of the state directory; a pidfd of the owner.
LISTEN_FD, LOCK_FD, OWNER_FD = 3, 4, 5

# How long the daemon may take after SIGTERM (seconds): it waits for running Solves, and a client may hang.
GRACE = 2.0

# linux/sched.h, linux/mount.h, linux/prctl.h, asm-generic/signal-defs.h
CLONE_NEWNS, CLONE_NEWPID = 0x00020000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_SLAVE = 2, 4, 8, 1 << 14, 1 << 19
PR_SET_PDEATHSIG = 1
SIG_BLOCK, SIG_SETMASK = 0, 2
SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM, SIGXFSZ = 1, 2, 9, 13, 15, 25
SIGSET = 128  # bytes of a sigset_t

# Where runc and crun keep the state of containers that root runs.
RUNTIME_STATE = ("/run/runc", "/run/crun")

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, doing: str) -> int:
    """The result of a call of libc; raises OSError where it failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{doing}: {os.strerror(ctypes.get_errno())}")
    return result


def mount(source: str, target: str, kind: str, flags: int) -> None:
    check(libc.mount(source.encode(), target.encode(), kind.encode(), flags, None), f"mounting {target}")


def enter_mount_namespace() -> None:
    """In the first process of the new PID namespace: mount what belongs to it.

    Mounts of the host still arrive (slave); nothing that is mounted from here on reaches the host.
    """
    check(libc.unshare(CLONE_NEWNS), "making a mount namespace")
    mount("none", "/", "", MS_REC | MS_SLAVE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for folder in RUNTIME_STATE:  # so that no container of ours is listed by the host's runc, dead or alive
        with contextlib.suppress(OSError):
            os.makedirs(folder, 0o700, exist_ok=True)
            mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def say(text: str) -> None:
    """Write a line to the log, before the daemon does."""
    os.write(1, f"buildkit-runner: {text}\n".encode())


def can_isolate() -> bool:
    """Try the namespaces in a process of its own: a user namespace's root may make them, but not go back."""
    pid = os.fork()
    if pid == 0:
        try:
            check(libc.unshare(CLONE_NEWPID), "making a PID namespace")
            first = os.fork()
            if first == 0:
                enter_mount_namespace()
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
        except OSError as cause:
            say(f"no namespaces for buildkitd: {cause.strerror}")
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def become_daemon(command: list[str], output: int, guard: int, *, isolated: bool) -> None:
    """In the child: execute buildkitd. Never returns. guard: a pidfd of its parent."""
    try:
        check(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "asking for SIGKILL when the guard dies")
        if readable(guard):  # it died before that
            os._exit(127)
        if isolated:
            enter_mount_namespace()
        for target in (1, 2):
            os.dup2(output, target)
        # Python ignores these two, and the signals of the guard are blocked: build steps would inherit both.
        libc.signal(SIGPIPE, None)
        libc.signal(SIGXFSZ, None)
        libc.sigprocmask(SIG_SETMASK, bytes(SIGSET), None)
        os.execve(command[0], command, {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})
    except OSError as cause:
        say(f"starting {command[0]}: {cause.strerror}")
    finally:
        os._exit(127)


def readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def catches(pid: int, signal: int) -> bool:
    """Whether a process handles a signal. The first of a PID namespace does not get it when it does not."""
    with open(f"/proc/{pid}/status", "rb") as status:
        caught = next(line for line in status if line.startswith(b"SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal - 1) & 1)


def signal_fd() -> int:
    """A file descriptor that is readable when the guard is asked to stop."""
    bits = sum(1 << (number - 1) for number in (SIGHUP, SIGINT, SIGTERM))
    signals = bits.to_bytes(8, sys.byteorder).ljust(SIGSET, b"\0")
    libc.sigprocmask(SIG_BLOCK, signals, None)
    return check(libc.signalfd(-1, signals, 0), "making a signalfd")


class Guard:
    """Runs one daemon. root: its state directory. runtime: that of its private sockets.

    cgroup: the parent of its containers' cgroups. socket: the path where it listens. isolate: whether to use
    namespaces. command: its argv.
    """

    def __init__(
        self, root: str, runtime: str, cgroup: str, socket: str, isolate: bool, command: list[str]
    ) -> None:
        self.root = root
        self.runtime = runtime
        self.cgroup = cgroup
        self.socket = socket
        self.isolate = isolate
        self.command = command
        self.stopping = False
        self.deadline: float | None = None
        self.pid = 0
        self.output = -1

    def run(self) -> int:
        """Run the daemon to its end. Returns its exit status (256 less for a signal), or 0 when stopped."""
        signals = signal_fd()
        leftovers.clean(self.root, self.cgroup)
        self.start()
        os.write(LOCK_FD, f"guard {os.getpid()}\ndaemon {self.pid}\n".encode())
        status = self.watch(signals)
        if not self.stopping:
            leftovers.remove_socket(self.socket)
        leftovers.clean(self.root, self.cgroup, os.getpid())
        leftovers.remove_runtime(self.runtime)
        return 0 if self.stopping else status

    def start(self) -> None:
        """Fork the daemon, in namespaces of its own, or without where they are not allowed."""
        isolated = self.isolate and can_isolate()
        self.output, output = os.pipe()
        myself = os.pidfd_open(os.getpid())
        if isolated:
            check(libc.unshare(CLONE_NEWPID), "making a PID namespace")
        self.pid = os.fork()
        if self.pid == 0:
            become_daemon(self.command, output, myself, isolated=isolated)
        for fd in (LISTEN_FD, output, myself):
            os.close(fd)

    def watch(self, signals: int) -> int:
        """Wait for the daemon's end, keep its log meanwhile; returns its exit status."""
        child = os.pidfd_open(self.pid)
        poll = select.poll()
        for fd in (child, signals, OWNER_FD, self.output):
            poll.register(fd, select.POLLIN)
        os.set_blocking(self.output, False)
        said = log.Copy(self.output, 1, self.root)
        while True:
            left = None if self.deadline is None else self.deadline - time.monotonic()
            if left is not None and left <= 0:
                os.kill(self.pid, SIGKILL)
                self.deadline = left = None
            ready = {fd for fd, _ in poll.poll(None if left is None else left * 1000)}
            if self.output in ready and not said.more():
                poll.unregister(self.output)
            for fd in ready & {signals, OWNER_FD}:
                poll.unregister(fd)
                self.stop()
            if child in ready:
                said.more()
                said.finish()
                return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]) % 256

    def stop(self) -> None:
        if not self.stopping:
            self.stopping = True
            self.deadline = time.monotonic() + GRACE
            leftovers.remove_socket(self.socket)  # later, it might be that of the next daemon there
            os.kill(self.pid, SIGTERM if catches(self.pid, SIGTERM) else SIGKILL)


def main() -> None:
    """argv: the parameters of Guard, in their order."""
    root, runtime, cgroup, socket, isolate, *command = sys.argv[1:]
    for inherited in os.listdir("/proc/self/fd"):  # what our owner's own parent left open, such as a lock
        if int(inherited) > OWNER_FD:
            with contextlib.suppress(OSError):  # that of the listing
                os.close(int(inherited))
    for ours in (LOCK_FD, OWNER_FD):
        os.set_inheritable(ours, False)
    try:
        status = Guard(root, runtime, cgroup, socket, isolate == "yes", command).run()
    except OSError as cause:
        say(f"guarding buildkitd: {cause.strerror}")
        status = 1
    sys.exit(status)
