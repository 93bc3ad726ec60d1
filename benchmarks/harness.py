"""Run two commands in turn and compare them pair by pair, with the kernel's own accounting of each."""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

# The daemon's state is kept in memory: on a disk the file system's own noise is larger than what is compared.
MEMORY = Path("/dev/shm")


class Run(NamedTuple):
    """One finished process: wall and CPU time in seconds, peak memory in MB, and what it wrote to stderr."""

    wall: float
    cpu: float
    rss: float
    stderr: bytes


class Row(NamedTuple):
    """One line of the table: medians of both sides, and the median of the pairs' ratios."""

    name: str
    unit: str
    ours: float
    peer: float
    peer_name: str
    ratio: float
    pairs: int


def run(command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> Run:
    """Run a command to its end. Raises RuntimeError with the end of its stderr where it fails."""
    # Without bytecode every start of Python compiles what it imports, which no installed command does.
    env = {name: value for name, value in (env or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        stderr = log.read()
    if process.returncode:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words}: exit {process.returncode}\n{stderr[-2000:].decode(errors='replace')}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, stderr)


def compare(
    ours: Callable[[], Run], peer: Callable[[], Run], *, pairs: int, warm_up: int = 0
) -> list[tuple[Run, Run]]:
    """Run both in turn, changing which goes first, so that the machine's drift hits both alike."""
    for _ in range(warm_up):
        ours(), peer()
    found = []
    for number in range(pairs):
        if number % 2:
            second = peer()
            found.append((ours(), second))
        else:
            first = ours()
            found.append((first, peer()))
    return found


def row(
    name: str,
    unit: str,
    peer_name: str,
    found: Sequence[tuple[Run, Run]],
    figure: Callable[[Run], float],
) -> Row:
    """One line from the pairs, by one figure of each run."""
    ours = [figure(a) for a, _ in found]
    peer = [figure(b) for _, b in found]
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    return Row(
        name,
        unit,
        round(statistics.median(ours), 4),
        round(statistics.median(peer), 4),
        peer_name,
        round(statistics.median(ratios), 3),
        len(found),
    )


def vertex_seconds(rawjson: bytes, name: str) -> float:
    """Seconds that the vertex whose name contains `name` took, from `--progress=rawjson` output."""
    from datetime import datetime

    def instant(text: str) -> float:
        whole, _, fraction = text.rstrip("Z").partition(".")
        return datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")

    for line in reversed(rawjson.splitlines()):
        for vertex in json.loads(line).get("vertexes") or () if line.startswith(b"{") else ():
            if name in vertex["name"] and vertex.get("completed"):
                return instant(vertex["completed"]) - instant(vertex["started"])
    raise RuntimeError(f"no vertex named {name!r} in the progress stream")


@contextmanager
def daemon(buildkitd: Path) -> Iterator[str]:
    """A buildkitd with an empty state in memory; gives its address."""
    root = Path(tempfile.mkdtemp(prefix="bkr-bench-", dir=MEMORY))
    address = f"unix://{root}/d.sock"
    config = root / "buildkitd.toml"
    config.write_text(f'root = "{root}/state"\n[otel]\nsocketPath = "{root}/otel.sock"\n')
    command: list[str | Path] = [buildkitd, "--config", config, "--addr", address, "--oci-worker-net", "host"]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while not (root / "d.sock").exists():
            if process.poll() is not None:
                raise RuntimeError(f"buildkitd did not start:\n{(root / 'log').read_text()[-2000:]}")
            time.sleep(0.01)
        yield address
    finally:
        process.terminate()
        process.wait(20)
        _unmount_below(root)
        shutil.rmtree(root, ignore_errors=True)


def _unmount_below(root: Path) -> None:
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        target = line.split(" ")[4]
        if target.startswith(f"{root}/"):
            subprocess.run(["umount", "-l", target], check=False)
