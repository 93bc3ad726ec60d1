"""Daemons that answer wrongly, and sessions."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from runner.errors import DaemonError, ProtocolError, RpcError
from runner.transport import frames
from runner.transport.h2 import Data, Event, Headers, Http2, Ready
from runner.transport.loop import Connection, Loop
from runner.transport.stream import Handler, ServerStream
from runner.transport.tunnel import METHOD
from tests.transport import peer
from tests.transport.daemon import Script, Session, ask, listening, serving
from tests.transport.services import ECHO, Recorder, echo
from tests.transport.services import Call as Served


def test_a_daemon_that_breaks_the_protocol(loop: Loop, tmp_path: Path) -> None:
    script = answering(peer.data(1, b"x"))
    with listening(script, path=tmp_path / "daemon.sock") as address:
        with pytest.raises(ProtocolError) as caught:
            loop.connect(address, timeout=5).unary(ECHO, b"", timeout=5)
        assert caught.value.message == (
            f"calling {ECHO} on {address}: the daemon broke the protocol: DATA before the response's HEADERS"
        )


def answering(answer: bytes) -> Script:
    """A daemon that gives an answer to the first call, whatever it is, and closes."""

    def script(connected: socket.socket) -> None:
        connected.sendall(peer.SERVER_START)
        while b"/t.T/" not in connected.recv(1 << 16):
            pass
        connected.sendall(answer)
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(1 << 16):
            pass

    return script


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (frames.goaway(0, frames.ENHANCE_YOUR_CALM, "too_many_pings"), "ENHANCE_YOUR_CALM: too_many_pings"),
        (frames.rst_stream(1, frames.INTERNAL_ERROR), "the daemon reset the call (INTERNAL_ERROR)"),
        (peer.header_frames(1, [(":status", "404")], end=True), "does not speak gRPC (HTTP status 404"),
        (peer.header_frames(1, peer.RESPONSE, end=True), "a missing grpc-status"),
        (
            peer.header_frames(1, peer.RESPONSE) + peer.data(1, b"\x01" + bytes(4)),
            "a compressed gRPC message",
        ),
        (peer.header_frames(1, [*peer.RESPONSE, ("grpc-status", "0")], end=True), "0 responses, not one"),
        (b"", "the daemon closed the connection"),
    ],
)
def test_answers_that_are_none(loop: Loop, tmp_path: Path, said: bytes, text: str) -> None:
    with listening(answering(said), path=tmp_path / "daemon.sock") as address:
        with pytest.raises((DaemonError, RpcError)) as caught:
            loop.connect(address, timeout=5).unary(ECHO, b"", timeout=5)
        assert text in caught.value.message


def test_a_connection_that_is_reset(loop: Loop) -> None:
    def script(connected: socket.socket) -> None:
        connected.sendall(peer.SERVER_START)
        while b"/t.T/" not in connected.recv(1 << 16):
            pass
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connected.close()

    text = r"calling /t.T/Echo on tcp://127.*: the daemon closed the connection .connection reset by peer"
    with listening(script) as address, pytest.raises(DaemonError, match=text):
        loop.connect(address, timeout=5).unary(ECHO, b"", timeout=5)


def test_a_daemon_that_is_leaving_takes_no_new_calls(loop: Loop, tmp_path: Path) -> None:
    core = Http2(client=False)

    def script(connected: socket.socket) -> None:
        connected.sendall(peer.taken(core) + frames.goaway(0, frames.NO_ERROR, "graceful"))
        while connected.recv(1 << 16):
            pass

    with listening(script, path=tmp_path / "daemon.sock") as address:
        connection = loop.connect(address, timeout=5)
        with pytest.raises(DaemonError, match="the daemon ended the connection"):
            connection.unary(ECHO, b"", timeout=5)


def test_a_session(loop: Loop, tmp_path: Path) -> None:
    answers: SimpleQueue[Event] = SimpleQueue()
    daemon = Session(lambda inner: ask(inner, ECHO, b"who are you?"), lambda _, event: answers.put(event))
    service = Recorder(ECHO, "/t.T/Other", on_message=echo)
    with listening(serving(daemon), path=tmp_path / "daemon.sock") as address:
        session = loop.connect(address, timeout=5).serve([("x-docker-expose-session-uuid", "1")], [service])
        opened = daemon.wait_for_call()
        assert [field for field in opened.stream.metadata if field[0].startswith("x-")] == [
            ("x-docker-expose-session-uuid", "1"),
            ("x-docker-expose-session-grpc-method", ECHO),
            ("x-docker-expose-session-grpc-method", "/t.T/Other"),
        ]
        heard = [answers.get(timeout=5) for _ in range(4)]
        assert heard[0] == Ready()
        assert heard[2] == Data(1, b"\0\0\0\0\x0cwho are you?", False)
        assert heard[3] == Headers(1, [("grpc-status", "0")], True)
        assert not session.done


def test_a_session_sends_no_more_than_is_read(loop: Loop, tmp_path: Path, connection: Connection) -> None:
    block, total = bytes(256 << 10), 256
    go, done = threading.Event(), threading.Event()
    received = 0

    class Upload(Served):
        sent = 0

        def writable(self) -> None:
            while self.sent < total and self.stream.room() > 0:
                self.sent += 1
                self.stream.send(block)
            if self.sent == total:
                self.stream.finish()

    class Uploads(Recorder):
        def open(self, method: str, stream: ServerStream) -> Handler:
            uploads.append(Upload(method, stream, lambda _call, _data: None))
            uploads[0].writable()
            return uploads[0]

    def on_event(_inner: Http2, event: Event) -> None:
        nonlocal received
        if isinstance(event, Data):
            received += len(event.data)
            go.wait(5)
        if isinstance(event, Headers) and event.end:
            done.set()

    uploads: list[Upload] = []
    daemon = Session(lambda inner: ask(inner, ECHO), on_event)
    with listening(serving(daemon), path=tmp_path / "session.sock") as address:
        loop.connect(address, timeout=5).serve([], [Uploads(ECHO)])
        daemon.wait_for_call()
        sent = -1
        while not uploads or uploads[0].sent != sent:
            sent = uploads[0].sent if uploads else -1
            for _ in range(100):
                connection.unary(ECHO, b"the loop goes on", timeout=5)
        assert 4 <= sent < 32  # what lies in queues and windows, of 64 MiB
        go.set()
        assert done.wait(20)
    assert received == total * (len(block) + 5)


def test_a_session_waits_for_work_on_another_thread(loop: Loop, tmp_path: Path) -> None:
    answers: SimpleQueue[bytes] = SimpleQueue()

    def upper(call: Served, data: bytes) -> None:
        def done(result: bytes | BaseException) -> None:
            assert isinstance(result, bytes)
            echo(call, result)

        call.stream.defer(data.upper, done)

    def on_event(_inner: Http2, event: Event) -> None:
        if isinstance(event, Data):
            answers.put(event.data)

    daemon = Session(lambda inner: ask(inner, ECHO, b"x"), on_event)
    with listening(serving(daemon), path=tmp_path / "daemon.sock") as address:
        loop.connect(address, timeout=5).serve([], [Recorder(ECHO, on_message=upper)])
        assert answers.get(timeout=5) == b"\0\0\0\0\x01X"


def break_rules(inner: Http2) -> None:
    ask(inner, ECHO, end=False)
    inner.respond(1, b"")  # a second header block that does not end the stream


@pytest.mark.parametrize("ending", ["cancel", "close", "loop", "daemon"])
def test_calls_of_a_session_end_with_it(tmp_path: Path, ending: str) -> None:
    service = Recorder(ECHO)
    daemon = Session(lambda inner: ask(inner, ECHO, end=False))
    loop = Loop()
    loop.start()
    try:
        with listening(serving(daemon), path=tmp_path / "daemon.sock") as address:
            connection = loop.connect(address, timeout=5)
            session = connection.serve([], [service])
            served = service.wait_for_call()
            assert served.told == []
            match ending:
                case "cancel":
                    session.cancel()
                case "close":
                    connection.close()
                case "loop":
                    loop.close()
        with pytest.raises((DaemonError, RpcError)):
            session.wait(5)
        assert served.told == ["closed"]
    finally:
        loop.close()


def test_a_daemon_that_breaks_the_rules_inside_a_session(loop: Loop, tmp_path: Path) -> None:
    service = Recorder(ECHO)
    with listening(serving(Session(break_rules)), path=tmp_path / "daemon.sock") as address:
        session = loop.connect(address, timeout=5).serve([], [service])
        with pytest.raises(
            ProtocolError, match=r"Control/Session on unix:///.*: trailers that do not end the stream"
        ):
            session.wait(5)
    assert service.calls[0].told == ["closed"]


def test_a_session_message_that_is_garbage(loop: Loop, tmp_path: Path) -> None:
    class Garbage(Recorder):
        def open(self, method: str, stream: ServerStream) -> Handler:
            stream.send(b"garbage")
            return super().open(method, stream)

    with listening(serving(Garbage(METHOD)), path=tmp_path / "daemon.sock") as address:
        session = loop.connect(address, timeout=5).serve([], [])
        with pytest.raises(ProtocolError, match="not a BytesMessage"):
            session.wait(5)
