"""Faults on demand: a socket between our command and a daemon, and a registry that never answers."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

CHUNK = 1 << 16


class Proxy:
    """Passes a unix socket's connections on to a daemon until told otherwise.

    upstream: the daemon's unix address. stall_after: bytes from the client (of all connections together)
    after which nothing but the end is passed on, in either direction; None is never.
    """

    def __init__(self, path: Path, upstream: str, *, stall_after: int | None = None) -> None:
        self.address = f"unix://{path}"
        self.stalled = threading.Event()
        self._upstream = upstream.removeprefix("unix://")
        self._left = stall_after
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take no new ones."""
        with self._lock:
            for each in (self._listener, *self._sockets):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._upstream)
                with self._lock:
                    self._sockets += [client, server]
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if from_client and self._left is not None:
                    self._left -= len(data)
                    if self._left < 0:
                        self.stalled.set()
                if not self.stalled.is_set():
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)


class SilentServer:
    """A TCP server that takes connections and never says a word; `host` is "127.0.0.1:PORT"."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._listener, *self._sockets):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                self.asked.set()
