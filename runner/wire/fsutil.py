"""Generated from proto/fsutil.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Mapping


class Packet(Message):
    """fsutil.types.Packet"""

    class PacketType:
        """Values of the enum; fields hold them as int."""

        PACKET_STAT = 0
        PACKET_REQ = 1
        PACKET_DATA = 2
        PACKET_FIN = 3
        PACKET_ERR = 4

    __slots__ = ("ID", "data", "stat", "type")
    _name = "fsutil.types.Packet"
    _fields = (
        (1, "type", "enum"),
        (2, "stat", "Stat"),
        (3, "ID", "uint32"),
        (4, "data", "bytes"),
    )

    def __init__(self, *, type: int = 0, stat: Stat | None = None, ID: int = 0, data: bytes = b"") -> None:
        self.type = type
        self.stat = stat
        self.ID = ID
        self.data = data


class Stat(Message):
    """fsutil.types.Stat"""

    __slots__ = (
        "devmajor",
        "devminor",
        "gid",
        "linkname",
        "modTime",
        "mode",
        "path",
        "size",
        "uid",
        "xattrs",
    )
    _name = "fsutil.types.Stat"
    _fields = (
        (1, "path", "string"),
        (2, "mode", "uint32"),
        (3, "uid", "uint32"),
        (4, "gid", "uint32"),
        (5, "size", "int64"),
        (6, "modTime", "int64"),
        (7, "linkname", "string"),
        (8, "devmajor", "int64"),
        (9, "devminor", "int64"),
        (10, "xattrs", "map<string, bytes>"),
    )

    def __init__(
        self,
        *,
        path: str = "",
        mode: int = 0,
        uid: int = 0,
        gid: int = 0,
        size: int = 0,
        modTime: int = 0,
        linkname: str = "",
        devmajor: int = 0,
        devminor: int = 0,
        xattrs: Mapping[str, bytes] | None = None,
    ) -> None:
        self.path = path
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.size = size
        self.modTime = modTime
        self.linkname = linkname
        self.devmajor = devmajor
        self.devminor = devminor
        self.xattrs = dict(xattrs) if xattrs else {}
