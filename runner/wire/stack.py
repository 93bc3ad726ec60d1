"""Generated from proto/stack.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable


class Stack(Message):
    """stack.Stack"""

    __slots__ = ("cmdline", "frames", "pid", "revision", "version")
    _name = "stack.Stack"
    _fields = (
        (1, "frames", "repeated Frame"),
        (2, "cmdline", "repeated string"),
        (3, "pid", "int32"),
        (4, "version", "string"),
        (5, "revision", "string"),
    )

    def __init__(
        self,
        *,
        frames: Iterable[Frame] = (),
        cmdline: Iterable[str] = (),
        pid: int = 0,
        version: str = "",
        revision: str = "",
    ) -> None:
        self.frames = list(frames)
        self.cmdline = list(cmdline)
        self.pid = pid
        self.version = version
        self.revision = revision


class Frame(Message):
    """stack.Frame"""

    __slots__ = ("File", "Line", "Name")
    _name = "stack.Frame"
    _fields = (
        (1, "Name", "string"),
        (2, "File", "string"),
        (3, "Line", "int32"),
    )

    def __init__(self, *, Name: str = "", File: str = "", Line: int = 0) -> None:
        self.Name = Name
        self.File = File
        self.Line = Line
