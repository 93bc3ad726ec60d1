"""What is compared: context upload, a build with nothing to do, start-up with and without a daemon."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import Row, Run, compare, daemon, row, run, vertex_seconds

OURS = Path(sys.executable).with_name("buildkit-runner")
UPLOAD = "load build context"


class Setting(NamedTuple):
    """tools: folder with buildkitd and buildctl. folder: scratch space in memory. pairs: or None."""

    tools: Path
    folder: Path
    pairs: int | None


def context_small_files(setting: Setting) -> list[Row]:
    """100,000 files of 100 bytes in 100 folders, into an empty daemon each time."""
    context = setting.folder / "small"
    for folder in range(100):
        parent = context / f"d{folder:02}"
        parent.mkdir(parents=True)
        for number in range(1000):
            (parent / f"f{number:03}").write_bytes(b"%05d%03d" % (folder, number) * 12)
    return _upload(setting, context, "100,000 small files", pairs=setting.pairs or 3)


def context_large_file(setting: Setting) -> list[Row]:
    """One file of 1 GiB, into an empty daemon each time."""
    context = setting.folder / "large"
    context.mkdir()
    block = os.urandom(1 << 20)
    with (context / "file").open("wb") as file:
        for _ in range(1024):
            file.write(block)
    return _upload(setting, context, "one 1 GiB file", pairs=setting.pairs or 3)


def _upload(setting: Setting, context: Path, what: str, *, pairs: int) -> list[Row]:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")

    def fresh(client: Callable[[Setting, str, Path], list[str | Path]]) -> Run:
        with daemon(setting.tools / "buildkitd") as address:
            return run(client(setting, address, context))

    found = compare(lambda: fresh(_ours), lambda: fresh(_buildctl), pairs=pairs)
    shutil.rmtree(context)
    return [
        row(f"{what}: transfer", "s", "buildctl", found, lambda r: vertex_seconds(r.stderr, UPLOAD)),
        row(f"{what}: client CPU", "s", "buildctl", found, lambda r: r.cpu),
        row(f"{what}: client peak memory", "MB", "buildctl", found, lambda r: r.rss),
    ]


def warm_no_op(setting: Setting) -> list[Row]:
    """A build of which every step is cached, against a daemon that runs: the whole process."""
    context = setting.folder / "no-op"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY a /\n")
    (context / "a").write_text("a")
    with daemon(setting.tools / "buildkitd") as address:
        found = compare(
            lambda: run(_ours(setting, address, context, progress="plain")),
            lambda: run(_buildctl(setting, address, context, progress="plain")),
            pairs=setting.pairs or 21,
            warm_up=2,
        )
    return [
        row("warm no-op build: wall", "s", "buildctl", found, lambda r: r.wall),
        row("warm no-op build: client CPU", "s", "buildctl", found, lambda r: r.cpu),
    ]


def version(setting: Setting) -> list[Row]:
    """`--version`: the least that a process costs."""
    found = compare(
        lambda: run([OURS, "--version"]),
        lambda: run([setting.tools / "buildctl", "--version"]),
        pairs=setting.pairs or 21,
        warm_up=2,
    )
    return [row("--version: wall", "s", "buildctl", found, lambda r: r.wall)]


def own_daemon(setting: Setting) -> list[Row]:
    """A cached build that brings its own daemon, against buildctl-daemonless.sh on a kept state."""
    context = setting.folder / "daemonless"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY a /\n")
    (context / "a").write_text("a")
    script = _daemonless_script()
    peer_root, ours_root = setting.folder / "peer", setting.folder / "ours"
    config = setting.folder / "peer.toml"
    config.write_text(f'root = "{peer_root}"\n[otel]\nsocketPath = "{setting.folder}/peer-otel.sock"\n')
    paths = f"{setting.tools}:{os.environ['PATH']}"
    env = os.environ | {"PATH": paths, "BUILDKITD_FLAGS": f"--config {config} --oci-worker-net host"}
    local = [f"--local=context={context}", f"--local=dockerfile={context}"]
    found = compare(
        lambda: run([OURS, "build", "--root", ours_root, "--daemon", "own", context]),
        lambda: run(["sh", script, "build", "--frontend", "dockerfile.v0", *local], env=env),
        pairs=setting.pairs or 7,
        warm_up=1,
    )
    return [
        row("cached build with its own daemon: wall", "s", "buildctl-daemonless.sh", found, lambda r: r.wall)
    ]


def _ours(_: Setting, address: str, context: Path, progress: str = "rawjson") -> list[str | Path]:
    return [OURS, "build", "--addr", address, "--progress", progress, context]


def _buildctl(setting: Setting, address: str, context: Path, progress: str = "rawjson") -> list[str | Path]:
    local = [f"--local=context={context}", f"--local=dockerfile={context}"]
    frontend = ["--frontend", "dockerfile.v0", f"--progress={progress}"]
    return [setting.tools / "buildctl", "--addr", address, "build", *frontend, *local]


def _daemonless_script() -> Path:
    """BuildKit's own script, from the module that the tools were built from."""
    module = ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/moby/buildkit"]
    folder = Path(__file__).parent.parent / "tools" / "buildkit"
    found = subprocess.run(module, cwd=folder, check=True, capture_output=True, text=True)
    return Path(found.stdout.strip()) / "examples/buildctl-daemonless/buildctl-daemonless.sh"


ALL: dict[str, Callable[[Setting], list[Row]]] = {
    "version": version,
    "no-op": warm_no_op,
    "own-daemon": own_daemon,
    "small-files": context_small_files,
    "large-file": context_large_file,
}
