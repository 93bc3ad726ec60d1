"""A reader that is slower than the daemon."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import SimpleQueue

from runner.transport.backlog import LEAST, MOST, Backlog
from runner.transport.h2 import STREAM_WINDOW
from runner.transport.loop import Loop
from tests.transport.daemon import everything, listening
from tests.transport.services import Call, Recorder

POUR = "/t.T/Pour"
SIZE = 65_531


def test_what_waits_for_a_slow_reader_is_bounded_and_nothing_is_lost(loop: Loop, tmp_path: Path) -> None:
    count = 4 * (MOST + STREAM_WINDOW) // SIZE

    def pour(call: Call, _data: bytes) -> None:
        for _ in range(count):
            call.stream.send(bytes(SIZE))
        call.stream.finish()

    backlog = Backlog()
    queue: SimpleQueue[bytes] = SimpleQueue()
    much, known = threading.Event(), threading.Event()
    most = 0

    def receive(message: bytes) -> None:
        nonlocal most
        assert known.wait(5)
        queue.put(message)
        backlog.put(len(message))
        most = max(most, queue.qsize() * SIZE)
        if most > MOST:
            much.set()

    with listening(everything(Recorder(POUR, on_message=pour)), path=tmp_path / "pour.sock") as address:
        connection = loop.connect(address, timeout=5)
        backlog.call = call = connection.start(POUR, b"", on_message=receive)
        known.set()
        assert much.wait(10)
        assert not call.wait(0.2)
        for _ in range(count):
            backlog.taken(len(queue.get(timeout=10)))
        assert call.wait(5)
    assert most <= MOST + STREAM_WINDOW + LEAST
