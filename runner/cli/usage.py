"""Records of the build cache as text: rows of a table, or all that is known of each."""

import time
from collections.abc import Iterable, Sequence

from runner.disk import UsageRecord
from runner.progress.times import Clock
from runner.specs.size import human_size

HEADER = ("ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED")
GAP = "   "
MINUTE, HOUR = 60, 3600
# Ages, each with the unit that counts below it: after it the next larger one does.
AGES = (
    (MINUTE, "seconds", 1),
    (HOUR, "minutes", MINUTE),
    (48 * HOUR, "hours", HOUR),
    (14 * 24 * HOUR, "days", 24 * HOUR),
    (60 * 24 * HOUR, "weeks", 7 * 24 * HOUR),
    (730 * 24 * HOUR, "months", 30 * 24 * HOUR),
)


def table(records: Iterable[UsageRecord], now: int) -> str:
    """A line for each record: with `*` after the ID of one that may change, and after a size that is shared.

    now: nanoseconds since the epoch.
    """
    rows = [
        (
            record.id + "*" * record.mutable,
            _yes(not record.in_use),
            human_size(record.size) + "*" * record.shared,
            ago(record.last_used, now),
        )
        for record in records
    ]
    return columns([HEADER, *rows])


def details(record: UsageRecord, now: int) -> str:
    """Everything that is known of a record, and an empty line."""
    lines = [("ID", record.id)]
    if record.parents:
        lines.append(("Parents", ", ".join(record.parents)))
    lines += [
        ("Created at", Clock()(record.created)),
        ("Mutable", _yes(record.mutable)),
        ("Reclaimable", _yes(not record.in_use)),
        ("Shared", _yes(record.shared)),
        ("Size", human_size(record.size)),
        ("Description", record.description),
        ("Usage count", str(record.usage_count)),
        ("Last used", ago(record.last_used, now)),
        ("Type", record.type),
    ]
    return pairs((name, value) for name, value in lines if value) + "\n"


def shown(records: Iterable[UsageRecord], *, verbose: bool) -> str:
    """The records as `--verbose` asks for them."""
    now = time.time_ns()
    if verbose:
        return "\n".join(details(record, now) for record in records)
    return table(records, now)


def pairs(lines: Iterable[tuple[str, str]]) -> str:
    """Names and values below each other."""
    return columns([(f"{name}:", value) for name, value in lines])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines in which each column has one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        GAP.join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def ago(then: int | None, now: int) -> str:
    """How long ago in one unit, such as `3 hours ago`; "" for never. Both are nanoseconds since the epoch."""
    if then is None:
        return ""
    age = max(0, now - then) // 1_000_000_000
    for below, unit, seconds in AGES:
        if age < below:
            return _count(age // seconds, unit)
    return _count(age // (365 * 24 * HOUR), "years")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit if number != 1 else unit[:-1]} ago"


def _yes(value: bool) -> str:
    return "true" if value else "false"
