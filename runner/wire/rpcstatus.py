"""Generated from proto/rpcstatus.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.wire import any


class Status(Message):
    """google.rpc.Status"""

    __slots__ = ("code", "details", "message")
    _name = "google.rpc.Status"
    _fields = (
        (1, "code", "int32"),
        (2, "message", "string"),
        (3, "details", "repeated any.Any"),
    )

    def __init__(self, *, code: int = 0, message: str = "", details: Iterable[any.Any] = ()) -> None:
        self.code = code
        self.message = message
        self.details = list(details)
