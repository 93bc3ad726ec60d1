"""containerd.services.content.v1.Content: the daemon reads and writes blobs of local directories.

Of its methods only those are here that BuildKit calls on a session's stores (session/content). Protocol and
status codes: containerd's plugins/services/content/contentserver and core/content/proxy.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping

from runner.cache.ingest import Ingest
from runner.cache.store import NotFound, OutOfRange, Store, StoreError
from runner.errors import Error, ProtocolError
from runner.session.unary import Refusal, Unary
from runner.transport.stream import (
    INTERNAL,
    INVALID_ARGUMENT,
    OK,
    RESOURCE_EXHAUSTED,
    UNKNOWN,
    Handler,
    ServerStream,
)
from runner.wire import content
from runner.wire.timestamp import Timestamp

STORE = "buildkit-attachable-store-id"
# Bytes of a blob in one message.
PIECE = 256 << 10
# Seconds after which the loop's thread is given back.
SLICE = 0.004
# Messages of one write that may wait for the one before them. The daemon sends one, and waits itself.
MAX_WAITING = 1


class Content:
    """Serves directories by the names that the daemon knows them by.

    error: the first failure of a directory itself (a full disk, a file that cannot be read), else None.
    """

    methods = (content.INFO, content.READ, content.WRITE)

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self.error: Error | None = None
        self._stores = stores

    def open(self, method: str, stream: ServerStream) -> Handler:
        name = next((value for key, value in stream.metadata if key == STORE), "")
        store = self._stores.get(name)
        if store is None:
            return Unary(stream, lambda _: _refuse(NotFound(f"{STORE} {name[:200]!r}: no such store")))
        if method == content.INFO:
            return Unary(stream, lambda data: self._info(store, data))
        if method == content.READ:
            return _Reading(self, store, stream)
        return _Writing(self, store, stream)

    def status(self, store: Store, doing: str, cause: BaseException) -> tuple[int, str]:
        """Code and text for what went wrong; remembers what is not the daemon's fault."""
        if isinstance(cause, StoreError):
            return cause.code, str(cause)
        if isinstance(cause, ProtocolError):
            return INVALID_ARGUMENT, cause.message
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else repr(cause)
        error = Error(f"{doing} the cache in {store.path}: {why}")
        self.error = self.error or error
        return UNKNOWN, error.message

    def _info(self, store: Store, data: bytes) -> bytes:
        try:
            digest = content.InfoRequest.decode(data).digest
            found = store.stat(digest)
        except (StoreError, OSError, ProtocolError) as cause:
            raise Refusal(*self.status(store, "reading", cause)) from None
        changed = Timestamp(seconds=found.st_mtime_ns // 10**9, nanos=found.st_mtime_ns % 10**9)
        info = content.Info(digest=digest, size=found.st_size, created_at=changed, updated_at=changed)
        return content.InfoResponse(info=info).encode()


def _refuse(cause: StoreError) -> bytes:
    raise Refusal(cause.code, str(cause))


class _Reading:
    """One call of Read: a part of a blob, in pieces as there is room for them."""

    def __init__(self, service: Content, store: Store, stream: ServerStream) -> None:
        self._service = service
        self._store = store
        self._stream = stream
        self._asked = False
        self._file = -1
        self._sent = self._left = 0

    def message(self, data: bytes) -> None:
        if self._asked:
            return
        self._asked = True
        try:
            self._begin(content.ReadContentRequest.decode(data))
            self._pump()
        except (StoreError, OSError, ProtocolError) as cause:
            self._stream.finish(*self._service.status(self._store, "reading", cause))

    def end(self) -> None:
        if not self._asked:
            self._asked = True
            self._stream.finish(INVALID_ARGUMENT, "the call came without a request")

    def writable(self) -> None:
        try:
            self._pump()
        except OSError as cause:
            self._stream.finish(*self._service.status(self._store, "reading", cause))

    def closed(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin(self, asked: content.ReadContentRequest) -> None:
        self._file = self._store.open_blob(asked.digest)
        size = os.fstat(self._file).st_size
        if not 0 <= asked.offset <= size:
            raise OutOfRange(f"read at {asked.offset} of {asked.digest}, which has {size} bytes")
        os.lseek(self._file, asked.offset, os.SEEK_SET)
        self._left = size - asked.offset
        if 0 < asked.size < self._left:
            self._left = asked.size

    def _pump(self) -> None:
        if self._file < 0:
            return
        until = time.monotonic() + SLICE
        while self._left:
            if self._stream.room() <= 0:
                return
            if time.monotonic() > until:
                self._stream.after(0, self.writable)
                return
            data = os.read(self._file, min(PIECE, self._left))
            if not data:
                self._stream.finish(
                    INTERNAL, f"a blob in {self._store.path} became shorter while it was read"
                )
                return
            self._stream.send(content.ReadContentResponse(offset=self._sent, data=data).encode())
            self._sent += len(data)
            self._left -= len(data)
        self.closed()
        self._stream.finish()


class _Writing:
    """One call of Write: the daemon sends a message and waits for the answer, until it commits.

    What touches files runs on the pool, one message at a time. The blob is closed by whoever is last: the
    end of the call, or the work that was on its way then.
    """

    def __init__(self, service: Content, store: Store, stream: ServerStream) -> None:
        self._service = service
        self._store = store
        self._stream = stream
        self._waiting: deque[bytes] = deque()
        self._busy = self._ended = self._over = False
        self._ingest: Ingest | None = None
        self._lock = threading.Lock()
        self._working = self._gone = False

    def message(self, data: bytes) -> None:
        if self._over:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._finish(RESOURCE_EXHAUSTED, "a write sends messages without waiting for their answers")
            return
        self._waiting.append(data)
        self._next()

    def end(self) -> None:
        self._ended = True
        self._next()

    def writable(self) -> None:
        pass

    def closed(self) -> None:
        self._over = True
        self._waiting.clear()
        with self._lock:
            self._gone = True
            if not self._working:
                self._close()

    def _next(self) -> None:
        if self._busy or self._over:
            return
        if not self._waiting:
            if self._ended:
                self._finish(OK, "")
            return
        data = self._waiting.popleft()
        self._busy = True
        self._stream.defer(lambda: self._work(data), self._done)

    def _done(self, result: content.WriteContentResponse | BaseException) -> None:
        self._busy = False
        if self._over:
            return
        if isinstance(result, BaseException):
            self._finish(*self._service.status(self._store, "writing", result))
            return
        self._stream.send(result.encode())
        if result.action == content.WriteAction.COMMIT:
            self._finish(OK, "")
        else:
            self._next()

    def _finish(self, code: int, message: str) -> None:
        self._over = True
        self._waiting.clear()
        self._stream.finish(code, message)

    # On the pool

    def _work(self, data: bytes) -> content.WriteContentResponse:
        with self._lock:
            if self._gone:
                raise NotFound("the call is over")
            self._working = True
        try:
            return self._apply(content.WriteContentRequest.decode(data))
        finally:
            with self._lock:
                self._working = False
                if self._gone:
                    self._close()

    def _apply(self, asked: content.WriteContentRequest) -> content.WriteContentResponse:
        if self._ingest is None:
            self._ingest = Ingest(self._store, asked.ref, expected=asked.expected, total=asked.total)
        ingest = self._ingest
        if asked.action != content.WriteAction.STAT:
            ingest.write(asked.data, asked.offset)
        digest = ingest.digest
        if asked.action == content.WriteAction.COMMIT:
            digest = ingest.commit(asked.total, asked.expected)
        return content.WriteContentResponse(
            action=asked.action, offset=ingest.offset, total=asked.total or ingest.total, digest=digest
        )

    def _close(self) -> None:
        if self._ingest is not None:
            self._ingest.close()
