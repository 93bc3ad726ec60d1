"""fsutil's packets (types/wire.proto, types/stat.proto), written by hand: there are very many of them.

A frame is a packet with the five bytes that gRPC puts before a message.
"""

from runner.errors import ProtocolError

STAT, REQ, DATA, FIN, ERR = range(5)

LAST_STAT_FRAME = b"\0\0\0\0\0"
FIN_FRAME = b"\0\0\0\0\2\x08\x03"

_ONE = [bytes((value,)) for value in range(128)]


def varint(value: int) -> bytes:
    """A number from 0 to 2^64-1."""
    if value < 0x80:
        return _ONE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def data_head(id: int, size: int) -> bytes:
    """A frame with `size` bytes of the file `id`, without these bytes. Nothing of a file is its end."""
    head = b"\x08\x02\x18" + varint(id) if id else b"\x08\x02"
    if size:
        head += b"\x22" + varint(size)
    return b"\0" + (len(head) + size).to_bytes(4, "big") + head


def error_frame(text: str) -> bytes:
    """A frame that tells the peer why the transfer ends."""
    data = text.encode("utf-8", "replace")
    packet = b"\x08\x04\x22" + varint(len(data)) + data
    return b"\0" + len(packet).to_bytes(4, "big") + packet


def decode(data: bytes) -> tuple[int, int, bytes]:
    """Type, id and data of a packet without a stat. Raises ProtocolError."""
    kind = id = 0
    body = b""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
            if tag == 0x08:
                kind = value
            elif tag == 0x18:
                id = value
        elif tag & 7 == 2:
            size, at = _varint(data, at)
            if size > len(data) - at:
                raise _malformed()
            if tag == 0x22:
                body = data[at : at + size]
            at += size
        else:
            raise _malformed()
    return kind, id, body


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise _malformed()


def _malformed() -> ProtocolError:
    return ProtocolError("the daemon sent a malformed file transfer packet")
