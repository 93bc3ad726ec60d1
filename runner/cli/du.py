"""`buildkit-runner du`: what is in the build cache, and how large it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.cli import connection
from runner.cli.flags import HELP, Command, Flag
from runner.cli.stdout import say
from runner.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from runner.disk import UsageRecord

FILTER = Flag("--filter", "FILTER", "only records that match, such as until=24h (docs/disk.md)")

COMMAND = Command(
    "du",
    "",
    "Show what is in the daemon's build cache, and how large it is.",
    {
        "Options": (
            FILTER,
            Flag("--format", "FORMAT", "table, or json: an object a line", choices=("table", "json")),
            Flag("--verbose", "", "all that is known of each record"),
            HELP,
        ),
        **connection.GROUPS,
    },
    """\
  buildkit-runner du --verbose --filter type=exec.cachemount
  buildkit-runner du --root /var/cache/builds --format json""",
)


def run(words: list[str]) -> int:
    """Ask the daemon and print what it says; sums only where nothing was filtered out, as docker buildx."""
    values = COMMAND.parse(words)
    if values.on(HELP.name):
        say(COMMAND.help())
        return 0
    if values.operands:
        raise COMMAND.wrong(f"unexpected {values.operands[0]!r}")
    if values.on("--verbose") and values.one("--format"):
        raise COMMAND.wrong("--verbose and --format cannot be used together", "Give one of them.")
    filters = values.filled("--filter")
    with connection.make_client(values, RegistrySettings()) as client:
        records = client.disk_usage(filters)
    if values.one("--format") == "json":
        parts = [as_json(record) for record in records]
    else:
        from runner.cli.usage import shown

        parts = [shown(records, verbose=values.on("--verbose"))]
        if not filters:
            parts.append(sums(records))
    if text := "\n".join(filter(None, parts)):
        say(text)
    return 0


def sums(records: "Sequence[UsageRecord]") -> str:
    """How much there is; what is shared counts to it."""
    from runner.cli.usage import pairs
    from runner.specs.size import human_size

    total = sum(record.size for record in records)
    shared = sum(record.size for record in records if record.shared)
    found = {"Shared": shared, "Private": total - shared} if shared else {}
    found["Reclaimable"] = sum(record.size for record in records if not record.in_use)
    found["Total"] = total
    return pairs((name, human_size(size)) for name, size in found.items())


def as_json(record: "UsageRecord") -> str:
    """A record under the keys of docker buildx: sizes are bytes as text, times RFC 3339, "" is never."""
    import json

    from runner.progress.times import Clock

    time = Clock()
    found = {
        "CreatedAt": time(record.created),
        "Description": record.description,
        "ID": record.id,
        "LastUsedAt": "" if record.last_used is None else time(record.last_used),
        "Mutable": record.mutable,
        "Parents": record.parents,
        "Reclaimable": not record.in_use,
        "Shared": record.shared,
        "Size": str(record.size),
        "Type": record.type,
        "UsageCount": record.usage_count,
    }
    return json.dumps(found)
