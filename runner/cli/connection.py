"""The flags that say which daemon is used, and the client that they make."""

import os
from typing import TYPE_CHECKING

from runner.cli.parser import Parser
from runner.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from runner.client import Client
    from runner.registry.settings import RegistrySettings
    from runner.transport.address import TLS

# The names under which buildctl's --tlsdir looks for each file.
TLS_FILES = {"ca": ("ca.pem", "ca.crt"), "cert": ("cert.pem", "tls.crt"), "key": ("key.pem", "tls.key")}


def add_daemon_flags(parser: Parser) -> None:
    """Add the groups of flags that `make_client` reads."""
    daemon = parser.group("Daemon")
    daemon.value("--addr", metavar="ADDR", help="join unix:///PATH or tcp://HOST:PORT (BUILDKIT_HOST)")
    daemon.value(
        "--daemon", metavar="HOW", choices=("auto", "join", "own"), default="auto",
        help="join a daemon, start one of our own, or auto: join where one answers",
    )  # fmt: skip
    daemon.value("--root", metavar="DIR", help="where our own daemon keeps its state and cache")
    tls = parser.group("TLS, for tcp addresses")
    tls.value("--tlscacert", metavar="FILE", default="", help="the CA of the daemon's certificate")
    tls.value("--tlscert", metavar="FILE", default="", help="our certificate")
    tls.value("--tlskey", metavar="FILE", default="", help="our certificate's key")
    tls.value(
        "--tlsdir", metavar="DIR", default="", help="a directory with the three: ca.pem, cert.pem, key.pem"
    )
    tls.value("--tlsservername", metavar="NAME", default="", help="the name in the daemon's certificate")


def make_client(args: "Namespace", registries: "RegistrySettings") -> "Client":
    """The client for these flags. Raises UsageError."""
    from runner.client import Client

    return Client(
        args.addr or os.environ.get("BUILDKIT_HOST") or None,
        root=args.root,
        daemon=args.daemon,
        registries=registries,
        tls=_tls(args),
    )


def _tls(args: "Namespace") -> "TLS | None":
    given = {"ca": args.tlscacert, "cert": args.tlscert, "key": args.tlskey}
    if args.tlsdir:
        if any(given.values()):
            raise UsageError("--tlsdir and --tlscacert, --tlscert or --tlskey: give one or the others")
        given = {what: _first(args.tlsdir, names) for what, names in TLS_FILES.items()}
    if not any(given.values()) and not args.tlsservername:
        return None
    from runner.transport.address import TLS

    return TLS(**given, server_name=args.tlsservername)


def _first(folder: str, names: tuple[str, ...]) -> str:
    paths = [os.path.join(folder, name) for name in names]
    for path in paths:
        if os.path.exists(path):
            return path
    raise UsageError(f"reading --tlsdir {folder}: there is no {' or '.join(names)}")
