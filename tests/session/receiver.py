"""The daemon's side of a file transfer, and the stream that it runs on."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from runner.context.local import Source
from runner.errors import Error
from runner.session.filesync import FileSync
from runner.transport.stream import OK, UNKNOWN, Metadata
from runner.wire.filesync import FILE_SYNC_DIFF_COPY
from runner.wire.fsutil import Packet, Stat

REQ, DATA, FIN, ERR = (
    Packet.PacketType.PACKET_REQ,
    Packet.PacketType.PACKET_DATA,
    Packet.PacketType.PACKET_FIN,
    Packet.PacketType.PACKET_ERR,
)


class Receiver:
    """Opens a transfer and writes down what comes.

    context: a directory, or a service that serves directories. headers: what is asked for; the directory
    is called `context` unless they say otherwise. capacity: bytes that the stream takes until `drain`.
    stats: by id. data: the content of files by id; complete: those whose end was told. last: whether the
    last STAT came. fin: whether FIN came. status: code and text that ended the call.
    """

    def __init__(
        self, context: Path | FileSync, headers: Metadata | None = None, *, capacity: int = 1 << 20
    ) -> None:
        self.metadata: Metadata = [*(headers or []), ("dir-name", "context")]
        self.stats: list[Stat] = []
        self.data: dict[int, bytes] = {}
        self.complete: set[int] = set()
        self.last = self.fin = False
        self.error = ""
        self.status: tuple[int, str] | None = None
        self.queued = self.largest = self.most = 0
        self.capacity = capacity
        self.waiting = False
        self.soon: list[Callable[[], None]] = []
        self.timers: list[Callable[[], None]] = []
        if isinstance(context, Path):
            context = FileSync({"context": Source(str(context))})
        self.service = context
        self.handler = self.service.open(FILE_SYNC_DIFF_COPY, self)

    # ServerStream

    def send(self, *parts: bytes) -> None:
        message = b"".join(parts)
        self.send_framed(b"\0" + len(message).to_bytes(4, "big") + message)

    def send_framed(self, data: bytes | Sequence[bytes]) -> None:
        assert self.status is None
        whole = data if isinstance(data, bytes) else b"".join(data)
        self.queued += len(whole)
        self.largest = max(self.largest, len(whole))
        self.most = max(self.most, self.queued)
        at = 0
        while at < len(whole):
            assert whole[at] == 0
            size = int.from_bytes(whole[at + 1 : at + 5], "big")
            at += 5
            assert at + size <= len(whole)
            self._packet(Packet.decode(whole[at : at + size]))
            at += size

    def room(self) -> int:
        room = self.capacity - self.queued
        self.waiting = self.waiting or room <= 0
        return room

    def finish(self, code: int = OK, message: str = "") -> None:
        assert self.status is None
        self.status = (code, message)

    def defer(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        raise AssertionError(f"{work} and {done} need no other thread")

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        (self.timers if seconds else self.soon).append(work)

    # The daemon

    def settle(self) -> None:
        """Let the transfer go on until it waits for the daemon."""
        while self.status is None and (self.soon or self.waiting):
            self.step()

    def step(self) -> None:
        """Run what was put off, or let go out what was queued."""
        if self.soon:
            self.soon.pop(0)()
        else:
            self.drain()

    def wait(self) -> None:
        """Let the time pass until the next timer."""
        self.timers.pop(0)()

    def drain(self) -> None:
        """What was queued has gone out."""
        self.queued = 0
        if self.waiting:
            self.waiting = False
            self.handler.writable()

    def ask(self, *ids: int) -> None:
        """Ask for the content of files."""
        for id in ids:
            self.handler.message(Packet(type=REQ, ID=id).encode())

    def say_fin(self) -> None:
        self.handler.message(Packet(type=FIN).encode())

    def take_all(self, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, bytes]:
        """Go through a whole transfer. Returns the content of the wanted files, by path."""
        self.settle()
        assert self.last, self.status
        files = [id for id, stat in enumerate(self.stats) if is_file(stat) and wanted(stat.path)]
        self.ask(*files)
        self.settle()
        self.say_fin()
        assert self.status == (OK, "")
        assert self.fin
        self.handler.closed()
        assert self.complete == set(files)
        return {self.stats[id].path: self.data.get(id, b"") for id in files}

    @property
    def paths(self) -> list[str]:
        return [stat.path for stat in self.stats]

    def _packet(self, packet: Packet) -> None:
        assert not self.fin
        if packet.type == DATA:
            assert packet.ID not in self.complete
            if packet.data:
                self.data[packet.ID] = self.data.get(packet.ID, b"") + packet.data
            else:
                self.complete.add(packet.ID)
        elif packet.type == FIN:
            self.fin = True
        elif packet.type == ERR:
            self.error = packet.data.decode()
        elif packet.stat is None:
            assert not self.last
            self.last = True
        else:
            assert not self.last
            self.stats.append(packet.stat)


def is_file(stat: Stat) -> bool:
    """A regular file (Go's ModeType bits are all 0) that is not another name of one before it."""
    return not stat.mode & 0x8F280000 and not stat.linkname


def asking(**headers: Iterable[str]) -> Metadata:
    """Headers; `_` in a name stands for `-`."""
    return [(name.replace("_", "-"), value) for name, values in headers.items() for value in values]


def paths(context: Path, **headers: list[str]) -> list[str]:
    """What the daemon is told of, asking with these headers."""
    receiver = Receiver(context, asking(**headers))
    receiver.settle()
    return receiver.paths


def failed(receiver: Receiver) -> Error:
    """The error that ended the transfer; the daemon was told it in both ways."""
    error = receiver.service.stats.error
    assert error is not None
    assert receiver.error == error.message
    assert receiver.status == (UNKNOWN, error.message)
    return error
