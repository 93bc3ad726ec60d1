"""Generated from proto/upload.proto by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message

PULL = "/moby.upload.v1.Upload/Pull"


class BytesMessage(Message):
    """moby.upload.v1.BytesMessage"""

    __slots__ = ("data",)
    _name = "moby.upload.v1.BytesMessage"
    _fields = ((1, "data", "bytes"),)

    def __init__(self, *, data: bytes = b"") -> None:
        self.data = data
