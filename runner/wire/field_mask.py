"""Generated from google/protobuf/field_mask.proto of protoc by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable


class FieldMask(Message):
    """google.protobuf.FieldMask"""

    __slots__ = ("paths",)
    _name = "google.protobuf.FieldMask"
    _fields = ((1, "paths", "repeated string"),)

    def __init__(self, *, paths: Iterable[str] = ()) -> None:
        self.paths = list(paths)
