"""What the daemon is told of each file."""

import os
import stat
from pathlib import Path

import pytest

from runner.context.stats import StatFrames, go_mode
from runner.context.walk import walk
from runner.errors import UsageError
from runner.wire.fsutil import Packet, Stat

DIRECTORY, SYMLINK, DEVICE, FIFO, CHARACTER = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 21
SETUID, SETGID, STICKY = 1 << 23, 1 << 22, 1 << 20


def told(root: Path) -> dict[str, Stat]:
    """Everything below root as the daemon is told of it."""
    frames = StatFrames(os.fsencode(root))
    stats = {}
    for item in walk(os.fsencode(root)):
        assert item
        frame = frames.frame(*item)
        assert frame[:1] == b"\0"
        assert int.from_bytes(frame[1:5], "big") == len(frame) - 5
        packet = Packet.decode(frame[5:])
        assert packet.type == Packet.PacketType.PACKET_STAT
        assert packet.stat
        assert packet.encode() == frame[5:]
        stats[packet.stat.path] = packet.stat
    return stats


def times(path: Path, nanoseconds: int) -> None:
    os.utime(path, ns=(nanoseconds, nanoseconds), follow_symlinks=False)


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    (tmp_path / "a").chmod(0o640)
    os.chown(tmp_path / "a", 7, 8)
    times(tmp_path / "a", 1_700_000_000_123_456_789)
    assert told(tmp_path) == {
        "a": Stat(path="a", mode=0o640, uid=0, gid=0, size=3, modTime=1_700_000_000_123_456_789)
    }


def test_a_directory_and_a_link_in_it(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o750)
    (tmp_path / "d/l").symlink_to("../a/é")
    times(tmp_path / "d/l", 5)
    times(tmp_path / "d", 200)
    assert told(tmp_path) == {
        "d": Stat(path="d", mode=DIRECTORY | 0o750, modTime=200),
        "d/l": Stat(path="d/l", mode=SYMLINK | 0o777, size=7, modTime=5, linkname="../a/é"),
    }


@pytest.mark.parametrize(
    "time", [0, 1, 127, 128, 1 << 55, (1 << 56) - 1, 1 << 56, (1 << 63) - 1, -1, -(10**18), -(1 << 62)]
)
def test_times(tmp_path: Path, time: int) -> None:
    (tmp_path / "a").touch()
    times(tmp_path / "a", time)
    if os.lstat(tmp_path / "a").st_mtime_ns == time:
        assert told(tmp_path)["a"].modTime == time


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 1 << 40])
def test_sizes(tmp_path: Path, size: int) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(size)
    assert told(tmp_path)["a"].size == size


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (0o100644, 0o644),
        (0o100000, 0),
        (0o104755, SETUID | 0o755),
        (0o102755, SETGID | 0o755),
        (0o101777, STICKY | 0o777),
        (0o107777, SETUID | SETGID | STICKY | 0o777),
        (0o041777, DIRECTORY | STICKY | 0o777),
        (0o042755, DIRECTORY | SETGID | 0o755),
        (0o120777, SYMLINK | 0o777),
        (0o010600, FIFO | 0o600),
        (0o060660, DEVICE | 0o660),
        (0o020666, DEVICE | CHARACTER | 0o666),
        (0o140755, 0o755),
    ],
)
def test_modes_are_those_of_go(mode: int, go: int) -> None:
    assert go_mode(mode) == go


def test_names_that_are_long_or_not_utf8(tmp_path: Path) -> None:
    long = "/".join(["n" * 200] * 5)
    (tmp_path / long).parent.mkdir(parents=True)
    (tmp_path / long).touch()
    assert list(told(tmp_path))[-1] == long
    raw = os.fsencode(tmp_path) + b"/\xff"
    os.symlink(b"\xfe", raw)
    frame = StatFrames(os.fsencode(tmp_path)).frame(b"\xff", os.lstat(raw))
    assert frame[5:].startswith(b"\x12")
    assert b"\x0a\x01\xff" in frame
    assert b"\x3a\x01\xfe" in frame


