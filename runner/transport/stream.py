"""What a session service and the transport know of each other.

A service is handed a `ServerStream` for each call that the daemon makes and answers with a `Handler`.
All methods of both are called on the loop's thread; none of them may block. Work that can block (a
credential helper, a token exchange) goes through `ServerStream.defer`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Metadata: TypeAlias = list[tuple[str, str]]

# gRPC status codes that services use (https://grpc.io/docs/guides/status-codes/).
OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND = 0, 1, 2, 3, 4, 5
PERMISSION_DENIED, RESOURCE_EXHAUSTED = 7, 8
UNIMPLEMENTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED = 12, 13, 14, 16


class ServerStream(Protocol):
    """One call that the daemon makes to us."""

    @property
    def metadata(self) -> Metadata:
        """The call's request headers, names in lower case, pseudo-headers left out."""

    def send(self, *parts: bytes) -> None:
        """Queue one gRPC message made of parts, one after another (they are not copied together here)."""

    def send_framed(self, data: bytes | Sequence[bytes]) -> None:
        """Queue bytes that are whole gRPC messages already, each with its 5 byte prefix."""

    def room(self) -> int:
        """How many more bytes are worth queueing now; at 0 or less wait for `Handler.writable`."""

    def finish(self, code: int = OK, message: str = "") -> None:
        """End the call with a status, after everything that was queued. Nothing may be sent after it."""

    def defer(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        """Run `work` on a thread of the pool, then `done` with its result or its exception on the loop.

        `done` is not called when the call has ended meanwhile.
        """

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Run `work` on the loop's thread when so much time has passed; 0 is after what waits there now.

        It is not called when the call has ended meanwhile.
        """


class Handler(Protocol):
    """Our side of one call."""

    def message(self, data: bytes) -> None:
        """The peer sent one gRPC message. An exception ends the call with UNKNOWN (see `Service.open`)."""

    def end(self) -> None:
        """The peer will send no more messages."""

    def writable(self) -> None:
        """There is room again, after `room` was seen at 0 or less: queue more, if there is more."""

    def closed(self) -> None:
        """The call is over (finished, reset, or the connection is gone): release what is held."""


class Service(Protocol):
    """Something that we serve to the daemon."""

    @property
    def methods(self) -> Sequence[str]:
        """The full names of its methods, such as `/moby.filesync.v1.FileSync/DiffCopy`."""

    def open(self, method: str, stream: ServerStream) -> Handler:
        """Start serving one call. Called once for each; raising ends the call with UNKNOWN.

        The daemon is told an Error's message, and of any other exception only the type.
        """
