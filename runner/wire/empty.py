"""Generated from google/protobuf/empty.proto of protoc by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message


class Empty(Message):
    """google.protobuf.Empty"""

    __slots__ = ()
    _name = "google.protobuf.Empty"
