"""The flags that say which daemon is used, and the client that they make."""

import os
from typing import TYPE_CHECKING

from runner.cli.flags import Flag, Values
from runner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.client import Client
    from runner.registry.settings import RegistrySettings
    from runner.specs.node import Node
    from runner.transport.address import TLS

HOW = ("auto", "join", "own")

GROUPS = {
    "Daemon": (
        Flag("--addr", "ADDR", "join unix:///PATH or tcp://HOST:PORT (BUILDKIT_HOST)"),
        Flag("--daemon", "HOW", "join one, start our own, or auto: join where one answers", choices=HOW),
        Flag("--root", "DIR", "where our own daemon keeps its state and its cache"),
        Flag("--cache-size", "SIZE", "how large its cache may be after a build, such as 10gb"),
    ),
    "TLS, for tcp addresses": (
        Flag("--tlscacert", "FILE", "the CA of the daemon's certificate"),
        Flag("--tlscert", "FILE", "our certificate"),
        Flag("--tlskey", "FILE", "our certificate's key"),
        Flag("--tlsdir", "DIR", "a directory with the three: ca.pem, cert.pem, key.pem"),
        Flag("--tlsservername", "NAME", "the name in the daemon's certificate"),
    ),
}

# The names under which buildctl's --tlsdir looks for each file.
TLS_FILES = {"ca": ("ca.pem", "ca.crt"), "cert": ("cert.pem", "tls.crt"), "key": ("key.pem", "tls.key")}


def make_client(
    values: Values,
    registries: "RegistrySettings",
    nodes: "Iterable[Node]" = (),
    node_fallback: str = "fail",
) -> "Client":
    """The client for these flags, with these nodes besides. Raises UsageError."""
    from runner.client import Client

    size = None
    if text := values.one("--cache-size"):
        from runner.specs.size import parse_size

        size = parse_size("--cache-size", text)
    return Client(
        values.one("--addr") or None,
        root=values.one("--root") or None,
        daemon=values.one("--daemon", "auto"),
        cache_size=size,
        registries=registries,
        tls=_tls(values),
        nodes=nodes,
        node_fallback=node_fallback,
    )


def _tls(values: Values) -> "TLS | None":
    ca, cert, key = (values.one(name) for name in ("--tlscacert", "--tlscert", "--tlskey"))
    folder, name = values.one("--tlsdir"), values.one("--tlsservername")
    if folder:
        if ca or cert or key:
            raise UsageError("--tlsdir and --tlscacert, --tlscert, --tlskey: give one or the others")
        ca, cert, key = (_first(folder, names) for names in TLS_FILES.values())
    if not (ca or cert or key or name):
        return None
    from runner.transport.address import TLS

    return TLS(ca, cert, key, name)


def _first(folder: str, names: tuple[str, ...]) -> str:
    paths = [os.path.join(folder, name) for name in names]
    for path in paths:
        if os.path.exists(path):
            return path
    raise UsageError(f"reading --tlsdir {folder}: there is no {' or '.join(names)} in it")
