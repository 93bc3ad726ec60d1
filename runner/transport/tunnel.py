"""Control.Session: the HTTP/2 connection on which the daemon calls us, carried in the messages of one call.

Each message is a `BytesMessage { bytes data = 1; }` (buildkit's api/services/control/control.proto).
"""

from collections.abc import Sequence

from runner.errors import ProtocolError
from runner.transport import grpc
from runner.transport.server import Scheduler, Server
from runner.transport.stream import Metadata, Service

METHOD = "/moby.buildkit.v1.Control/Session"
METHOD_HEADER = "x-docker-expose-session-grpc-method"

# About how much of the inner connection goes into one message; measured: 64 KiB to 1 MiB are the same.
CHUNK = 256 << 10

_TAG = b"\x0a"  # field 1, length-delimited


class Tunnel:
    """The daemon's messages in, framed messages for it out."""

    def __init__(self, services: Sequence[Service], scheduler: Scheduler) -> None:
        self._server = Server(services, scheduler)

    def message(self, data: bytes) -> None:
        """One BytesMessage of the daemon. Raises ProtocolError."""
        self._server.feed(unwrap(data))

    def take(self) -> bytes:
        """The next framed message, or b"" when there is nothing to say now."""
        parts = self._server.take(CHUNK)
        if not parts:
            return b""
        size = sum(map(len, parts))
        head = _TAG + _varint(size)
        return b"".join((grpc.prefix(len(head) + size), head, *parts))

    def close(self) -> None:
        """The session is over."""
        self._server.close()


def session_metadata(metadata: Metadata, services: Sequence[Service]) -> Metadata:
    """The metadata of a session that serves services: one header for each method."""
    return [*metadata, *((METHOD_HEADER, method) for service in services for method in service.methods)]


def unwrap(message: bytes) -> bytes:
    """The data of a BytesMessage. Raises ProtocolError where it is anything else."""
    if not message:
        return b""
    size = shift = 0
    for at in range(1, min(len(message), 6)):
        byte = message[at]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            if message[:1] == _TAG and len(message) == at + 1 + size:
                return message[at + 1 :]
            break
    raise ProtocolError("a session message that is not a BytesMessage")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
