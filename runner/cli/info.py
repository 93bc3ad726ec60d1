"""`buildkit-runner info`: the daemon's version, workers and platforms."""

from typing import TYPE_CHECKING

from runner.cli import connection
from runner.cli.flags import HELP, Command, Flag
from runner.cli.stdout import say
from runner.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from runner.api import Info

COMMAND = Command(
    "info",
    "",
    "Show the daemon's version, workers and platforms.",
    {
        "Options": (Flag("--format", "FORMAT", "text or json", choices=("text", "json")), HELP),
        **connection.GROUPS,
    },
    """\
  buildkit-runner info
  buildkit-runner info --addr tcp://buildkitd.example.com:1234 --tlsdir /certs --format json""",
)


def run(words: list[str]) -> int:
    """Ask the daemon and print what it says."""
    values = COMMAND.parse(words)
    if values.on(HELP.name):
        say(COMMAND.help())
        return 0
    if values.operands:
        raise COMMAND.wrong(f"unexpected {values.operands[0]!r}")
    with connection.make_client(values, RegistrySettings()) as client:
        found = client.info()
    say(as_json(found) if values.one("--format") == "json" else as_text(found))
    return 0


def as_text(info: "Info") -> str:
    """For people."""
    lines = [f"BuildKit   {info.version} {info.revision}".rstrip()]
    for worker in info.workers:
        lines += [f"Worker     {worker.id}", f"Platforms  {', '.join(worker.platforms)}"]
        lines += [f"           {key}={value}" for key, value in worker.labels.items()]
    return "\n".join(lines)


def as_json(info: "Info") -> str:
    """For programs."""
    import json

    workers = [worker._asdict() for worker in info.workers]
    return json.dumps({"version": info.version, "revision": info.revision, "workers": workers}, indent=2)
