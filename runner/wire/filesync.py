"""Generated from proto/filesync.proto by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message

FILE_SYNC_DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"
FILE_SYNC_TAR_STREAM = "/moby.filesync.v1.FileSync/TarStream"
FILE_SEND_DIFF_COPY = "/moby.filesync.v1.FileSend/DiffCopy"


class BytesMessage(Message):
    """moby.filesync.v1.BytesMessage"""

    __slots__ = ("data",)
    _name = "moby.filesync.v1.BytesMessage"
    _fields = ((1, "data", "bytes"),)

    def __init__(self, *, data: bytes = b"") -> None:
        self.data = data
