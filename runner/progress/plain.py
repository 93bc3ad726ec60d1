"""Progress as plain lines, in the shape of `buildctl --progress=plain`.

Every line starts with the number of its step (`#7 `). A line is written when its event arrives: steps that
write at the same time take turns, and a step's header is written again when its last one is old.
"""

from __future__ import annotations

import re
from typing import BinaryIO, TextIO

from runner.progress.events import (
    CacheExported,
    CacheHit,
    CacheSummary,
    Event,
    Notice,
    Transfer,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexLog,
    VertexStarted,
    Warning,
)
from runner.progress.pace import Pace
from runner.progress.reader import writer
from runner.progress.steps import Step, Steps

# A step whose header is younger may write between the lines of another without a new one.
HEADER_AGE = 5_000_000_000
# The end of a step shorter than this is held until something else happens: the daemon starts many twice.
SHORT = 50_000_000

_RED, _GREEN, _YELLOW, _DIM = b"31", b"32", b"33", b"2"

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


class PlainReader:
    """Writes progress to `stream`; with `color`, the ends of steps and warnings are coloured."""

    def __init__(self, stream: TextIO | BinaryIO, *, color: bool = False) -> None:
        self._put = writer(stream)
        self._color = color
        self._steps = Steps()
        self._current: Step | None = None  # the step whose header was written last, while it runs
        self._open: tuple[Step, int] | None = None  # whose line, of which stream, is unfinished
        self._held: tuple[Step, bytes] | None = None  # the end of a short step
        self._first = True
        self._pace = Pace()
        self._exports: list[CacheExported] = []
        self._warnings: dict[tuple[str, str], None] = {}  # a build for two platforms tells each twice

    def event(self, event: Event) -> None:
        """Write what `event` adds."""
        if isinstance(event, VertexLog):
            out = self._log(event)
        elif isinstance(event, Transfer):
            out = self._transfer(event)
        elif isinstance(event, VertexAdded):
            self._steps.update(event)
            return
        elif isinstance(event, VertexStarted):
            out = self._started(event)
        elif isinstance(event, VertexDone | CacheHit | VertexFailed):
            out = self._ended(event)
        elif isinstance(event, Warning):
            out = self._warning(event)
        elif isinstance(event, Notice):
            out = self._release() + self._line_end() + b"note: " + _bytes(event.message) + b"\n"
        elif isinstance(event, CacheExported):
            self._exports.append(event)
            return
        elif isinstance(event, CacheSummary):
            out = self._summary(event)
        else:
            return
        if out:
            self._put(out)

    def close(self) -> None:
        """Write what is held, and the warnings once more."""
        out = self._release() + self._line_end()
        if self._warnings:
            count = len(self._warnings)
            head = f" {count} warning{'s' if count > 1 else ''} found:"
            out += b"\n" + self._paint(_YELLOW, head.encode()) + b"\n"
            for short, url in self._warnings:
                out += b" - " + _bytes(short) + b"\n"
                if url:
                    out += b"   " + _bytes(url) + b"\n"
            self._warnings = {}
        if out:
            self._put(out)

    # --- steps

    def _started(self, event: VertexStarted) -> bytes:
        step = self._steps.update(event)
        if step.hidden:
            return b""
        if self._held is not None and self._held[0] is step:
            self._held = None
        out = self._release()
        return out + self._turn(step, event.started) if self._current is None else out

    def _ended(self, event: VertexDone | CacheHit | VertexFailed) -> bytes:
        step = self._steps.update(event)
        if step.hidden or step.running:
            return b""
        out = self._release(step) + self._turn(step, event.completed)
        short = isinstance(event, VertexDone) and event.completed - event.started < SHORT
        if not step.error and (short or not step.complete):
            self._held = (step, self._end(step))
            self._current = self._current or step
            return out
        out += self._line_end() + self._end(step)
        self._held = None
        if self._current is None or self._current is step:
            self._current = None
            # what runs on unseen is shown now
            for other in self._steps.running:
                if not other.hidden and event.completed - other.header > HEADER_AGE:
                    return out + self._turn(other, event.completed)
        return out

    def _end(self, step: Step) -> bytes:
        """The line that says how a step ended."""
        if step.error.endswith("context canceled"):
            text = self._paint(_YELLOW, b"CANCELED")
        elif step.error:
            text = self._paint(_RED, b"ERROR: " + _bytes(step.error))
        elif step.cached:
            text = self._paint(_GREEN, b"CACHED")
        else:
            text = self._paint(_DIM, b"DONE %.1fs" % step.seconds())
        return b"#%d %b\n" % (step.number, text)

    def _turn(self, step: Step, time: int) -> bytes:
        """What has to be written before a line of `step`: the header, when it is due."""
        current = self._current
        if current is step or (current is not None and step.number and time - step.header < HEADER_AGE):
            return b""
        out = self._line_end()
        if current is not None:
            out += b"#%d ...\n" % current.number
        if not self._first:
            out += b"\n"
        self._first = False
        self._current = step if step.running else None  # a step may write after its end
        step.header = time
        return out + b"#%d %b\n" % (self._steps.number(step), _bytes(" ".join(step.name.split("\n"))))

    def _release(self, keep: Step | None = None) -> bytes:
        """The end that is held, unless it is that of `keep`."""
        if self._held is None or self._held[0] is keep:
            return b""
        step, line = self._held
        self._held = None
        if self._current is step:
            self._current = None
        return self._line_end() + line

    # --- what steps write

    def _log(self, log: VertexLog) -> bytes:
        step = self._steps.find(log.vertex)
        data = log.data
        if step is None or step.hidden or not data:
            return b""
        out = self._release(step) + self._turn(step, log.time)
        goes_on = self._open is not None and self._open[0] is step and self._open[1] == log.stream
        if not goes_on:
            out += self._line_end()
        if step.after_return or b"\r" in data:
            data = self._without_returns(step, log.stream, data, goes_on)
            if not data:
                return out
        seconds = max(0, log.time - step.started) / 1e9
        prefix = b"#%d %.*f " % (step.number, 3 if seconds < 10 else 2 if seconds < 100 else 1, seconds)
        if not goes_on:
            out += prefix
        if data.endswith(b"\n"):
            self._open = None
            if data.count(b"\n") > 1:
                data = data[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
        else:
            self._open = (step, log.stream)
            if b"\n" in data:
                data = data.replace(b"\n", b"\n" + prefix)
        return out + data

    @staticmethod
    def _without_returns(step: Step, stream: int, data: bytes, goes_on: bool) -> bytes:
        """`data` with every \\r taken as the end of a line; those that end an empty line are left out."""
        if step.after_return == stream and data[:1] == b"\n":
            data = data[1:]
        step.after_return = stream if data.endswith(b"\r") else 0
        if not goes_on and not data.startswith(b"\r\n"):
            data = data.lstrip(b"\r")
        return re.sub(rb"\r+\n?", b"\n", re.sub(rb"(?<=\n)\r+(?!\n)", b"", data))

    def _transfer(self, transfer: Transfer) -> bytes:
        step = self._steps.find(transfer.vertex)
        if step is None or step.hidden or not transfer.started or not self._pace.due(transfer):
            return b""
        amount = _size(transfer.current) if transfer.current or transfer.total else ""
        if transfer.total:
            amount += f" /{_size(transfer.total)}"
        seconds = ((transfer.completed or transfer.time) - transfer.started) / 1e9
        if seconds > 0.01:
            amount += f" {seconds:.1f}s"
        if transfer.completed:
            amount += " done"
        out = self._release(step) + self._turn(step, transfer.time) + self._line_end()
        return out + b"#%d %b%b\n" % (step.number, _bytes(transfer.id), amount.encode())

    def _warning(self, warning: Warning) -> bytes:
        self._warnings[warning.short, warning.url] = None
        step = self._steps.find(warning.vertex)
        if step is None or step.hidden:
            return b""
        out = self._release(step) + self._turn(step, step.started) + self._line_end()
        text = self._paint(_YELLOW, b"WARN: " + _bytes(warning.short))
        return out + b"#%d %b\n" % (step.number, text)

    def _summary(self, event: CacheSummary) -> bytes:
        if not event.steps:
            return b""
        text = f"cache: {event.cached} of {event.steps} steps cached"
        saved = [source.saved for source in event.sources if source.saved is not None]
        if saved:
            text += f", {_rounded(sum(saved))} s saved"
        if event.imported:
            text += f"; imported {', '.join(event.imported)}"
        text += "".join(filter(None, map(_exported, self._exports)))
        return self._release() + self._line_end() + _bytes(text) + b"\n"

    def _line_end(self) -> bytes:
        """The newline that an unfinished line needs before anything else."""
        if self._open is None:
            return b""
        self._open = None
        return b"\n"

    def _paint(self, color: bytes, text: bytes) -> bytes:
        return b"\x1b[%bm%b\x1b[0m" % (color, text) if self._color else text


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _rounded(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def _exported(cache: CacheExported) -> str:
    """What became of a cache, where more is known of it than that its step has ended."""
    if cache.current:
        return f"; {cache.name} is up to date"
    if cache.bytes is None or cache.bytes_there is None:
        return ""
    new = _size(cache.bytes - cache.bytes_there).strip()
    return f"; exported {cache.name} ({new} of {_size(cache.bytes).strip()} new)"


def _size(count: int) -> str:
    """A number of bytes in decimal units, as buildctl prints it: ` 416B`, ` 1.98MB`."""
    if count < 1000:
        return f" {count}B"
    power = min((len(str(count)) - 1) // 3, len(_UNITS))
    return f" {count / 1000**power:.2f}{_UNITS[power - 1]}"
