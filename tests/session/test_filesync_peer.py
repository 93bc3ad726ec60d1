"""Sending directories to a daemon that breaks the protocol."""

from pathlib import Path

import pytest

from runner.errors import ProtocolError
from runner.transport.stream import UNKNOWN
from runner.wire.fsutil import Packet, Stat
from tests.session.receiver import DATA, ERR, REQ, Receiver, asking, failed, paths

MIB = 1 << 20


def test_a_name_that_leads_out_of_the_context(context: Path) -> None:
    (context.parent / "outside").touch()
    (context / "up").symlink_to("../outside")
    for path in ("../outside", "up", "b/../../outside", "/../outside", "../../etc/passwd"):
        assert set(paths(context, followpaths=[path])) <= {"up"}
        assert paths(context, include_patterns=[path]) in ([], ["up"])


def test_a_name_that_cannot_be(context: Path) -> None:
    error = failed(Receiver(context, asking(followpaths=["b/a\0b"])))
    assert isinstance(error, ProtocolError)
    assert error.message.startswith("the daemon asked for the path")


def test_a_header_that_is_not_well_formed(context: Path) -> None:
    for value in ("%", "%4", "%zz", "a%-1"):
        receiver = Receiver(context, asking(exclude_patterns=[value], exclude_patterns_encoded=["true"]))
        assert isinstance(failed(receiver), ProtocolError)


NEGATIVE = b"\x08\x01\x18" + b"\xff" * 9 + b"\x01"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Packet(type=REQ, ID=5).encode(), "asked for file 5, which it was not offered"),
        (Packet(type=REQ, ID=1).encode(), "asked for file 1, which it was not offered"),  # a directory
        (Packet(type=REQ, ID=4).encode(), "asked for file 4, which it was not offered"),  # a symlink
        (Packet(type=REQ, ID=2**32 - 1).encode(), "asked for file 4294967295, which"),
        (NEGATIVE, "asked for file 18446744073709551615, which it was not offered"),
        (Packet(type=DATA, ID=0, data=b"x").encode(), "sent a packet of type 2"),
        (Packet(stat=Stat(path="a")).encode(), "sent a packet of type 0"),
        (b"", "sent a packet of type 0"),
        (b"\x08\x05", "sent a packet of type 5"),
        (b"\x08", "malformed"),
        (b"\x08" + b"\xff" * 20, "malformed"),
        (b"\x22\x05abc", "malformed"),
        (b"\x0b\x0c", "malformed"),
        (b"\xff\xff\xff\xff", "malformed"),
    ],
)
def test_a_packet_that_makes_no_sense(context: Path, message: bytes, text: str) -> None:
    receiver = Receiver(context)
    receiver.settle()
    receiver.handler.message(message)
    error = failed(receiver)
    assert isinstance(error, ProtocolError)
    assert text in error.message
    receiver.handler.message(message)
    receiver.handler.closed()


def test_a_file_is_sent_once(context: Path) -> None:
    receiver = Receiver(context)
    receiver.settle()
    receiver.ask(0)
    receiver.settle()
    receiver.ask(0)
    assert "file 0, which it was not offered" in failed(receiver).message


def test_a_file_is_asked_for_twice_before_it_is_sent(context: Path) -> None:
    receiver = Receiver(context)
    receiver.settle()
    receiver.ask(0, 0)
    receiver.settle()
    assert "file 0, which it was not offered" in failed(receiver).message


def test_a_file_is_asked_for_before_it_is_announced(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number:04}").touch()
    receiver = Receiver(tmp_path, capacity=1000)
    assert not receiver.last
    receiver.ask(1999)
    assert "file 1999, which it was not offered" in failed(receiver).message


def test_fin_before_everything_was_sent(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(3 * MIB))
    for number in range(2000):
        (tmp_path / f"{number:04}").touch()
    announcing = Receiver(tmp_path, capacity=1000)
    announcing.say_fin()
    assert "said that it has all" in failed(announcing).message
    asked = Receiver(tmp_path)
    asked.settle()
    asked.ask(0)
    asked.say_fin()
    assert "said that it has all" in failed(asked).message
    sending = Receiver(tmp_path, capacity=MIB)
    sending.settle()
    sending.ask(2000)
    sending.step()
    sending.say_fin()
    assert "said that it has all" in failed(sending).message


def test_fin_that_never_comes(context: Path) -> None:
    receiver = Receiver(context)
    receiver.settle()
    assert receiver.status is None
    receiver.handler.end()
    error = failed(receiver)
    assert isinstance(error, ProtocolError)
    assert error.message.endswith("the daemon ended the transfer before it was complete")


def test_a_daemon_that_falls_silent_is_given_up(context: Path) -> None:
    receiver = Receiver(context)
    receiver.settle()
    receiver.ask(0)
    receiver.settle()
    receiver.wait()
    assert receiver.status is None
    receiver.wait()
    assert "silent for 300 s" in failed(receiver).message
    receiver.handler.closed()
    assert not receiver.timers


def test_an_error_of_the_daemon_is_its_own(context: Path) -> None:
    receiver = Receiver(context)
    receiver.settle()
    receiver.handler.message(Packet(type=ERR, data=b"no space left \xff").encode())
    assert receiver.status == (UNKNOWN, "error from receiver: no space left \ufffd")
    assert receiver.service.stats.error is None