def test_further_names_of_a_file_are_links_to_the_first(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "b").write_text("x")
    os.link(tmp_path / "b", tmp_path / "a")
    os.link(tmp_path / "b", tmp_path / "d/c")
    (tmp_path / "other").write_text("x")
    os.link(tmp_path / "other", tmp_path / "other2")
    stats = told(tmp_path)
    assert {path: stats[path].linkname for path in stats} == {
        "a": "", "b": "a", "d": "", "d/c": "a", "other": "", "other2": "other",
    }  # fmt: skip
    assert stats["b"].size == 1


def test_a_name_that_is_left_out_is_not_the_first(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    os.link(tmp_path / "a", tmp_path / "b")
    os.link(tmp_path / "a", tmp_path / "c")
    frames = StatFrames(os.fsencode(tmp_path))
    linknames = []
    for name in (b"b", b"c"):
        packet = Packet.decode(frames.frame(name, os.lstat(tmp_path / name.decode()))[5:])
        assert packet.stat
        linknames.append(packet.stat.linkname)
    assert linknames == ["", "b"]


def test_links_to_links_keep_their_target(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("t")
    os.link(tmp_path / "a", tmp_path / "b", follow_symlinks=False)
    assert {stat.linkname for stat in told(tmp_path).values()} == {"t"}


def test_devices_fifos_and_sockets(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o020666, os.makedev(1, 3))
    os.mknod(tmp_path / "large", 0o060600, os.makedev(0x123, 0x45678))
    os.mkfifo(tmp_path / "fifo")
    os.mknod(tmp_path / "socket", 0o140700)
    stats = told(tmp_path)
    assert (stats["null"].devmajor, stats["null"].devminor) == (1, 3)
    assert (stats["large"].devmajor, stats["large"].devminor) == (0x123, 0x45678)
    assert stats["null"].mode & 0xFFF00000 == DEVICE | CHARACTER
    assert stats["large"].mode & 0xFFF00000 == DEVICE
    assert stats["fifo"].mode & 0xFFF00000 == FIFO
    assert stats["socket"].mode & 0xFFF00000 == 0
    assert stats["socket"].size == stats["fifo"].devmajor == 0


def test_extended_attributes(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "d").mkdir()
    os.setxattr(tmp_path / "a", "user.b", b"\0\xff" * 100)
    os.setxattr(tmp_path / "a", "user.a", b"")
    os.setxattr(tmp_path / "d", "user.é", b"v")
    stats = told(tmp_path)
    assert stats["a"].xattrs == {"user.a": b"", "user.b": b"\0\xff" * 100}
    assert stats["d"].xattrs == {"user.é": b"v"}


def failing(error: OSError, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(os, name, fail)


def test_a_file_system_without_extended_attributes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    failing(OSError(95, "Operation not supported"), "listxattr", monkeypatch)
    assert told(tmp_path)["a"].xattrs == {}


def test_an_attribute_that_cannot_be_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    os.setxattr(tmp_path / "a", "user.a", b"")
    failing(PermissionError(13, "Permission denied"), "getxattr", monkeypatch)
    assert told(tmp_path)["a"].xattrs == {}


def test_a_file_whose_attributes_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    failing(PermissionError(13, "Permission denied"), "listxattr", monkeypatch)
    with pytest.raises(UsageError) as caught:
        told(tmp_path)
    assert caught.value.message == f"reading '{tmp_path}/a' for the build: Permission denied"


def test_what_has_vanished_has_no_frame(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "l").symlink_to("a")
    frames = StatFrames(os.fsencode(tmp_path))
    for name in ("a", "l"):
        status = os.lstat(tmp_path / name)
        (tmp_path / name).unlink()
        assert frames.frame(name.encode(), status) == b""


def test_a_name_that_has_vanished_is_not_the_first(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    os.link(tmp_path / "a", tmp_path / "b")
    status = os.lstat(tmp_path / "a")
    (tmp_path / "a").unlink()
    frames = StatFrames(os.fsencode(tmp_path))
    assert frames.frame(b"a", status) == b""
    packet = Packet.decode(frames.frame(b"b", status)[5:])
    assert packet.stat
    assert packet.stat.linkname == ""
    assert stat.S_ISREG(packet.stat.mode | stat.S_IFREG)
