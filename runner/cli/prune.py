"""`buildkit-runner prune`: remove from the build cache what nothing uses."""

import sys

from runner.cli import connection
from runner.cli.du import FILTER
from runner.cli.flags import HELP, Command, Flag, Values
from runner.cli.stdout import say
from runner.registry.settings import RegistrySettings

COMMAND = Command(
    "prune",
    "",
    "Remove from the daemon's build cache what nothing uses.",
    {
        "What to remove": (
            Flag("--all", "", "also what belongs to frontends and to the daemon itself", short="-a"),
            FILTER,
            Flag("--max-used-space", "SIZE", "only until this much is used, what is needed least first"),
            Flag("--min-free-space", "SIZE", "only until this much of the disk is free"),
            Flag("--reserved-space", "SIZE", "keep this much in any case"),
            Flag("--keep-storage", "SIZE", "the old name of --reserved-space"),
        ),
        "Options": (
            Flag("--force", "", "do not ask, also on a terminal", short="-f"),
            Flag("--verbose", "", "all that is known of each record"),
            HELP,
        ),
        **connection.GROUPS,
    },
    """\
  buildkit-runner prune --all --max-used-space 10gb
  buildkit-runner prune --filter until=48h --filter type=exec.cachemount --root /var/cache/builds""",
)


def run(words: list[str]) -> int:
    """Prune, and print what was removed and its size."""
    values = COMMAND.parse(words)
    if values.on(HELP.name):
        say(COMMAND.help())
        return 0
    if values.operands:
        raise COMMAND.wrong(f"unexpected {values.operands[0]!r}")
    kept = "--reserved-space" if values.one("--reserved-space") else "--keep-storage"
    reserved, used, free = (_size(values, name) for name in (kept, "--max-used-space", "--min-free-space"))
    if not _agreed(values):
        return 0
    with connection.make_client(values, RegistrySettings()) as client:
        removed = client.prune(
            values.filled("--filter"),
            all=values.on("--all"),
            reserved_space=reserved,
            max_used_space=used,
            min_free_space=free,
        )
    from runner.cli.usage import shown
    from runner.specs.size import human_size

    total = f"Total: {human_size(sum(record.size for record in removed))}"
    say(f"{shown(removed, verbose=values.on('--verbose'))}\n{total}" if removed else total)
    return 0


def _size(values: Values, name: str) -> int:
    text = values.one(name)
    if not text:
        return 0
    from runner.specs.size import parse_size

    return parse_size(name, text)


def _agreed(values: Values) -> bool:
    """Ask a person who sits at a terminal; a script is not asked."""
    if values.on("--force") or sys.stdin is None or not sys.stdin.isatty():
        return True
    what = "the whole build cache" if values.on("--all") else "the build cache"
    print(f"This removes {what}, but for what is in use. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() == "y"
