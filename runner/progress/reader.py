"""What a reader of the event stream is, and how the built-in ones write."""

import io
from collections.abc import Callable
from typing import BinaryIO, Protocol, TextIO, cast

from runner.progress.events import Event


class Reader(Protocol):
    """Takes the events of one solve, in order."""

    def event(self, event: Event) -> None:
        """Take one event. Does not raise when its output fails: a build does not end because of that."""

    def close(self) -> None:
        """No event will follow: write what is still held. A stream that was given stays open."""


def writer(stream: TextIO | BinaryIO) -> Callable[[bytes], None]:
    """A function that writes bytes to `stream` and flushes them.

    A text stream is written through its binary buffer if it has one, so that what a step printed passes as
    it is, whatever the encoding of the terminal. When nobody reads the stream any more, nothing is written
    any more: a build does not fail because its display went away.
    """
    if not isinstance(stream, io.TextIOBase):
        write = cast(BinaryIO, stream).write
    elif (buffer := getattr(stream, "buffer", None)) is not None:
        stream.flush()
        write = buffer.write
    else:
        text = cast(TextIO, stream)

        def write(data: bytes) -> int:  # type: ignore[misc]
            return text.write(data.decode("utf-8", "replace"))

    flush = stream.flush
    alive = True

    def put(data: bytes) -> None:
        nonlocal alive
        if not alive:
            return
        try:
            write(data)
            flush()
        except BlockingIOError as error:
            alive = _wait_and_finish(stream, data[error.characters_written :])
        except (OSError, ValueError):
            alive = False

    return put


def _wait_and_finish(stream: TextIO | BinaryIO, data: bytes) -> bool:
    """Write the rest to a pipe that another process made non-blocking; False when it is gone."""
    import os
    import select

    try:
        number = stream.fileno()
        while True:
            select.select([], [number], [])
            try:
                stream.flush()
                while data:
                    data = data[os.write(number, data) :]
                return True
            except BlockingIOError:
                continue
    except (OSError, ValueError):
        return False
