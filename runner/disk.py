"""The daemon's build cache: what is in it, and removing from it."""

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from runner import api
from runner.errors import UsageError
from runner.specs.filters import Filters
from runner.wire import control

if TYPE_CHECKING:
    from runner.transport.loop import Connection
    from runner.wire.timestamp import Timestamp

# Daemons older than v0.17 do not know these limits, and would remove everything.
# One that was compiled without a version says v0.0.0+unknown; it counts as newer.
LIMITS_SINCE = 17
NO_LIMIT = 1 << 62
# How long a build that has ended may hold its records, and how often to look (seconds).
RELEASED, LOOK = 2.0, 0.01


class UsageRecord(NamedTuple):
    """One record of the build cache: a layer, a cache mount, a copy of a context, …

    size: bytes on disk. in_use: something needs it, so that it cannot be removed. shared: its disk space
    belongs to an image store too. type: such as "regular" or "exec.cachemount" (specs/filters.py).
    parents: the records that it lies on. usage_count: how often it was used again.
    created, last_used: nanoseconds since the epoch; None is never.
    """

    id: str
    size: int
    in_use: bool
    mutable: bool
    shared: bool
    type: str
    description: str
    parents: tuple[str, ...]
    usage_count: int
    created: int
    last_used: int | None


def disk_usage(connection: "Connection", filters: Filters) -> tuple[UsageRecord, ...]:
    """The records of the cache that match, the smallest first. Raises RpcError and DaemonError.

    It has no time limit: the daemon measures on disk what it has not measured before.
    """
    request = control.DiskUsageRequest(filter=_selectors(filters), ageLimit=_nanoseconds(filters))
    reply = control.DiskUsageResponse.decode(connection.unary(control.DISK_USAGE, request.encode()))
    return tuple(sorted(map(_record, reply.record), key=lambda record: (record.size, record.id)))


def prune(
    connection: "Connection",
    filters: Filters,
    *,
    all: bool,
    reserved_space: int,
    max_used_space: int,
    min_free_space: int,
) -> tuple[UsageRecord, ...]:
    """Remove records that nothing uses; returns them, in the order of their removal.

    The arguments are those of `Client.prune`. Raises UsageError, RpcError and DaemonError. No time limit.
    """
    if max_used_space or min_free_space:
        _check_limits(connection)
    if min_free_space and not max_used_space:
        max_used_space = NO_LIMIT  # Without one v0.32 removes a record where enough is free already.
    removed: list[UsageRecord] = []

    def one(data: bytes) -> None:
        removed.append(_record(control.UsageRecord.decode(data)))

    request = control.PruneRequest(
        filter=_selectors(filters),
        keepDuration=_nanoseconds(filters),
        all=all,
        reservedSpace=reserved_space,
        maxUsedSpace=max_used_space,
        minFreeSpace=min_free_space,
    )
    connection.start(control.PRUNE, request.encode(), on_message=one).wait()
    return tuple(removed)


def shrink(connection: "Connection", size: int) -> None:
    """Prune everything down to `size` bytes when no build runs. Raises UsageError, RpcError and DaemonError.

    A build's records are released a moment after its Solve is answered (up to 20 ms were measured), without
    a sign of it; until then they can neither be measured nor removed.
    """
    deadline = time.monotonic() + RELEASED
    while True:
        records = disk_usage(connection, Filters())
        if not any(record.in_use for record in records) or time.monotonic() > deadline:
            break
        time.sleep(LOOK)
    if sum(record.size for record in records) > size:
        prune(connection, Filters(), all=True, reserved_space=0, max_used_space=size, min_free_space=0)


def _check_limits(connection: "Connection") -> None:
    version = api.info(connection).version
    if (match := re.match(r"v?0\.([0-9]+)\.", version)) and 0 < int(match[1]) < LIMITS_SINCE:
        raise UsageError(
            f"pruning the cache of BuildKit {version}: it does not know limits of used and of free space",
            hint=f"They need v0.{LIMITS_SINCE}; --reserved-space limits what it keeps.",
        )


def _selectors(filters: Filters) -> list[str]:
    return [filters.selectors] if filters.selectors else []


def _nanoseconds(filters: Filters) -> int:
    return round(filters.unused * 1e9)


def _record(found: control.UsageRecord) -> UsageRecord:
    return UsageRecord(
        id=found.ID,
        size=found.Size,
        in_use=found.InUse,
        mutable=found.Mutable,
        shared=found.Shared,
        type=found.RecordType,
        description=found.Description,
        parents=tuple(found.Parents),
        usage_count=found.UsageCount,
        created=_time(found.CreatedAt) or 0,
        last_used=_time(found.LastUsedAt),
    )


def _time(stamp: "Timestamp | None") -> int | None:
    return None if stamp is None else stamp.seconds * 1_000_000_000 + stamp.nanos
