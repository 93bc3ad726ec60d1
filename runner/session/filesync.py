"""moby.filesync.v1.FileSync: sends the build's directories to the daemon, as far as it asks for them.

The transfer is fsutil's: STATs of everything, an empty one; meanwhile a REQ for each file that the daemon
wants and its DATA; at the end FIN from the daemon and FIN back.
"""

import os
import re
import time
from array import array
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from errno import ELOOP, ENOENT, ENOTDIR, ENXIO
from functools import partial
from stat import S_ISREG, S_ISSOCK

from runner.context import packets
from runner.context.errors import changed, unreadable
from runner.context.follow import include_patterns
from runner.context.local import Source
from runner.context.names import decode
from runner.context.patterns import Matcher
from runner.context.stats import StatFrames
from runner.context.walk import Found, walk
from runner.errors import DaemonError, Error, ProtocolError
from runner.transport.stream import NOT_FOUND, OK, UNKNOWN, Handler, Metadata, ServerStream
from runner.wire.filesync import FILE_SYNC_DIFF_COPY

# Bytes of a file in one packet: less and much more are both slower against the real daemon.
PIECE = 256 << 10
# Bytes of packets that are put together before they are queued.
BATCH = 32 << 10
# Seconds after which the loop's thread is given back.
SLICE = 0.004
# Seconds without any sign of life after which the daemon is given up.
SILENCE = 300.0
# Bytes to read at once of a file whose size is not known.
_UNKNOWN = 16 << 10
_DOING = "sending files to the daemon"
_KEYS = ("dir-name", "include-patterns", "exclude-patterns", "followpaths")
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class Stats:
    """What was sent so far, over all transfers.

    entries: how many files, directories and links the daemon was told of; files: how many of them it asked
    for; bytes: their size. error: the first that ended a transfer, unless it was the daemon's own.
    """

    __slots__ = ("bytes", "entries", "error", "files")

    def __init__(self) -> None:
        self.entries = self.files = self.bytes = 0
        self.error: Error | None = None


class FileSync:
    """Serves directories by the names that the daemon knows them by.

    stats: the counters, for whoever wants to show them.
    """

    methods = (FILE_SYNC_DIFF_COPY,)

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.stats = Stats()
        self._roots = {name: os.fsencode(os.path.realpath(source.path)) for name, source in sources.items()}

    def open(self, method: str, stream: ServerStream) -> Handler:  # noqa: ARG002
        upload = _Upload(stream, self.stats)
        try:
            asked = _asked_for(stream.metadata)
            name = (asked.get("dir-name") or [""])[0]
            root = self._roots.get(name)
            if root is None:
                upload.refuse(NOT_FOUND, f"no access allowed to dir {name!r}")
                return upload
            if self.stats.error is not None and not isinstance(self.stats.error, DaemonError):
                # A file could not be sent. The daemon takes an ignore file that it did not get for an empty
                # one, and would build.
                raise self.stats.error
            upload.begin(root, asked)
        except Error as error:
            upload.fail(error)
        return upload


