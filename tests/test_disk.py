"""Showing and pruning the cache: what goes to the daemon, and what is refused before anything is removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from runner import Client
from runner.disk import disk_usage, prune
from runner.errors import UsageError
from runner.specs.filters import Filters
from runner.wire import control, timestamp, worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.transport.loop import Connection


class Answering:
    """A daemon of some version that has two records, and keeps the requests."""

    def __init__(self, version: str = "v0.32.2") -> None:
        self.version = version
        self.usage: list[control.DiskUsageRequest] = []
        self.prunes: list[control.PruneRequest] = []
        self.records = [
            control.UsageRecord(ID="b", Size=20, CreatedAt=timestamp.Timestamp(seconds=1, nanos=5)),
            control.UsageRecord(ID="a", Size=20, LastUsedAt=timestamp.Timestamp(seconds=2), Parents=["b"]),
            control.UsageRecord(ID="c", Size=10, InUse=True),
        ]

    def unary(self, method: str, request: bytes, *, timeout: float | None = None) -> bytes:
        if method == control.INFO:
            assert timeout
            return control.InfoResponse(buildkitVersion=worker.BuildkitVersion(version=self.version)).encode()
        if method == control.LIST_WORKERS:
            return b""
        assert (method, timeout) == (control.DISK_USAGE, None)
        self.usage.append(control.DiskUsageRequest.decode(request))
        return control.DiskUsageResponse(record=self.records).encode()

    def start(self, method: str, request: bytes, *, on_message: Callable[[bytes], None]) -> Answering:
        assert method == control.PRUNE
        self.prunes.append(control.PruneRequest.decode(request))
        for record in self.records:
            on_message(record.encode())
        return self

    def wait(self) -> None:
        """The answer has come."""


def connected(daemon: Answering) -> Connection:
    return cast("Connection", daemon)


def test_records_come_with_the_smallest_first() -> None:
    daemon = Answering()
    found = disk_usage(connected(daemon), Filters("mutable", 1.5))
    assert [record.id for record in found] == ["c", "a", "b"]
    assert (found[1].parents, found[1].last_used) == (("b",), 2_000_000_000)
    assert (found[2].created, found[2].last_used) == (1_000_000_005, None)
    assert daemon.usage == [control.DiskUsageRequest(filter=["mutable"], ageLimit=1_500_000_000)]


def test_a_prune_says_everything_in_one_request() -> None:
    daemon = Answering()
    found = prune(
        connected(daemon),
        Filters("mutable", 60.0),
        all=True,
        reserved_space=1,
        max_used_space=2,
        min_free_space=3,
    )
    assert [record.id for record in found] == ["b", "a", "c"]
    assert daemon.prunes == [
        control.PruneRequest(
            filter=["mutable"],
            all=True,
            keepDuration=60_000_000_000,
            reservedSpace=1,
            maxUsedSpace=2,
            minFreeSpace=3,
        )
    ]


def test_free_space_alone_limits_no_used_space() -> None:
    daemon = Answering()
    prune(connected(daemon), Filters(), all=False, reserved_space=0, max_used_space=0, min_free_space=3)
    assert daemon.prunes == [control.PruneRequest(maxUsedSpace=1 << 62, minFreeSpace=3)]


@pytest.mark.parametrize("version", ["v0.16.0", "v0.9.3", "0.12.5+azure"])
def test_a_daemon_that_would_take_a_limit_for_nothing_is_not_asked(version: str) -> None:
    daemon = Answering(version)
    for limits in ({"max_used_space": 1, "min_free_space": 0}, {"max_used_space": 0, "min_free_space": 1}):
        with pytest.raises(UsageError, match=r"it does not know limits of used and of free space\n"):
            prune(connected(daemon), Filters(), all=False, reserved_space=0, **limits)
    assert daemon.prunes == []
    prune(connected(daemon), Filters(), all=False, reserved_space=1, max_used_space=0, min_free_space=0)
    assert daemon.prunes == [control.PruneRequest(reservedSpace=1)]


@pytest.mark.parametrize("version", ["v0.17.0", "v0.20.0-rc1", "v1.0.0", "v0.0.0+unknown", ""])
def test_every_other_daemon_is_asked(version: str) -> None:
    daemon = Answering(version)
    prune(connected(daemon), Filters(), all=False, reserved_space=0, max_used_space=1, min_free_space=0)
    assert daemon.prunes == [control.PruneRequest(maxUsedSpace=1)]


def test_wrong_filters_are_refused_before_a_daemon_is_looked_for(tmp_path: Path) -> None:
    with Client(f"unix://{tmp_path}/nobody", daemon="join") as client:
        with pytest.raises(UsageError, match="unknown key 'tpye'"):
            client.disk_usage(["tpye=regular"])
        for text in ("parents=a", "inuse"):
            with pytest.raises(UsageError, match="the daemon does not look at"):
                client.prune([text])


def test_the_size_of_a_cache_is_for_a_daemon_of_our_own(tmp_path: Path) -> None:
    with (
        Client(f"unix://{tmp_path}/nobody", daemon="join", cache_size=1) as client,
        pytest.raises(UsageError, match="that is for a daemon of our own"),
    ):
        client.info()
    for size in (0, -1):
        with pytest.raises(UsageError, match="it must be more"):
            Client(cache_size=size)
