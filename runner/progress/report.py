"""The report of a failed build. Imported only when one has failed."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import Error, ProtocolError
from runner.progress import hints
from runner.progress.events import SourceRange
from runner.wire.rpcstatus import Status

if TYPE_CHECKING:
    from runner.errors import RpcError
    from runner.progress.failure import FailureLog
    from runner.progress.mask import Mask

# How much is shown: lines of the step's log, lines of the Dockerfile, characters of one line of either.
LOG_LINES = 20
SOURCE_LINES = 24
WIDTH = 240
# Characters of a step's name and of the daemon's text in the message.
NAME_WIDTH = 120
TEXT_WIDTH = 800

_RULER = "--------------------"
_PROCESS = re.compile(r'process ".*" did not complete successfully: (?P<why>.*)', re.DOTALL)
# What the daemon's text begins with and need not be told: how it came to look, and an image's name twice.
_PREAMBLE = re.compile(
    r"^failed to compute cache key: (?:failed to calculate checksum of ref \S+ )?"
    r"|^\S+: (?=failed to resolve source metadata for )"
)
_STEP_NUMBER = re.compile(r"^\[[^\]]*\] ")
_SYNTAX = re.compile(rb"^\s*(?:#|//)\s*syntax\s*=\s*(\S+)")
# Colours and movements of a terminal, and other control characters but the tab.
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f]")


class Source(NamedTuple):
    """A source file and the lines of it that an error is about."""

    filename: str
    data: bytes
    ranges: tuple[SourceRange, ...]


class Details(NamedTuple):
    """What is of use in the details of the daemon's error (BuildKit's solver/errdefs, as JSON)."""

    vertices: list[str]
    sources: list[Source]
    process: bool  # a process of a step ended with an exit code
    frontend_image: str  # of a `# syntax=` line or of BUILDKIT_SYNTAX


class Failure:
    """One failed Solve. The parameters are those of `runner.progress.failure.explain`."""

    def __init__(self, error: RpcError, seen: FailureLog, what: str, mask: Mask | None) -> None:
        self._error = error
        self._what = what
        self._mask = mask
        self._details = read_details(error.details)
        self._text = error.message
        digest = seen.failed(self._details.vertices, error.message)
        self._name = seen.name(digest)
        self._log = log_lines(seen.log(digest))
        self._process = _PROCESS.fullmatch(self._text) if digest or self._details.process else None

    def error(self) -> Error:
        """The failure as an error of ours."""
        if self._process is not None:
            found = hints.of_process(self._process["why"], self._log)
        else:
            syntax = self._syntax()
            found = hints.of_daemon(self._text, self._error.code, step=self._name, syntax=syntax)
        message, report, hint = self._message(), self._report(), found.advice
        if self._mask is not None:
            message, report, hint = map(self._mask.text, (message, report, hint))
        return found.error(message, hint=hint, report=report)

    def _message(self) -> str:
        """One line: what was built, which step failed, and why."""
        parts = [f"building {self._what}"] if self._what else []
        name = shorten(_STEP_NUMBER.sub("", self._name), NAME_WIDTH)
        if self._process is not None:
            parts.append(f"{name or 'a step'} failed: {self._process['why']}")
        else:
            if name and self._details.vertices:
                parts.append(name)
            parts.append(_PREAMBLE.sub("", self._text) or "failed without a reason")
        return shorten(": ".join(parts), TEXT_WIDTH)

    def _report(self) -> str:
        text = ""
        if self._log:
            lines = "".join(f"{line}\n" for line in self._log)
            text += f"------\n > {shorten(self._name, WIDTH)}:\n{lines}------\n"
        for source in self._details.sources:
            text += show_source(source)
        return text

    def _syntax(self) -> hints.Syntax | None:
        """The frontend image, where it is what cannot be had."""
        if not self._text.startswith("failed to resolve source metadata for "):
            return None
        for source in self._details.sources:
            lines = source.data.split(b"\n")
            for first in (span.first for span in source.ranges if span.first <= len(lines)):
                if found := _SYNTAX.match(lines[first - 1]):
                    return hints.Syntax(found[1].decode("utf-8", "replace"), f"{source.filename}:{first}")
        image = self._details.frontend_image
        return hints.Syntax(image, "") if image else None


def read_details(data: bytes) -> Details:
    """What the google.rpc.Status in `data` tells; what cannot be read is left out."""
    details = Details([], [], process=False, frontend_image="")
    try:
        status = Status.decode(data)
    except ProtocolError:
        return details
    for detail in status.details:
        kind = detail.type_url.rpartition("/")[2]
        try:
            if kind == "errdefs.Vertex+json":
                details.vertices.append(json.loads(detail.value)["digest"])
            elif kind == "errdefs.Source+json":
                source = _source(json.loads(detail.value))
                if source.ranges and source not in details.sources:
                    details.sources.append(source)
            elif kind == "gatewayapi.ExitMessage+json":
                details = details._replace(process=True)
            elif kind == "errdefs.Frontend+json":
                image = json.loads(detail.value).get("source", "")
                details = details._replace(frontend_image=image or details.frontend_image)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return details


def _source(fields: dict[str, Any]) -> Source:
    ranges = []
    for span in fields.get("ranges", ()):
        first = span.get("start", {}).get("line", 0)
        last = max(first, span.get("end", {}).get("line", 0))
        if first > 0:
            ranges.append(SourceRange(first, last))
    info = fields["info"]
    return Source(info.get("filename", ""), b64decode(info.get("data", "")), tuple(ranges))


def show_source(source: Source) -> str:
    """The lines of `source.ranges`, marked with `>>>`, and those next to them, in the form of buildctl."""
    lines = source.data.removesuffix(b"\n").split(b"\n")
    marked: set[int] = set()
    for span in source.ranges:
        marked.update(range(span.first, min(span.last, len(lines)) + 1))
    if not marked:
        return ""
    around = 2 if len(marked) == 1 else 1
    near = {line + step for line in (min(marked), max(marked)) for step in range(-around, around + 1)}
    shown = sorted(marked | {line for line in near if 0 < line <= len(lines)})
    left_out = len(shown) - SOURCE_LINES
    if left_out > 0:
        shown = shown[: SOURCE_LINES // 2] + shown[-SOURCE_LINES // 2 :]
    out = [f"{source.filename}:{min(marked)}", _RULER]
    before = shown[0] - 1
    for line in shown:
        if line != before + 1:
            out.append(f"     | ... {line - before - 1} lines ...")
        before = line
        text = shorten_line(lines[line - 1].decode("utf-8", "replace"))
        out.append(f" {line:3d} | {'>>>' if line in marked else '   '} {text}")
    return "\n".join([*out, _RULER, ""])


def log_lines(log: bytes) -> list[str]:
    """The last lines of a log as text; of a line that was written over with \\r, what stood there last."""
    text = log.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\r\n")
    lines = text.split("\n")[-LOG_LINES:] if text else []
    return [shorten_line(line.rstrip("\r").rpartition("\r")[2]) for line in lines]


def shorten_line(text: str) -> str:
    """A line without control characters, cut to WIDTH."""
    text = _CONTROL.sub("", text[: 4 * WIDTH])
    return f"{text[:WIDTH]}…" if len(text) > WIDTH else text.rstrip()


def shorten(text: str, width: int) -> str:
    """Text on one line, its middle left out where it is longer than `width`."""
    text = " ".join(_CONTROL.sub("", text[: 64 * width]).split())
    if len(text) <= width:
        return text
    return f"{text[: width * 2 // 3]} … {text[-width // 3 :]}"
