"""Keeps secret values out of everything that readers see: a filter between the stream and all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from runner.progress.events import (
    CacheExported,
    CacheImported,
    CacheSummary,
    Event,
    Finished,
    Notice,
    SolveStarted,
    Transfer,
    Vertex,
    VertexFailed,
    VertexLog,
    Warning,
)

SHOWN = "***"
# Shorter values are no secrets, but would be found in every other word.
MIN_LENGTH = 4
# The lines of a value of several lines (a key, a file of settings) are masked one by one.
MIN_LINE = 8


def make_mask(secrets: Iterable[str | bytes]) -> Mask | None:
    """A mask of these values and of the ways they are written in URLs and in quotes.

    None where no value is long enough (MIN_LENGTH characters): then nothing has to be filtered.
    """
    found = {form for secret in secrets for form in _forms(secret)}
    return Mask(found) if found else None


class Mask:
    """Replaces secret values by `***`. Made by `make_mask`; one for each build, for it holds back the
    beginning of what may become a secret when a step's output is cut in the middle of one."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        # A file of thousands of lines may be a secret: what a line of output costs must not grow with it.
        self._secrets = frozenset(secrets)
        self._sorted = sorted(self._secrets)
        self._longest = max(map(len, self._sorted))
        lengths: dict[bytes, set[int]] = {}
        for secret in self._sorted:
            lengths.setdefault(secret[:MIN_LENGTH], set()).add(len(secret))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}
        self._held: dict[tuple[str, int], VertexLog] = {}

    def text(self, text: str) -> str:
        """`text` without secrets."""
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            data = text.encode("utf-8", "replace")
        masked = self.data(data)
        return text if masked is data else masked.decode("utf-8", "replace")

    def data(self, data: bytes) -> bytes:
        """`data` without secrets."""
        parts = []
        done = at = 0
        lengths = self._lengths
        last = len(data) - MIN_LENGTH
        while at <= last:
            for length in lengths.get(data[at : at + MIN_LENGTH], ()):
                if data[at : at + length] in self._secrets:
                    parts += [data[done:at], SHOWN.encode()]
                    done = at = at + length
                    break
            else:
                at += 1
        return b"".join([*parts, data[done:]]) if parts else data

    def events(self, event: Event) -> Iterator[Event]:
        """What readers may see in place of `event`: nothing yet, or one event, or those held and it."""
        if isinstance(event, VertexLog):
            yield from self._log(event)
        elif isinstance(event, Transfer):
            yield event._replace(id=self.text(event.id), name=self.text(event.name))
        elif isinstance(event, Warning):
            yield event._replace(
                short=self.text(event.short),
                detail=tuple(map(self.text, event.detail)),
                url=self.text(event.url),
                source=self.data(event.source),
            )
        elif isinstance(event, Notice):
            yield event._replace(message=self.text(event.message))
        elif isinstance(event, Finished):
            yield from self._release(None)
            yield event._replace(error=self.text(event.error))
        elif isinstance(event, SolveStarted | CacheImported | CacheExported | CacheSummary):
            yield event  # the last three are made of what was masked
        else:
            yield from self._release(event.vertex.digest)
            if isinstance(event, VertexFailed):
                event = event._replace(error=self.text(event.error))
            yield event._replace(vertex=self._vertex(event.vertex))

    def _vertex(self, vertex: Vertex) -> Vertex:
        group = vertex.group
        if group is not None:
            group = group._replace(name=self.text(group.name))
        return vertex._replace(name=self.text(vertex.name), group=group)

    def _log(self, log: VertexLog) -> Iterator[VertexLog]:
        key = (log.vertex, log.stream)
        held = self._held.pop(key, None)
        data = self.data(held.data + log.data if held is not None else log.data)
        keep = self._beginning(data)
        if keep:
            self._held[key] = log._replace(data=data[-keep:])
            data = data[:-keep]
        if data:
            yield log._replace(data=data) if data != log.data else log

    def _beginning(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret."""
        for at in range(max(0, len(data) - self._longest + 1), len(data)):
            start = data[at : at + MIN_LENGTH]
            if len(start) == MIN_LENGTH and start not in self._lengths:
                continue
            rest = data[at:]
            following = bisect_right(self._sorted, rest)
            if following < len(self._sorted) and self._sorted[following].startswith(rest):
                return len(rest)
        return 0

    def _release(self, vertex: str | None) -> Iterator[VertexLog]:
        """What is held of a vertex, or of all."""
        for key in [key for key in self._held if vertex is None or key[0] == vertex]:
            yield self._held.pop(key)


def _forms(secret: str | bytes) -> Iterator[bytes]:
    data = secret.encode("utf-8", "surrogateescape") if isinstance(secret, str) else secret
    data = data.strip()
    lines = data.splitlines()
    for value in lines:
        value = value.strip()
        if len(value) < (MIN_LENGTH if len(lines) == 1 else MIN_LINE):
            continue
        yield value
        yield value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        if not value.isalnum():
            from urllib.parse import quote

            yield quote(value, safe="").encode()
