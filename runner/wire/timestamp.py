"""Generated from google/protobuf/timestamp.proto of protoc by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message


class Timestamp(Message):
    """google.protobuf.Timestamp"""

    __slots__ = ("nanos", "seconds")
    _name = "google.protobuf.Timestamp"
    _fields = (
        (1, "seconds", "int64"),
        (2, "nanos", "int32"),
    )

    def __init__(self, *, seconds: int = 0, nanos: int = 0) -> None:
        self.seconds = seconds
        self.nanos = nanos
