"""Serving a call that has one request and one answer."""

from collections.abc import Callable

from runner.errors import AccessError, Error, ProtocolError, TransientError, UsageError
from runner.transport.stream import (
    INTERNAL,
    INVALID_ARGUMENT,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNKNOWN,
    ServerStream,
)

# The first class that fits gives the status. The daemon hands it through to the end of the Solve.
_CODES = (
    (ProtocolError, INVALID_ARGUMENT),
    (UsageError, INVALID_ARGUMENT),
    (AccessError, UNAUTHENTICATED),
    (TransientError, UNAVAILABLE),
    (Error, UNKNOWN),
)


class Refusal(Exception):
    """An answer that is a gRPC status.

    code: one of runner.transport.stream. message: what the daemon is told.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Unary:
    """The handler of one such call.

    answer: gets the request's bytes and gives the answer's. It may raise `Refusal` or an error of
        runner.errors, whose message (never its hint) is sent; of any other exception only the name is told,
        because its text may hold what was being read.
    blocking: whether `answer` may block; it is then called on a thread of the pool.
    """

    def __init__(
        self, stream: ServerStream, answer: Callable[[bytes], bytes], *, blocking: bool = False
    ) -> None:
        self._stream = stream
        self._answer = answer
        self._blocking = blocking
        self._asked = False

    def message(self, data: bytes) -> None:
        if self._asked:
            return
        self._asked = True
        if self._blocking:
            self._stream.defer(lambda: self._answer(data), self._done)
            return
        result: bytes | BaseException
        try:
            result = self._answer(data)
        except Exception as error:
            result = error
        self._done(result)

    def end(self) -> None:
        if not self._asked:
            self._asked = True
            self._stream.finish(INVALID_ARGUMENT, "the call came without a request")

    def writable(self) -> None:
        pass

    def closed(self) -> None:
        pass

    def _done(self, result: bytes | BaseException) -> None:
        if isinstance(result, bytes):
            self._stream.send(result)
            self._stream.finish()
        elif isinstance(result, Refusal):
            self._stream.finish(result.code, result.message)
        elif isinstance(result, Error):
            code = next(code for kind, code in _CODES if isinstance(result, kind))
            self._stream.finish(code, result.message)
        else:
            self._stream.finish(INTERNAL, f"the client's session failed: {type(result).__name__}")
