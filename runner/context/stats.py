"""What the daemon is told of each file: fsutil's STAT packets."""

import errno
import os

from runner.context.errors import unreadable
from runner.context.packets import varint

_TYPE, _DIRECTORY, _LINK = 0o170000, 0o040000, 0o120000
_DEVICES = (0o060000, 0o020000)
# Go's os.FileMode bits (https://pkg.go.dev/io/fs#FileMode). A socket becomes an empty file, as with buildctl.
_TYPE_BITS = {
    0o040000: 1 << 31,  # directory
    0o120000: 1 << 27,  # symlink
    0o060000: 1 << 26,  # block device
    0o020000: 1 << 26 | 1 << 21,  # character device
    0o010000: 1 << 25,  # fifo
}
_SETUID, _SETGID, _STICKY = 1 << 23, 1 << 22, 1 << 20


def go_mode(mode: int) -> int:
    """st_mode as Go's os.FileMode."""
    bits = mode & 0o777 | _TYPE_BITS.get(mode & _TYPE, 0)
    bits |= _SETUID if mode & 0o4000 else 0
    bits |= _SETGID if mode & 0o2000 else 0
    return bits | (_STICKY if mode & 0o1000 else 0)


class StatFrames:
    """Makes the STAT packets of one transfer, with the gRPC prefix.

    Owners are left out, which makes them 0: whoever builds, the image is the same. The second and later
    names of a file that has several are links to the first.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root + b"/"
        self._modes: dict[int, bytes] = {}
        self._first: dict[tuple[int, int], bytes] = {}

    def frame(self, path: bytes, status: os.stat_result) -> bytes:
        """The frame for a path that the walk found, or b"" where it has vanished meanwhile.

        Raises UsageError where it cannot be read.
        """
        mode = status.st_mode
        kind = mode & _TYPE
        full = self._root + path
        link = b""
        try:
            xattrs = _xattrs(full)
            if kind == _LINK:
                link = os.readlink(full)
            elif kind != _DIRECTORY and status.st_nlink > 1:
                first = self._first.setdefault((status.st_dev, status.st_ino), path)
                link = first if first != path else b""
        except (FileNotFoundError, NotADirectoryError):
            return b""
        except OSError as error:
            raise unreadable(full, error) from None
        rare = [b"\x3a" + varint(len(link)) + link] if link else []
        if kind in _DEVICES:
            rare.append(_number(0x40, status.st_rdev >> 8 & 0xFFF))
            rare.append(_number(0x48, status.st_rdev & 0xFF | status.st_rdev >> 12 & 0xFFF00))
        head = self._modes.get(mode)
        if head is None:
            head = self._modes[mode] = _number(0x10, go_mode(mode))
        body = b"".join(
            (
                b"\x0a",
                varint(len(path)),
                path,
                head,
                b"" if kind == _DIRECTORY else _number(0x28, status.st_size),
                _time(status.st_mtime_ns),
                *rare,
                *xattrs,
            )
        )
        size = varint(len(body))
        return b"".join((b"\0", (len(body) + len(size) + 1).to_bytes(4, "big"), b"\x12", size, body))


def _number(tag: int, value: int) -> bytes:
    return bytes((tag,)) + varint(value) if value else b""


def _time(value: int) -> bytes:
    """The field modTime; faster for the years 1972 to 2262."""
    if not 1 << 56 <= value < 1 << 63:
        return _number(0x30, value & 0xFFFF_FFFF_FFFF_FFFF)
    return bytes(
        (
            0x30,
            value & 0x7F | 0x80,
            value >> 7 & 0x7F | 0x80,
            value >> 14 & 0x7F | 0x80,
            value >> 21 & 0x7F | 0x80,
            value >> 28 & 0x7F | 0x80,
            value >> 35 & 0x7F | 0x80,
            value >> 42 & 0x7F | 0x80,
            value >> 49 & 0x7F | 0x80,
            value >> 56,
        )
    )


def _xattrs(path: bytes) -> list[bytes]:
    """The extended attributes as entries of the field's map; those that cannot be read are left out."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise
    entries = []
    for name in sorted(names):
        if name.startswith("com.apple."):
            continue
        try:
            value = os.getxattr(path, name, follow_symlinks=False)
        except OSError:
            continue
        key = os.fsencode(name)
        entry = b"\x0a" + varint(len(key)) + key
        if value:
            entry += b"\x12" + varint(len(value)) + value
        entries.append(b"\x52" + varint(len(entry)) + entry)
    return entries
