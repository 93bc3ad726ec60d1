"""The cache of real daemons: shown and pruned as buildctl does it, and kept below a size."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import BuildRequest, Client, UsageRecord, errors
from tests.real.conftest import StartBuildkitd, state_directory
from tests.support.command import Command

MB = 1_000_000
# Layers of 4 and 2 MB, a cache mount of 1 MB; the context is small.
DOCKERFILE = """\
FROM scratch
COPY busybox /
RUN ["/busybox", "dd", "if=/dev/urandom", "of=/four", "bs=1000000", "count=4"]
RUN --mount=type=cache,target=/c ["/busybox", "dd", "if=/dev/urandom", "of=/c/one", "bs=1000000", "count=1"]
RUN ["/busybox", "dd", "if=/dev/urandom", "of=/two", "bs=1000000", "count=2"]
"""

# Ours and buildctl's, which has the daemon's own words.
SAME = {
    "": "",
    "type=exec.cachemount": "type==exec.cachemount",
    "type!=regular": "type!=regular",
    "type~=^source": "type~=^source",
    "description~=of=/c/one .* with id": 'description~="of=/c/one .* with id"',
    "description=local source for context": 'description=="local source for context"',
    'description~="//c"$': 'description~="\\"//c\\"$"',
    "mutable=false": "immutable",
    "mutable": "mutable",
    "private": "private",
    "shared": "shared",
    "inuse": "inuse",
}


class Daemon:
    """A daemon with its own client, ours, and buildctl as its other one."""

    def __init__(self, address: str, tools: Path) -> None:
        self.address = address
        self.client = Client(address)
        self._buildctl = (str(tools / "buildctl"), "--addr", address)

    def buildctl(self, *words: str) -> str:
        command = [*self._buildctl, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def du(self, *filters: str) -> list[Any]:
        """What buildctl says is there."""
        words = [word for text in filters for word in ("--filter", text)]
        return json.loads(self.buildctl("du", "--format", "{{json .}}", *words)) or []

    def prune(self, *words: str) -> list[Any]:
        """What buildctl removes."""
        return [
            json.loads(line)
            for line in self.buildctl("prune", "--format", "{{json .}}", *words).split("\n")
            if line
        ]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context whose build leaves records of several types and sizes."""
    folder = tmp_path / "context"
    folder.mkdir()
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, folder)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return folder


@pytest.fixture
def daemons(fresh_buildkitd: StartBuildkitd, tools: Path, context: Path) -> tuple[Daemon, Daemon]:
    """Two daemons that have built the same."""
    made = tuple(Daemon(fresh_buildkitd().address, tools) for _ in range(2))
    for daemon in made:
        daemon.client.build(BuildRequest(context))
        deadline = time.monotonic() + 5
        while any(record.in_use for record in daemon.client.disk_usage()):  # until a moment after its end
            assert time.monotonic() < deadline
    return made[0], made[1]


