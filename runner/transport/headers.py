"""Header blocks (HPACK, RFC 7541): written as plain literals, read with the hpack library.

Writing uses neither the dynamic table nor Huffman codes, so a block depends on nothing that was sent before.
The library is imported when the first block arrives: it costs more than everything else of the transport.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from runner.errors import ProtocolError

if TYPE_CHECKING:
    from hpack import Decoder

Fields: TypeAlias = list[tuple[str, str]]
HeaderBlock: TypeAlias = bytes

MAX_FIELDS = 100_000

# hpack copies what is left of its input several times for each field, so that a large block of small fields
# takes it minutes: it is given a few fields at a time.
_BATCH = 4096


def encode(fields: Iterable[tuple[str, str]]) -> HeaderBlock:
    """Fields as a header block. Names must be in lower case, pseudo-headers first."""
    out: list[bytes] = []
    for name, value in fields:
        raw_name, raw_value = name.encode(), value.encode()
        out += (b"\x00", _length(len(raw_name)), raw_name, _length(len(raw_value)), raw_value)
    return b"".join(out)


def _length(value: int) -> bytes:
    if value < 127:
        return bytes((value,))
    out = bytearray((127,))
    value -= 127
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


class HeaderDecoder:
    """Reads the header blocks of one connection, in the order they came.

    limit: the largest header list in bytes, counted as SETTINGS_MAX_HEADER_LIST_SIZE is (RFC 9113, 6.5.2).
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decoder: Decoder | None = None

    def decode(self, block: bytes) -> Fields:
        """The fields of a block. Raises ProtocolError; the connection cannot go on after it."""
        import hpack

        if self._decoder is None:
            self._decoder = hpack.Decoder()
        fields: Fields = []
        left = self._limit
        try:
            for batch in _batches(block):
                self._decoder.max_header_list_size = left
                for name, value in self._decoder.decode(batch, raw=True):
                    left -= len(name) + len(value) + 32
                    fields.append((name.decode(), value.decode()))
        except hpack.OversizedHeaderListError:
            raise ProtocolError(f"a header list of more than {self._limit} bytes") from None
        except (hpack.HPACKError, IndexError, UnicodeDecodeError) as error:
            raise ProtocolError(
                f"a header block that cannot be read ({error or type(error).__name__})"
            ) from None
        return fields


def _batches(block: bytes) -> Iterable[bytes]:
    """The block cut between fields, into pieces that are small or a single field."""
    if len(block) <= _BATCH:
        yield block
        return
    start = end = count = 0
    while end < len(block):
        end = _field_end(block, end)
        count += 1
        if count > MAX_FIELDS:
            raise ProtocolError(f"a header list of more than {MAX_FIELDS} fields")
        if end - start >= _BATCH:
            yield block[start:end]
            start = end
    yield block[start:]


def _field_end(block: bytes, at: int) -> int:
    first = block[at]
    if first & 0x80:
        return _integer(block, at, 0x7F)[1]
    if first & 0xE0 == 0x20:
        return _integer(block, at, 0x1F)[1]
    index, at = _integer(block, at, 0x3F if first & 0x40 else 0x0F)
    for _ in range(1 if index else 2):
        size, at = _integer(block, at, 0x7F)
        at += size
    return at


def _integer(block: bytes, at: int, mask: int) -> tuple[int, int]:
    """An integer whose first byte holds the bits of mask, and where the next thing starts (RFC 7541, 5.1)."""
    value = block[at] & mask
    at += 1
    if value < mask:
        return value, at
    for shift in range(0, 35, 7):
        byte = block[at]
        at += 1
        value += (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ProtocolError("a header block with an integer of more than 32 bits")
