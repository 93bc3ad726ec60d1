"""fsutil's packets, against those of the generated messages."""

import pytest

from runner.context import packets
from runner.errors import ProtocolError
from runner.wire.fsutil import Packet


def framed(packet: Packet) -> bytes:
    data = packet.encode()
    return b"\0" + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize("id", [0, 1, 127, 128, 16383, 16384, 2**32 - 1])
@pytest.mark.parametrize("size", [1, 127, 128, 262144])
def test_data(id: int, size: int) -> None:
    data = bytes(size)
    assert packets.data_head(id, size) + data == framed(Packet(type=packets.DATA, ID=id, data=data))
    assert packets.data_head(id, 0) == framed(Packet(type=packets.DATA, ID=id))


def test_what_is_always_the_same() -> None:
    assert framed(Packet()) == packets.LAST_STAT_FRAME
    assert framed(Packet(type=packets.FIN)) == packets.FIN_FRAME


def test_errors() -> None:
    assert packets.error_frame("é") == framed(Packet(type=packets.ERR, data="é".encode()))
    assert packets.error_frame("\udcff") == framed(Packet(type=packets.ERR, data=b"?"))


@pytest.mark.parametrize("id", [0, 1, 127, 128, 2**32 - 1])
def test_what_comes_is_read(id: int) -> None:
    assert packets.decode(Packet(type=packets.REQ, ID=id).encode()) == (packets.REQ, id, b"")
    assert packets.decode(Packet(type=packets.ERR, data=b"why").encode()) == (packets.ERR, 0, b"why")
    assert packets.decode(b"") == (packets.STAT, 0, b"")


def test_what_is_not_known_is_passed_over() -> None:
    assert packets.decode(b"\x28\x05\x08\x01\x32\x02ab\x18\x07") == (packets.REQ, 7, b"")


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x08\x80", b"\x22\x02a", b"\x22", b"\x09aaaaaaaa", b"\x80" * 11, b"\x08" + b"\xff" * 11],
)
def test_what_is_malformed_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed"):
        packets.decode(data)


@pytest.mark.parametrize("value", [0, 127, 128, 16383, 16384, 2**32, 2**63, 2**64 - 1])
def test_numbers(value: int) -> None:
    assert packets._varint(packets.varint(value), 0) == (value, len(packets.varint(value)))