@pytest.fixture
def root(tools: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new state directory for our own daemon; the tools are in PATH."""
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    made = state_directory()
    yield made
    shutil.rmtree(made)


def told(record: UsageRecord) -> tuple[object, ...]:
    return (
        record.id,
        record.size,
        record.in_use,
        record.mutable,
        record.shared,
        record.type,
        record.description,
        list(record.parents) or None,
        record.usage_count,
    )


def said(record: Any) -> tuple[object, ...]:
    keys = ("id", "size", "inUse", "mutable", "shared", "recordType", "description", "parents", "usageCount")
    return tuple(record[key] for key in keys)


def total(records: tuple[UsageRecord, ...]) -> int:
    return sum(record.size for record in records)


def on_disk(root: Path) -> int:
    done = subprocess.run(["du", "-sb", root], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def test_records_are_those_that_buildctl_shows(daemons: tuple[Daemon, Daemon]) -> None:
    daemon, _ = daemons
    matched = {ours: daemon.client.disk_usage([ours]) for ours in SAME}
    for ours, theirs in SAME.items():
        assert list(map(told, matched[ours])) == list(map(said, daemon.du(theirs))), ours
    everything = matched[""]
    assert {record.type for record in everything} == {"regular", "source.local", "exec.cachemount"}
    assert 7 * MB < total(everything) < 14 * MB
    assert [text for text, found in matched.items() if not found] == ["shared", "inuse"]
    layer = next(record for record in everything if record.parents)
    assert told(layer) in list(map(told, daemon.client.disk_usage([f"parents={layer.parents[0]}"])))
    assert daemon.client.disk_usage([f"id={layer.id[:12]}"]) == (layer,)


def test_times_are_those_of_the_build(daemons: tuple[Daemon, Daemon]) -> None:
    daemon, _ = daemons
    now = time.time_ns()
    for record in daemon.client.disk_usage():
        assert record.last_used is not None
        assert now - 60 * 10**9 < record.created <= record.last_used <= now
    assert len(daemon.client.disk_usage(["until=1ms"])) == len(daemon.client.disk_usage())
    assert daemon.client.disk_usage(["until=1h"]) == ()
    assert len(daemon.client.disk_usage(["until=1ms", "type=exec.cachemount"])) == 1


def test_a_prune_removes_what_buildctl_removes(daemons: tuple[Daemon, Daemon]) -> None:
    ours, theirs = daemons
    # Layers alone go in an order that does not depend on time: a layer cannot go before what lies on it.
    layers, theirs_layers = ["type=regular"], "--filter=type==regular"
    prune = ours.client.prune
    steps = [
        (prune(["until=1h"]), ["--keep-duration=1h"]),
        (prune(max_used_space=100 * MB), ["--keep-storage=100"]),
        (prune(layers, reserved_space=8 * MB), [theirs_layers, "--keep-storage-min=8"]),
        (prune(["type=exec.cachemount"]), ["--filter=type==exec.cachemount"]),
        (prune(layers, max_used_space=3 * MB), [theirs_layers, "--keep-storage=3"]),
        (prune(max_used_space=1, reserved_space=5 * MB), ["--keep-storage=0.1", "--keep-storage-min=5"]),
        (prune(all=True), ["--all"]),
    ]
    sizes = []
    for removed, words in steps:
        expected = theirs.prune(*words)
        assert sorted(record.size for record in removed) == sorted(record["size"] for record in expected), (
            words
        )
        assert sorted(r.description for r in removed) == sorted(r["description"] for r in expected), words
        sizes.append(total(removed))
    assert [size > 0 for size in sizes] == [False, False, True, True, True, False, True]
    assert ours.client.disk_usage() == ()


def test_free_space_is_asked_for_too(daemons: tuple[Daemon, Daemon]) -> None:
    daemon, _ = daemons
    assert daemon.client.prune(min_free_space=1) == ()
    assert daemon.client.prune(["type=exec.cachemount"], min_free_space=1 << 60)[0].type == ""
    assert daemon.client.disk_usage(["type=exec.cachemount"]) == ()


def test_the_commands(command: Command, daemons: tuple[Daemon, Daemon]) -> None:
    daemon, _ = daemons
    words = ("--addr", daemon.address)
    records = daemon.client.disk_usage()

    done = command("du", *words)
    assert (done.code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["ID", "RECLAIMABLE", "SIZE", "LAST", "ACCESSED"]
    assert [line.split()[0].rstrip("*") for line in lines[1 : len(records) + 1]] == [r.id for r in records]
    assert [line.split()[0] for line in lines[len(records) + 1 :]] == ["Reclaimable:", "Total:"]

    found = [json.loads(line) for line in command("du", *words, "--format=json").stdout.splitlines()]
    assert [int(record["Size"]) for record in found] == [record.size for record in records]

    verbose = command("du", *words, "--verbose", "--filter=type=exec.cachemount").stdout
    assert verbose.count("ID: ") == 1
    assert "Type:          exec.cachemount\n" in verbose
    assert "Total" not in verbose

    pruned = command("prune", *words, "--filter", "type=exec.cachemount", "--max-used-space=1kb")
    assert (pruned.code, pruned.stderr) == (0, "")
    assert pruned.stdout.splitlines()[-1] == "Total: 1.004MB"
    assert pruned.stdout.count("\n") == 3
    again = command("prune", *words, "--filter", "type=exec.cachemount", "--keep-storage=0", "-f")
    assert again.stdout == "Total: 0B\n"


def test_our_own_daemon_keeps_below_its_size(context: Path, root: Path) -> None:
    size = 9 * MB
    for number in range(4):
        (context / "Dockerfile").write_text(f'{DOCKERFILE}LABEL number={number}\nRUN ["/busybox", "true"]\n')
        with Client(daemon="own", root=str(root), cache_size=size) as client:
            client.build(BuildRequest(context, no_cache=True))
            grown = total(client.disk_usage())
        with Client(daemon="own", root=str(root)) as client:
            kept = total(client.disk_usage())
        assert kept <= size, number
        assert kept > size // 3
        assert on_disk(root) < size + MB
    assert grown > size


def test_it_takes_what_is_above_from_everything(context: Path, root: Path) -> None:
    with Client(daemon="own", root=str(root), cache_size=1) as client:
        client.build(BuildRequest(context))
        assert total(client.disk_usage()) > 7 * MB
    with Client(daemon="own", root=str(root)) as client:
        assert client.disk_usage() == ()


def test_a_cancelled_build_leaves_it_to_the_next_daemon(context: Path, root: Path) -> None:
    client = Client(daemon="own", root=str(root), cache_size=5 * MB)
    client.build(BuildRequest(context))
    client.__exit__(errors.Cancelled, errors.Cancelled(), None)
    with Client(daemon="own", root=str(root)) as client:
        assert total(client.disk_usage()) > 7 * MB
    with Client(daemon="own", root=str(root), cache_size=5 * MB) as client:
        client.info()
        deadline = time.monotonic() + 10
        while on_disk(root) > 6 * MB:  # the daemon's own collection, a second after its start
            assert time.monotonic() < deadline
