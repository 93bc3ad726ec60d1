"""gRPC over HTTP/2 without sockets: message framing, request headers, status and trailers.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runner.errors import DaemonError, ProtocolError, UsageError
from runner.transport import frames, headers, stream

MAX_MESSAGE = 16 << 20
_MAX_STATUS_TEXT = 16 << 10

PREFIX = struct.Struct(">BL")
CONTENT_TYPE = "application/grpc"

RESPONSE_HEADERS = headers.encode([(":status", "200"), ("content-type", CONTENT_TYPE)])

# What a reset without a status means (PROTOCOL-HTTP2.md, "Errors").
_RESET_CODES = {
    frames.REFUSED_STREAM: stream.UNAVAILABLE,
    frames.CANCEL: stream.CANCELLED,
    frames.ENHANCE_YOUR_CALM: stream.RESOURCE_EXHAUSTED,
}


class Status(NamedTuple):
    """How a call ended. details: the serialised google.rpc.Status, or b""."""

    code: int
    message: str = ""
    details: bytes = b""


def prefix(size: int) -> bytes:
    """The five bytes before a message of that size. Raises UsageError where it is too large for the peer."""
    if size > MAX_MESSAGE:
        raise UsageError(
            f"sending a message of {size} bytes to the daemon: it takes no more than {MAX_MESSAGE}"
        )
    return PREFIX.pack(0, size)


class Deframer:
    """Cuts the data of one stream into messages."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._needed = PREFIX.size
        self.size = 0
        """Bytes held of a message that is not whole yet."""

    def feed(self, data: bytes) -> Sequence[bytes]:
        """The messages that are whole now. Raises ProtocolError."""
        self._parts.append(data)
        self.size += len(data)
        if self.size < self._needed:
            return ()
        buffer = b"".join(self._parts) if len(self._parts) > 1 else data
        messages = []
        at, size = 0, len(buffer)
        self._needed = PREFIX.size
        while size - at >= PREFIX.size:
            compressed, length = PREFIX.unpack_from(buffer, at)
            if compressed:
                raise ProtocolError("a compressed gRPC message, which was not asked for")
            if length > MAX_MESSAGE:
                raise ProtocolError(f"a gRPC message of {length} bytes where {MAX_MESSAGE} are allowed")
            end = at + PREFIX.size + length
            if end > size:
                self._needed = PREFIX.size + length
                break
            messages.append(buffer[at + PREFIX.size : end])
            at = end
        self.size = size - at
        self._parts = [buffer[at:]] if self.size else []
        return messages

    def end(self) -> None:
        """The stream ended. Raises ProtocolError where that was inside a message."""
        if self.size:
            raise ProtocolError("a gRPC message that ends too early")


class Response:
    """The server's side of a call of ours: events of its stream in, messages and at last the status out.

    Raises DaemonError where what answers is not gRPC, ProtocolError where it is but wrong.
    """

    def __init__(self) -> None:
        self.status: Status | None = None
        self._deframer = Deframer()
        self._began = False

    def headers(self, fields: headers.Fields, end: bool) -> None:
        """The response's headers, its trailers, or both at once (`end`)."""
        if not self._began:
            self._began = True
            found = dict(fields)
            http, kind = found.get(":status", "missing"), found.get("content-type", "missing")
            if http != "200" or not is_grpc(kind):
                raise DaemonError(
                    f"what answers does not speak gRPC (HTTP status {http}, content type {kind})"
                )
        if end:
            self._deframer.end()
            self.status = read_trailers(fields)

    def data(self, data: bytes, end: bool) -> Sequence[bytes]:
        """The messages that are whole now."""
        messages = self._deframer.feed(data)
        if end:
            raise ProtocolError("a response that ends without a grpc-status")
        return messages

    def reset(self, code: int) -> None:
        """The server reset the stream."""
        self.status = Status(
            _RESET_CODES.get(code, stream.INTERNAL), f"the daemon reset the call ({frames.error_name(code)})"
        )


def is_grpc(content_type: str) -> bool:
    return content_type == CONTENT_TYPE or content_type.startswith((CONTENT_TYPE + "+", CONTENT_TYPE + ";"))


def request_headers(
    method: str, authority: str, *, secure: bool, metadata: Iterable[tuple[str, str]], timeout: float | None
) -> headers.Fields:
    """The headers of a call. timeout: seconds."""
    fields = [
        (":method", "POST"),
        (":scheme", "https" if secure else "http"),
        (":path", method),
        (":authority", authority),
        ("te", "trailers"),
        ("content-type", CONTENT_TYPE),
        ("user-agent", "buildkit-runner"),
    ]
    if timeout is not None:
        fields.append(("grpc-timeout", encode_timeout(timeout)))
    fields += metadata
    return fields


def encode_timeout(seconds: float) -> str:
    """A time as `grpc-timeout` has it: at most eight digits and a unit."""
    milliseconds = max(int(seconds * 1000), 1)
    if milliseconds < 10**8:
        return f"{milliseconds}m"
    return f"{min(int(seconds), 10**8 - 1)}S"


def trailers(status: Status) -> bytes:
    """The header block of a status, to be sent after messages."""
    return headers.encode(_status_fields(status))


def trailers_only(status: Status) -> bytes:
    """The header block of a status that is the whole response."""
    return RESPONSE_HEADERS + headers.encode(_status_fields(status))


def _status_fields(status: Status) -> headers.Fields:
    fields = [("grpc-status", str(status.code))]
    if status.message:
        fields.append(("grpc-message", encode_text(status.message[:_MAX_STATUS_TEXT])))
    return fields


def read_trailers(fields: headers.Fields) -> Status:
    """The status in trailers. Raises ProtocolError where there is none."""
    found = dict(fields)
    text = found.get("grpc-status", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ProtocolError(
            f"a grpc-status that is no number: {text[:20]!r}" if text else "a missing grpc-status"
        )
    message = decode_text(found.get("grpc-message", ""))
    return Status(int(text), message, decode_binary(found.get("grpc-status-details-bin", "")))


def encode_text(text: str) -> str:
    """Text as `grpc-message` has it: percent-encoded UTF-8."""
    if text.isascii() and text.isprintable() and "%" not in text:
        return text
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}"
        for byte in text.encode(errors="replace")
    )


def decode_text(text: str) -> str:
    """The reverse; what is not well-formed is kept as it is."""
    first, *rest = text.encode().split(b"%")
    out = [first]
    for part in rest:
        try:
            out.append(bytes.fromhex(part[:2].decode()) + part[2:] if len(part) >= 2 else b"%" + part)
        except ValueError:
            out.append(b"%" + part)
    return b"".join(out).decode(errors="replace")


def decode_binary(text: str) -> bytes:
    """The value of a header whose name ends in `-bin`: base64, with or without padding."""
    if not text:
        return b""
    import binascii

    try:
        return binascii.a2b_base64(text.encode() + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        raise ProtocolError("a binary header that is not base64") from None
