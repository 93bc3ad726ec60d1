"""Calls, as the threads that make them see them."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from runner.errors import RpcError
from runner.transport import stream
from runner.transport.h2 import STREAM_WINDOW
from runner.transport.loop import Call, Connection, Loop
from tests.transport.daemon import everything, listening
from tests.transport.services import COUNT, ECHO, FAIL, SILENT, Recorder
from tests.transport.services import Call as Served


def nothing(_message: bytes) -> None:
    pass


def test_a_unary_call(connection: Connection) -> None:
    assert connection.unary(ECHO, b"hello", timeout=5) == b"hello"
    assert connection.unary(ECHO, b"", timeout=5) == b""


def test_a_large_message_each_way(connection: Connection) -> None:
    message = os.urandom(1 << 20) * 15
    assert connection.unary(ECHO, message, timeout=30) == message


def test_a_stream_of_messages(connection: Connection) -> None:
    messages: list[bytes] = []
    assert connection.start(COUNT, b"1000", on_message=messages.append).wait(5)
    assert messages == [b"%d" % number for number in range(1000)]


def test_a_status_other_than_ok(connection: Connection) -> None:
    with pytest.raises(RpcError) as caught:
        connection.unary(FAIL, "kein Schlüssel".encode(), timeout=5)
    assert (caught.value.code, caught.value.message) == (stream.NOT_FOUND, "kein Schlüssel")
    assert caught.value.method == FAIL


def test_an_unknown_method(connection: Connection) -> None:
    with pytest.raises(RpcError) as caught:
        connection.unary("/t.T/Other", b"", timeout=5)
    assert caught.value.code == stream.UNIMPLEMENTED


def test_a_daemon_that_is_too_slow(connection: Connection, silent: Recorder) -> None:
    with pytest.raises(RpcError, match=r"/t.T/Silent on unix:///.* took longer than 0.05 s") as caught:
        connection.unary(SILENT, b"", timeout=0.05)
    assert caught.value.code == stream.DEADLINE_EXCEEDED
    assert ("grpc-timeout", "50m") in silent.wait_for_call().stream.metadata


def test_metadata_may_repeat_a_name(connection: Connection, silent: Recorder) -> None:
    connection.start(SILENT, b"", metadata=[("a", "1"), ("a", "2")], on_message=nothing)
    assert [value for name, value in silent.wait_for_call().stream.metadata if name == "a"] == ["1", "2"]


def test_cancelling(connection: Connection, silent: Recorder) -> None:
    call = connection.start(SILENT, b"x", on_message=nothing)
    served = silent.wait_for_call()
    call.cancel()
    with pytest.raises(RpcError, match=r"/t.T/Silent was cancelled") as caught:
        call.wait(5)
    assert caught.value.code == stream.CANCELLED
    assert connection.unary(ECHO, b"still there", timeout=5) == b"still there"
    assert served.told == [b"x", "end", "closed"]


def test_a_call_whose_messages_are_held_back(loop: Loop, tmp_path: Path) -> None:
    def pour(call: Served, _data: bytes) -> None:
        for _ in range(400):
            call.stream.send(bytes(65_531))
        call.stream.finish()

    full, held = threading.Event(), STREAM_WINDOW // 65_536
    messages = 0

    def take(_message: bytes) -> None:
        nonlocal messages
        messages += 1
        if messages == 1:
            call.hold()
        if messages == held:
            full.set()

    daemon = everything(Recorder("/t.T/Pour", on_message=pour))
    with listening(daemon, path=tmp_path / "pour.sock") as address:
        connection = loop.connect(address, timeout=5)
        call = connection.start("/t.T/Pour", b"", on_message=take)
        assert full.wait(10)
        # Other calls on the connection go on, for longer than its window lasts.
        for _ in range(3):
            assert len(connection.unary(ECHO, bytes(8 << 20), timeout=10)) == 8 << 20
        assert messages == held
        assert not call.done
        call.release()
        assert call.wait(10)
        call.release()
    assert messages == 400


def test_a_callback_that_fails_ends_its_call_only(connection: Connection) -> None:
    def refuse(message: bytes) -> None:
        raise KeyError(message)

    call = connection.start(COUNT, b"10", on_message=refuse)
    with pytest.raises(KeyError, match="0"):
        call.wait(5)
    assert connection.unary(ECHO, b"still there", timeout=5) == b"still there"


def test_done_callbacks(connection: Connection) -> None:
    told: SimpleQueue[Call] = SimpleQueue()

    def fail(_call: Call) -> None:
        raise ValueError

    call = connection.start(SILENT, b"", on_message=nothing)
    call.add_done_callback(fail)
    call.add_done_callback(told.put)
    assert told.empty()
    call.cancel()
    assert told.get(timeout=5) is call
    call.add_done_callback(fail)
    call.add_done_callback(told.put)
    assert told.get(timeout=5) is call


def test_waiting_for_a_while(connection: Connection) -> None:
    call = connection.start(SILENT, b"", on_message=nothing)
    assert not call.wait(0.01)
    assert not call.done


def test_waiting_lets_signals_through(connection: Connection) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(_number: int, _frame: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        began = time.monotonic()
        with pytest.raises(Interrupted):
            connection.unary(SILENT, b"", timeout=10)
        assert time.monotonic() - began < 1
    finally:
        signal.signal(signal.SIGALRM, before)
