"""Generated from google/protobuf/any.proto of protoc by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message


class Any(Message):
    """google.protobuf.Any"""

    __slots__ = ("type_url", "value")
    _name = "google.protobuf.Any"
    _fields = (
        (1, "type_url", "string"),
        (2, "value", "bytes"),
    )

    def __init__(self, *, type_url: str = "", value: bytes = b"") -> None:
        self.type_url = type_url
        self.value = value
