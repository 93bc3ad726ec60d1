"""A real buildkitd for tests, in namespaces of its own, so that nothing of it outlives its end."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support.process import Process, first_child

# The daemon is the first process of a PID namespace: its containers die with it, also when it is killed; the
# mounts of its private mount namespace go with the last of them.
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")


class Buildkitd:
    """A running buildkitd. `address` is its unix address.

    tools: the folder with the binary. root: a directory for its state, log and socket, made here and removed
    at the end.
    registries: its buildkitd.toml tables of registries (see `registry_tables`).
    listen: further addresses, such as tcp://127.0.0.1:PORT. config: more TOML, at its end.
    platforms: what it says it builds; none is what it finds out itself.
    env: more environment variables.
    """

    def __init__(
        self,
        tools: Path,
        root: Path,
        *,
        registries: str = "",
        listen: Sequence[str] = (),
        config: str = "",
        platforms: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.address = f"unix://{root}/buildkitd.sock"
        self.config = root / "buildkitd.toml"
        addresses = ", ".join(f'"{address}"' for address in (self.address, *listen))
        worker = f"platforms = {json.dumps(platforms)}\n" if platforms else ""
        self.config.write_text(
            f'root = "{root}/state"\n'
            f"[grpc]\naddress = [{addresses}]\n"
            f'[otel]\nsocketPath = "{root}/otel.sock"\n'
            "[worker.containerd]\nenabled = false\n"
            f"[worker.oci]\nenabled = true\ngc = false\n{worker}{registries}\n{config}\n"
        )
        self._process = Process(
            [*NAMESPACES, tools / "buildkitd", "--config", self.config],
            log=root / "log",
            ready=f"running server on {root}/buildkitd.sock",
            env=env,
        )

    @property
    def pid(self) -> int:
        """The daemon's own process."""
        return first_child(self._process.pid)

    @property
    def log(self) -> Path:
        return self._process.log

    @property
    def alive(self) -> bool:
        return self._process.alive

    def kill(self) -> None:
        """SIGKILL to the daemon itself, as the kernel would when memory runs out; waits for its end."""
        self._process.end(signal.SIGKILL, pid=self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it and remove its root. May be called when it is gone already.

        With SIGKILL: a SIGTERM would wait for its clients, and the namespaces leave nothing behind.
        """
        if self.alive:
            self.kill()
        shutil.rmtree(self.root, ignore_errors=True)


def registry_tables(host: str) -> str:
    """buildkitd.toml tables: `host` speaks plain HTTP and stands in for docker.io."""
    return (
        f'[registry."docker.io"]\nmirrors = ["{host}"]\n[registry."{host}"]\nhttp = true\ninsecure = true\n'
    )
