"""The readers that `--progress` names. Only the one that is asked for is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, TextIO

from runner.errors import UsageError

if TYPE_CHECKING:
    from runner.progress.reader import Reader

KINDS = ("auto", "plain", "rawjson", "json", "quiet", "none")


def open_reader(kind: str, stream: TextIO | BinaryIO, color: bool = False) -> Reader:
    """The reader of that kind, writing to `stream` (which stays the caller's to close).

    kind: one of KINDS; `auto` is `plain`, `none` is `quiet`.
    color: whether the plain display may use colours; its caller decides by TTY and NO_COLOR.
    Raises UsageError for any other kind.
    """
    if kind in ("auto", "plain"):
        from runner.progress.plain import PlainReader

        return PlainReader(stream, color=color)
    if kind == "rawjson":
        from runner.progress.rawjson import RawJsonReader

        return RawJsonReader(stream)
    if kind == "json":
        from runner.progress.jsonlog import JsonLogReader

        return JsonLogReader(stream)
    if kind in ("quiet", "none"):
        from runner.progress.quiet import QuietReader

        return QuietReader()
    raise UsageError(f"--progress {kind}: no such display", hint=f"choose one of {', '.join(KINDS)}")
