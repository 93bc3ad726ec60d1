"""Services that are called over one HTTP/2 connection; the caller is our own client core."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence

import pytest

from runner.errors import AccessError, ProtocolError
from runner.transport import frames, grpc, headers, stream
from runner.transport.grpc import Status
from runner.transport.h2 import Data, Event, Headers, Http2, Reset
from runner.transport.server import MAX_HELD, Server
from runner.transport.stream import Handler, ServerStream
from tests.transport import peer
from tests.transport.scheduler import AtOnce, ByHand
from tests.transport.services import Call, Recorder, echo

METHOD = "/a.B/C"


class Daemon:
    """The client of a server under test, which works off what the pool submits."""

    def __init__(self, *services: stream.Service) -> None:
        self.core = Http2(client=True)
        self.scheduler = ByHand()
        self.server = Server(services, self.scheduler)
        self.talk()

    def call(
        self,
        *messages: bytes,
        method: str = METHOD,
        end: bool = True,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> int:
        """Open a call and send messages."""
        request = grpc.request_headers(method, "localhost", secure=False, metadata=metadata, timeout=None)
        id = self.core.open(request)
        for message in messages:
            self.core.send(id, [grpc.prefix(len(message)), message])
        if end:
            self.core.end(id)
        return id

    def talk(self) -> list[Event]:
        """Exchange what both have to say until both are silent. Returns what the server said."""
        heard: list[Event] = []
        while True:
            forth, back = peer.taken(self.core), b"".join(self.server.take(1 << 20))
            if not forth and not back:
                return heard
            self.server.feed(forth)
            heard += self.core.feed(back)

    def work(self) -> None:
        """Run the next thing that was submitted from another thread."""
        self.scheduler.submitted.get(timeout=5)()


@pytest.fixture
def daemons() -> Iterator[Callable[..., Daemon]]:
    made: list[Daemon] = []

    def make(*services: stream.Service) -> Daemon:
        made.append(Daemon(*services))
        return made[-1]

    yield make
    for daemon in made:
        daemon.scheduler.pool.close()


Daemons = Callable[..., Daemon]


def status(events: list[Event], id: int) -> Status:
    """The status with which the server ended a call."""
    (last,) = [event for event in events if isinstance(event, Headers) and event.stream == id and event.end]
    return grpc.read_trailers(last.fields)


def messages(events: list[Event], id: int) -> list[bytes]:
    data = b"".join(event.data for event in events if isinstance(event, Data) and event.stream == id)
    return list(grpc.Deframer().feed(data))


def test_a_unary_call(daemons: Daemons) -> None:
    service = Recorder(METHOD, on_message=echo)
    daemon = daemons(service)
    id = daemon.call(b"hello", metadata=[("dir-name", "context")])
    heard = daemon.talk()
    assert messages(heard, id) == [b"hello"]
    assert status(heard, id) == Status(stream.OK)
    (call,) = service.calls
    assert ("dir-name", "context") in call.stream.metadata
    assert not any(name.startswith(":") for name, _ in call.stream.metadata)
    assert call.told == [b"hello", "closed"]


def test_messages_both_ways(daemons: Daemons) -> None:
    service = Recorder(METHOD, on_message=lambda call, data: call.stream.send(data, b"!"))
    daemon = daemons(service)
    id = daemon.call(b"1", b"2", end=False)
    assert messages(daemon.talk(), id) == [b"1!", b"2!"]
    daemon.core.end(id)
    assert daemon.talk() == []
    (call,) = service.calls
    assert call.told == [b"1", b"2", "end"]
    call.stream.send_framed([grpc.prefix(1), b"x", grpc.prefix(0)])
    call.stream.send_framed(grpc.prefix(1) + b"y")
    call.stream.finish()
    heard = daemon.talk()
    assert messages(heard, id) == [b"x", b"", b"y"]
    assert status(heard, id) == Status(stream.OK)
    assert call.told[-1] == "closed"


def test_trailers_follow_at_once_even_if_the_caller_goes_on(daemons: Daemons) -> None:
    service = Recorder(METHOD, on_message=echo)
    daemon = daemons(service)
    id = daemon.call(b"x", end=False)
    assert status(daemon.talk(), id) == Status(stream.OK)
    assert service.calls[0].told[-1] == "closed"
    assert daemon.talk() == []


def test_an_unknown_method_is_answered_at_once(daemons: Daemons) -> None:
    daemon = daemons(Recorder(METHOD))
    id = daemon.call(method="/a.B/Other", end=False)
    assert status(daemon.talk(), id) == Status(stream.UNIMPLEMENTED, "method /a.B/Other is not served here")


def test_a_handler_that_fails(daemons: Daemons) -> None:
    def fail(_call: Call, data: bytes) -> None:
        raise AccessError("reading the secret: denied", hint="…") if data == b"ours" else KeyError("x")

    service = Recorder(METHOD, on_message=fail)
    daemon = daemons(service)
    one, other = daemon.call(b"ours", b"never seen"), daemon.call(b"foreign")
    heard = daemon.talk()
    assert status(heard, one) == Status(stream.UNKNOWN, "reading the secret: denied")
    assert status(heard, other) == Status(stream.UNKNOWN, "the client's session failed: KeyError")
    assert [call.told for call in service.calls] == [[b"ours", "closed"], [b"foreign", "closed"]]


def test_a_service_that_fails_to_open(daemons: Daemons) -> None:
    class Broken(Recorder):
        def open(self, method: str, stream: ServerStream) -> Handler:
            super().open(method, stream)
            raise RuntimeError

    daemon = daemons(Broken(METHOD))
    id = daemon.call(b"x")
    assert status(daemon.talk(), id) == Status(stream.UNKNOWN, "the client's session failed: RuntimeError")


def test_a_call_that_the_daemon_resets(daemons: Daemons) -> None:
    service = Recorder(METHOD)
    daemon = daemons(service)
    id = daemon.call(b"x", end=False)
    daemon.talk()
    daemon.core.reset(id, frames.CANCEL)
    daemon.talk()
    (call,) = service.calls
    assert call.told == [b"x", "closed"]
    call.stream.finish()
    assert daemon.talk() == []


def test_calls_end_with_the_connection(daemons: Daemons) -> None:
    service = Recorder(METHOD)
    daemon = daemons(service)
    daemon.call(end=False)
    daemon.call(end=False)
    daemon.talk()
    daemon.server.close()
    daemon.server.close()
    assert [call.told for call in service.calls] == [["closed"], ["closed"]]


def test_nothing_may_follow_the_end(daemons: Daemons) -> None:
    service = Recorder(METHOD, on_message=echo)
    daemon = daemons(service)
    daemon.call(b"x")
    daemon.talk()
    with pytest.raises(RuntimeError, match="after the end"):
        service.calls[0].stream.send(b"more")


def test_a_sender_waits_for_room(daemons: Daemons) -> None:
    block = bytes(100_000)
    sent = 0

    def fill(call: Call, _data: bytes = b"") -> None:
        nonlocal sent
        while sent < 1000 and call.stream.room() > 0:
            call.stream.send(block)
            sent += 1
        if sent == 1000:
            call.stream.finish()

    class Filling(Call):
        def writable(self) -> None:
            fill(self)

    class Service(Recorder):
        def open(self, method: str, stream: ServerStream) -> Handler:
            return Filling(method, stream, fill)

    daemon = daemons(Service(METHOD))
    daemon.call(b"go")
    daemon.server.feed(peer.taken(daemon.core))
    assert sent == 11  # a MiB, and what went over it
    received = most = 0
    while back := b"".join(daemon.server.take(1 << 18)):
        received += sum(len(event.data) for event in daemon.core.feed(back) if isinstance(event, Data))
        most = max(most, sent * 100_005 - received)
        daemon.server.feed(peer.taken(daemon.core))
    assert received == 1000 * 100_005
    assert most < 2 << 20


def test_work_that_blocks_is_done_elsewhere(daemons: Daemons) -> None:
    threads: list[int] = []

    def ask(call: Call, data: bytes) -> None:
        def work() -> bytes:
            threads.append(threading.get_ident())
            if data == b"bad":
                raise OSError("no helper")
            return data.upper()

        def done(result: bytes | BaseException) -> None:
            threads.append(threading.get_ident())
            if isinstance(result, BaseException):
                call.stream.finish(stream.UNAVAILABLE, str(result))
            else:
                echo(call, result)

        call.stream.defer(work, done)

    daemon = daemons(Recorder(METHOD, on_message=ask))
    id = daemon.call(b"good")
    assert daemon.talk() == []
    daemon.work()
    assert messages(daemon.talk(), id) == [b"GOOD"]
    assert threads[0] != threads[1] == threading.get_ident()
    id = daemon.call(b"bad")
    daemon.talk()
    daemon.work()
    assert status(daemon.talk(), id) == Status(stream.UNAVAILABLE, "no helper")


def test_deferred_work_is_not_told_when_its_call_has_ended(daemons: Daemons) -> None:
    told: list[object] = []
    go = threading.Event()

    def ask(call: Call, _data: bytes) -> None:
        call.stream.defer(lambda: go.wait(5), told.append)

    daemon = daemons(Recorder(METHOD, on_message=ask))
    id = daemon.call(b"x")
    daemon.talk()
    daemon.core.reset(id, frames.CANCEL)
    daemon.talk()
    go.set()
    daemon.work()
    assert told == []


def test_what_is_told_of_deferred_work_may_fail(daemons: Daemons) -> None:
    def ask(call: Call, _data: bytes) -> None:
        def done(result: object) -> None:
            raise ValueError(f"cannot use {result}")

        call.stream.defer(lambda: 5, done)

    daemon = daemons(Recorder(METHOD, on_message=ask))
    id = daemon.call(b"x")
    daemon.talk()
    daemon.work()
    assert status(daemon.talk(), id) == Status(stream.UNKNOWN, "the client's session failed: ValueError")


def test_work_that_waits_for_its_time_is_forgotten_with_its_call(daemons: Daemons) -> None:
    def ask(call: Call, data: bytes) -> None:
        call.stream.after(float(data), lambda: call.stream.finish(stream.OK, ""))

    daemon = daemons(Recorder(METHOD, on_message=ask))
    id = daemon.call(b"0.5")
    daemon.talk()
    ((seconds, work),) = daemon.scheduler.timers
    assert seconds == 0.5
    work()
    assert status(daemon.talk(), id) == Status(stream.OK)
    work()
    assert daemon.talk() == []


@pytest.mark.parametrize("ending", ["its status", "a reset"])
def test_a_timer_does_not_keep_a_call_that_is_over(daemons: Daemons, ending: str) -> None:
    class Large(bytearray):
        pass

    kept: list[weakref.ref[Large]] = []

    def ask(call: Call, data: bytes) -> None:
        paths = Large(1 << 20)
        kept.append(weakref.ref(paths))
        call.stream.after(300, lambda: call.stream.send(bytes(paths)))
        if data == b"its status":
            call.stream.finish()

    daemon = daemons(Recorder(METHOD, on_message=ask))
    id = daemon.call(ending.encode(), end=False)
    daemon.talk()
    if ending == "a reset":
        assert kept[0]()
        daemon.core.reset(id, frames.CANCEL)
        daemon.talk()
    assert kept[0]() is None
    assert len(daemon.scheduler.timers) == 1


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (peer.data(1, b"\x01\x00\x00\x00\x01x"), "a compressed gRPC message"),
        (peer.data(1, b"\x00\xff\xff\xff\xff"), "a gRPC message of 4294967295 bytes"),
        (peer.data(1, b"\x00\x00\x00\x00\x02x", end=True), "a gRPC message that ends too early"),
        (peer.header_frames(3, [(":method", "GET"), (":path", "/")]), "a request that is not gRPC"),
        (peer.header_frames(3, [*peer.REQUEST[:4], ("content-type", "text/html")]), "that is not gRPC"),
    ],
)  # fmt: skip
def test_what_a_daemon_may_not_send(sent: bytes, text: str) -> None:
    service = Recorder("/a.B/C")
    server = Server([service], AtOnce())
    server.feed(peer.CLIENT_START + peer.header_frames(1, peer.REQUEST))
    with pytest.raises(ProtocolError, match=text):
        server.feed(sent)
    server.close()
    assert service.calls[0].told == ["closed"]


def test_messages_that_never_end_are_not_kept_for_ever() -> None:
    server = Server([Recorder("/a.B/C")], AtOnce())
    server.feed(peer.CLIENT_START)
    block = headers.encode(peer.REQUEST)
    for id in (1, 3, 5, 7):
        start = frames.headers(id, block, end=False) + peer.data(id, grpc.prefix(grpc.MAX_MESSAGE))
        server.feed(start + peer.data(id, bytes(16_384)) * 1000)
    server.feed(frames.headers(9, block, end=False) + peer.data(9, grpc.prefix(grpc.MAX_MESSAGE)))
    with pytest.raises(ProtocolError, match=f"more than {MAX_HELD} bytes"):
        server.feed(peer.data(9, bytes(16_384)) * 1000)


def test_a_reset_gives_back_what_was_held() -> None:
    server = Server([Recorder("/a.B/C")], AtOnce())
    server.feed(peer.CLIENT_START)
    half = grpc.prefix(grpc.MAX_MESSAGE) + bytes(16_379)
    for id in range(1, 21, 2):
        server.feed(peer.header_frames(id, peer.REQUEST) + peer.data(id, half))
        server.feed(peer.data(id, bytes(16_384)) * 1000)
        server.feed(frames.rst_stream(id, frames.CANCEL))


def test_a_message_for_a_call_that_was_reset_by_us_is_dropped(daemons: Daemons) -> None:
    service = Recorder(METHOD, on_message=echo)
    daemon = daemons(service)
    id = daemon.call(b"1", b"2", b"3", end=False)
    heard = daemon.talk()
    assert messages(heard, id) == [b"1"]
    assert not any(isinstance(event, Reset) for event in heard)
    assert service.calls[0].told == [b"1", "closed"]
