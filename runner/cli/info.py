"""`buildkit-runner info`: the daemon's version, workers and platforms."""

from typing import TYPE_CHECKING

from runner.cli.connection import add_daemon_flags, make_client
from runner.cli.parser import Parser

if TYPE_CHECKING:
    from runner.api import Info

EXAMPLES = """\
  buildkit-runner info
  buildkit-runner info --addr tcp://buildkitd.example.com:1234 --tlsdir /certs --format json
"""


def parser() -> Parser:
    """The flags of `info`."""
    made = Parser("info", "[OPTIONS]", "Show the daemon's version, workers and platforms.", EXAMPLES)
    options = made.group("Options")
    options.value("--format", metavar="FORMAT", choices=("text", "json"), default="text", help="text or json")
    options.end("-h", "--help", help="show this help")
    add_daemon_flags(made)
    return made


def run(words: list[str]) -> int:
    """Ask the daemon and print what it says."""
    args = parser().parse(words)
    from runner.registry.settings import RegistrySettings

    with make_client(args, RegistrySettings()) as client:
        found = client.info()
    print(as_json(found) if args.format == "json" else as_text(found))
    return 0


def as_text(info: "Info") -> str:
    """For people."""
    lines = [f"BuildKit   {info.version} ({info.revision})"]
    for worker in info.workers:
        lines += [f"Worker     {worker.id}", f"Platforms  {', '.join(worker.platforms)}"]
        lines += [f"           {key}={value}" for key, value in worker.labels.items()]
    return "\n".join(lines)


def as_json(info: "Info") -> str:
    """For programs."""
    import json

    workers = [worker._asdict() for worker in info.workers]
    return json.dumps({"version": info.version, "revision": info.revision, "workers": workers}, indent=2)
