"""Small daemons behind real sockets: a script in a thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from runner.errors import ProtocolError
from runner.transport import grpc
from runner.transport.address import TLS, Address
from runner.transport.h2 import Event, Http2
from runner.transport.server import Server
from runner.transport.stream import Handler, ServerStream, Service
from runner.transport.tunnel import METHOD
from runner.wire.control import BytesMessage
from tests.transport.scheduler import AtOnce
from tests.transport.services import COUNT, ECHO, FAIL, Call, Recorder, count, echo, fail

if TYPE_CHECKING:
    import ssl

Script: TypeAlias = Callable[[socket.socket], None]


@contextmanager
def listening(
    script: Script,
    *,
    path: Path | None = None,
    tls: TLS | None = None,
    secure: ssl.SSLContext | None = None,
) -> Iterator[Address]:
    """Run script for each connection to a unix socket at path, or else to a port; the sockets end with it.

    secure: the daemon's side of TLS. tls: the client's, which becomes part of the address.
    """
    if path is not None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        address = Address(path=str(path))
    else:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        address = Address(host="127.0.0.1", port=listener.getsockname()[1], tls=tls)
    listener.listen()
    sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def run(connected: socket.socket) -> None:
        with contextlib.suppress(OSError, ProtocolError), connected:
            if secure is None:
                script(connected)
                return
            with secure.wrap_socket(connected, server_side=True) as wrapped:
                sockets.append(wrapped)
                script(wrapped)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = listener.accept()
                sockets.append(connected)
                threads.append(threading.Thread(target=run, args=(connected,)))
                threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield address
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for connected in sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in (acceptor, *threads))


def serving(*services: Service) -> Script:
    """A daemon that serves services, with our own server core. What handlers do outside of its messages is
    sent with its next message."""

    def script(connected: socket.socket) -> None:
        server = Server(services, AtOnce())
        try:
            while True:
                while out := b"".join(server.take(1 << 20)):
                    connected.sendall(out)
                received = connected.recv(1 << 16)
                if not received:
                    return
                server.feed(received)
        finally:
            server.close()

    return script


def saying(*pieces: bytes, then_close: bool = True) -> Script:
    """A daemon that says something, whatever it hears."""

    def script(connected: socket.socket) -> None:
        for piece in pieces:
            connected.sendall(piece)
        if then_close:
            connected.shutdown(socket.SHUT_WR)
        while connected.recv(1 << 16):
            pass

    return script


def everything(*services: Service) -> Script:
    """A daemon that serves ECHO, COUNT and FAIL, and more services."""
    usual = {ECHO: echo, COUNT: count, FAIL: fail}
    return serving(*(Recorder(method, on_message=act) for method, act in usual.items()), *services)


class Session(Recorder):
    """Control.Session as a daemon serves it: it calls the services at the other end.

    start: opens calls on the inner connection, and says what was opened. on_event: what comes back.
    """

    def __init__(
        self,
        start: Callable[[Http2], object],
        on_event: Callable[[Http2, Event], object] = lambda _inner, _event: None,
    ) -> None:
        super().__init__(METHOD, on_message=self._hear)
        self._start = start
        self._on_event = on_event
        self._inner = Http2(client=True)

    def open(self, method: str, stream: ServerStream) -> Handler:
        handler = super().open(method, stream)
        self._start(self._inner)
        self._say(stream)
        return handler

    def _hear(self, call: Call, message: bytes) -> None:
        for event in self._inner.feed(BytesMessage.decode(message).data):
            self._on_event(self._inner, event)
        self._say(call.stream)

    def _say(self, stream: ServerStream) -> None:
        while pieces := self._inner.take(1 << 20):
            stream.send(BytesMessage(data=b"".join(pieces)).encode())


def ask(inner: Http2, method: str, *messages: bytes, end: bool = True) -> int:
    """Open a call on a connection and send messages."""
    id = inner.open(grpc.request_headers(method, "localhost", secure=False, metadata=(), timeout=None))
    for message in messages:
        inner.send(id, [grpc.prefix(len(message)), message])
    if end:
        inner.end(id)
    return id
