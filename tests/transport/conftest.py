"""A loop, and a small daemon of our own for it to talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.transport.address import Address
from runner.transport.loop import Connection, Loop
from tests.transport.daemon import everything, listening
from tests.transport.services import SILENT, Recorder


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as loop:
        yield loop


@pytest.fixture
def silent() -> Recorder:
    """The service of the daemon below whose calls stay open."""
    return Recorder(SILENT)


@pytest.fixture
def address(tmp_path: Path, silent: Recorder) -> Iterator[Address]:
    """A daemon that serves ECHO, COUNT, FAIL and SILENT."""
    with listening(everything(silent), path=tmp_path / "daemon.sock") as address:
        yield address


@pytest.fixture
def connection(loop: Loop, address: Address) -> Connection:
    return loop.connect(address, timeout=5)