class _Upload:
    """One transfer: the handler of one call."""

    def __init__(self, stream: ServerStream, stats: Stats) -> None:
        self._stream = stream
        self._counted = stats
        self._root = b""
        self._walk: Iterator[None] | None = None
        # By id, the number of the STAT: the path of a file that may be asked for (else b""), its size.
        self._paths: list[bytes] = []
        self._sizes = array("q")
        self._asked: deque[tuple[int, bytes]] = deque()
        # The file that is being sent: descriptor, id, bytes that are still to come (below 0: not known).
        self._file, self._id, self._left = -1, 0, 0
        self._name = b""
        # Whether `_pump` will be called again without more messages.
        self._called = False
        self._over = False
        self._signs = 0

    def begin(self, root: bytes, asked: Mapping[str, list[str]]) -> None:
        """Start sending what the daemon asked for."""
        self._root = root
        self._walk = self._announce(asked)
        self._watch(-1)
        self._pump()

    def refuse(self, code: int, message: str) -> None:
        """End the call with a status."""
        self.closed()
        self._stream.finish(code, message)

    def fail(self, error: Error) -> None:
        """End the transfer; the daemon is told why."""
        if self._over:
            return
        self._counted.error = self._counted.error or error
        self._stream.send_framed(packets.error_frame(error.message))
        self.refuse(UNKNOWN, error.message)

    # Handler

    def message(self, data: bytes) -> None:
        if self._over:
            return
        self._signs += 1
        try:
            self._take(data)
        except Error as error:
            self.fail(error)

    def end(self) -> None:
        self.fail(ProtocolError(f"{_DOING}: the daemon ended the transfer before it was complete"))

    def writable(self) -> None:
        self._signs += 1
        self._pump()

    def closed(self) -> None:
        self._over = True
        self._walk = None
        self._asked.clear()
        self._close()
        # What still knows of this call for a while does not keep a large context's paths with it.
        self._paths.clear()
        del self._sizes[:]

    # What comes in

    def _take(self, data: bytes) -> None:
        kind, id, body = packets.decode(data)
        if kind == packets.REQ:
            if id >= len(self._paths) or not self._paths[id]:
                raise ProtocolError(f"{_DOING}: the daemon asked for file {id}, which it was not offered")
            self._asked.append((id, self._paths[id]))
            self._paths[id] = b""
            if not self._called:
                self._call()
        elif kind == packets.FIN:
            if self._walk is not None or self._asked or self._file >= 0:
                raise ProtocolError(f"{_DOING}: the daemon said that it has all before it was sent")
            self._stream.send_framed(packets.FIN_FRAME)
            # The daemon half-closes only after our trailers.
            self.refuse(OK, "")
        elif kind == packets.ERR:
            self.refuse(UNKNOWN, f"error from receiver: {body.decode('utf-8', 'replace')}")
        else:
            raise ProtocolError(f"{_DOING}: the daemon sent a packet of type {kind}")

    def _watch(self, signs: int) -> None:
        """Look again and again whether the daemon has taken or said anything since `signs` was counted."""
        if self._signs == signs:
            self.fail(DaemonError(f"{_DOING}: it was silent for {SILENCE:g} s"))
        elif not self._over:
            self._stream.after(SILENCE, partial(self._watch, self._signs))

    # What goes out

    def _call(self) -> None:
        self._called = True
        self._stream.after(0, self._pump)

    def _pump(self) -> None:
        """Queue packets until there is no room, nothing to send, or the loop was held for long enough."""
        self._called = False
        until = time.monotonic() + SLICE
        try:
            while self._walk is not None or self._asked or self._file >= 0:
                if self._stream.room() <= 0:
                    self._called = True  # by `writable`
                    return
                if time.monotonic() > until:
                    self._call()
                    return
                if self._asked or self._file >= 0:
                    self._send_files()
                if self._walk is not None:
                    next(self._walk, None)
        except Error as error:
            self.fail(error)

    def _find(self, asked: Mapping[str, list[str]]) -> Generator[None, None, Iterator[Found | None]]:
        """The walk over what the daemon asked for."""
        follow = asked.get("followpaths", [])
        include = yield from include_patterns(self._root, asked.get("include-patterns", []), follow)
        exclude = asked.get("exclude-patterns", [])
        return walk(
            self._root,
            Matcher(include, exceptions=False) if include else None,
            Matcher(exclude, exceptions=True) if exclude else None,
        )

    def _announce(self, asked: Mapping[str, list[str]]) -> Iterator[None]:
        """Queue the STATs; pauses after every batch, and where what finds them does."""
        found = yield from self._find(asked)
        frame = StatFrames(self._root).frame
        frames: list[bytes] = []
        size = 0
        for item in found:
            if item is not None and (stat := frame(*item)):
                path, status = item
                regular = S_ISREG(status.st_mode)
                socket = S_ISSOCK(status.st_mode)
                self._paths.append(path if regular or socket else b"")
                self._sizes.append(status.st_size if regular else 0)
                frames.append(stat)
                self._counted.entries += 1
                size += len(stat)
            if size >= BATCH:
                self._stream.send_framed(b"".join(frames))
                frames.clear()
                size = 0
                yield
            elif item is None:
                yield
        self._stream.send_framed(b"".join((*frames, packets.LAST_STAT_FRAME)))
        self._walk = None

    def _send_files(self) -> None:
        """Queue about a batch of the files that were asked for, or one piece of a large one."""
        parts: list[bytes] = []
        size = 0
        while size < BATCH and (self._file >= 0 or self._asked):
            if self._file < 0:
                self._open(*self._asked.popleft())
            data = self._read() if self._file >= 0 else b""
            if data:
                parts += (packets.data_head(self._id, len(data)), data)
                size += len(data)
            if not data or not self._left:
                parts.append(packets.data_head(self._id, 0))
                size += len(parts[-1])
                self._close()
                self._counted.files += 1
            self._counted.bytes += len(data)
        self._stream.send_framed(b"".join(parts) if size < 2 * BATCH else parts)

    def _open(self, id: int, path: bytes) -> None:
        size = self._sizes[id]
        self._id, self._name = id, path
        # A size of 0 is also what file systems say that make up a file while it is read.
        self._left = size or -1
        try:
            self._file = os.open(self._root + b"/" + path, _FLAGS)
        except OSError as error:
            if error.errno == ENXIO and not size:
                return  # a socket
            if error.errno in (ENOENT, ENOTDIR):
                raise changed(path, "it has vanished") from None
            if error.errno in (ELOOP, ENXIO):
                raise changed(path, "it is no regular file any more") from None
            raise unreadable(self._root + b"/" + path, error) from None

    def _read(self) -> bytes:
        """The next piece; b"" at the end. What was added to a file since its STAT is left out."""
        try:
            data = os.read(self._file, min(PIECE, self._left) if self._left > 0 else _UNKNOWN)
        except OSError as error:
            raise unreadable(self._root + b"/" + self._name, error) from None
        if self._left > 0:
            if not data:
                raise changed(self._name, "it became shorter")
            self._left -= len(data)
        return data

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _asked_for(metadata: Metadata) -> dict[str, list[str]]:
    """The values of each header. Raises ProtocolError."""
    values: dict[str, list[str]] = {}
    for key, value in metadata:
        values.setdefault(key, []).append(value)
    for key in _KEYS:
        if values.get(key + "-encoded", [""])[0] in ("1", "t", "T", "true", "TRUE", "True"):
            values[key] = [_unescape(value) for value in values.get(key, [])]
    return values


def _unescape(text: str) -> str:
    """The reverse of Go's url.QueryEscape. Raises ProtocolError."""
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise ProtocolError(f"{_DOING}: the daemon's header {text!r} is not well-formed")
    plain = text.replace("+", " ").encode()
    return decode(re.sub(b"%(..)", lambda found: bytes.fromhex(found[1].decode()), plain))
