"""Keeps secret values out of everything that readers see: a filter between the stream and all of them."""

from __future__ import annotations

import re
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
    return Mask(sorted(found, key=len, reverse=True)) if found else None


class Mask:
    """Replaces secret values by `***`. Made by `make_mask`; one for each build, for it holds back the
    beginning of what may become a secret when a step's output is cut in the middle of one."""

    def __init__(self, secrets: list[bytes]) -> None:
        self._secrets = secrets
        self._bytes = re.compile(b"|".join(map(re.escape, secrets)))
        texts = (secret.decode("utf-8", "surrogateescape") for secret in secrets)
        self._text = re.compile("|".join(map(re.escape, texts)))
        self._held: dict[tuple[str, int], VertexLog] = {}

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return self._text.sub(SHOWN, text)

    def data(self, data: bytes) -> bytes:
        """`data` without secrets."""
        return self._bytes.sub(SHOWN.encode(), data)

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
        last = data[-1:]
        longest = 0
        for secret in self._secrets:
            end = secret.find(last, 0, -1) + 1
            while end:
                if end > longest and data.endswith(secret[:end]):
                    longest = end
                end = secret.find(last, end, -1) + 1
        return longest

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
