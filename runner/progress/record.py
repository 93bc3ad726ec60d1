"""`--events FILE`: the typed stream as lines of JSON, written as it goes and read back later.

Format (docs/progress.md): the first line is {"events": "buildkit-runner", "version": 1}; each further line
is one event: "type" is the name of its class in runner/progress/events.py, the rest are its fields. Bytes
are text under the field's own name, or base64 under NAME_base64 where they are not UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from runner.errors import Error, UsageError
from runner.progress import events
from runner.progress.events import Event

if TYPE_CHECKING:
    from types import TracebackType

VERSION = 1

_TYPES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        events.SolveStarted,
        events.VertexAdded,
        events.VertexStarted,
        events.CacheHit,
        events.VertexDone,
        events.VertexFailed,
        events.VertexLog,
        events.Transfer,
        events.Warning,
        events.Notice,
        events.CacheImported,
        events.CacheExported,
        events.CacheSummary,
        events.Finished,
    )
}


class Recorder:
    """A reader that writes a file of events. A context manager; `close` may be called more than once.

    The file is truncated when the recorder is made: raises UsageError when it cannot be written. A line is
    written in one piece. When writing fails later, the rest is left out and `close` raises Error, once.
    """

    def __init__(self, path: str) -> None:
        from json import JSONEncoder

        self._encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
        self._path = path
        self._failure: OSError | None = None
        try:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise UsageError(
                f"writing the events to {path}: {error.strerror}",
                hint="Give the name of a file in a directory that can be written to.",
            ) from error
        self._write({"events": "buildkit-runner", "version": VERSION})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except Error:
            if value is None:
                raise

    def event(self, event: Event) -> None:
        """Write the line of `event`."""
        self._write({"type": type(event).__name__} | _fields(event))

    def close(self) -> None:
        """Close the file. Raises Error if it is not whole."""
        self._file.close()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise Error(f"writing the events to {self._path}: {failure.strerror}") from failure

    def _write(self, fields: dict[str, Any]) -> None:
        if self._failure is not None or self._file.closed:
            return
        line = self._encode(fields).encode("utf-8", "surrogatepass") + b"\n"
        try:
            while line:
                line = line[self._file.write(line) or 0 :]
        except OSError as error:
            self._failure = error


def read_events(path: str) -> Iterator[Event]:
    """The events of a file that a Recorder wrote, in their order.

    A last line that is cut off is left out: its writer was killed. Raises Error when the file cannot be
    read, is not one of events, or was written in a newer format.
    """
    from json import loads

    try:
        with open(path, "rb") as file:
            _check_header(path, file.readline())
            for number, line in enumerate(file, 2):
                try:
                    event = _event(loads(line))
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    if not line.endswith(b"\n"):
                        return
                    raise Error(f"reading the events of {path}: line {number} is not an event") from error
                yield event
    except OSError as error:
        raise Error(f"reading the events of {path}: {error.strerror}") from error


def _check_header(path: str, line: bytes) -> None:
    from json import loads

    try:
        header = loads(line)
        version = header["version"] if header["events"] == "buildkit-runner" else 0
    except (ValueError, TypeError, KeyError):
        version = 0
    if not isinstance(version, int) or version < 1:
        raise Error(f"reading the events of {path}: it is not a file that --events wrote")
    if version > VERSION:
        raise Error(
            f"reading the events of {path}: its format is version {version}, newer than {VERSION}",
            hint="Read it with the buildkit-runner that wrote it, or with a newer one.",
        )


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a NamedTuple as JSON has them."""
    out: dict[str, Any] = {}
    for name, field in zip(value._fields, value, strict=True):
        if isinstance(field, bytes):
            try:
                out[name] = field.decode()
            except UnicodeDecodeError:
                from base64 import b64encode

                out[f"{name}_base64"] = b64encode(field).decode()
        elif hasattr(field, "_fields"):
            out[name] = _fields(field)
        elif isinstance(field, tuple):
            out[name] = [_fields(item) if hasattr(item, "_fields") else item for item in field]
        else:
            out[name] = field
    return out


def _event(fields: dict[str, Any]) -> Event:
    cls = _TYPES[fields.pop("type")]
    if "vertex" in fields and isinstance(fields["vertex"], dict):
        vertex = fields["vertex"]
        group = vertex.get("group")
        vertex["group"] = events.Group(**group) if group else None
        vertex["inputs"] = tuple(vertex["inputs"])
        fields["vertex"] = events.Vertex(**vertex)
    for name in ("data", "source"):
        if name in fields:
            fields[name] = fields[name].encode("utf-8", "surrogatepass")
        elif f"{name}_base64" in fields:
            from base64 import b64decode

            fields[name] = b64decode(fields.pop(f"{name}_base64"))
    if cls is events.Warning:
        fields["detail"] = tuple(fields["detail"])
        fields["ranges"] = tuple(events.SourceRange(**span) for span in fields["ranges"])
    if cls is events.CacheSummary:
        fields["imported"] = tuple(fields["imported"])
        fields["sources"] = tuple(events.CacheSource(**source) for source in fields.get("sources", ()))
    event: Event = cls(**fields)
    return event
