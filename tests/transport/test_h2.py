"""Two ends of HTTP/2 that follow the rules."""

from __future__ import annotations

import random

import pytest

from runner.errors import ProtocolError
from runner.transport import frames, headers
from runner.transport.h2 import (
    CONNECTION_WINDOW,
    STREAM_WINDOW,
    Data,
    Event,
    GoneAway,
    Headers,
    Http2,
    Ready,
    Reset,
)
from tests.transport import peer
from tests.transport.peer import REQUEST, RESPONSE

TRAILERS = [("grpc-status", "0")]


def opened(stream: int = 1) -> Http2:
    """A server to which a client has sent a request that goes on."""
    core = peer.server()
    for number in range(1, stream + 1, 2):
        list(core.feed(peer.header_frames(number, REQUEST)))
    return core


def test_a_call_from_its_request_to_its_trailers() -> None:
    client, server = Http2(client=True), Http2(client=False)
    stream = client.open(REQUEST)
    client.send(stream, [b"what is", b" it?"])
    client.end(stream)
    assert peer.talk(client, server) == (
        [Ready()],
        [Ready(), Headers(1, REQUEST, False), Data(1, b"what is it?", True)],
    )
    server.respond(stream, headers.encode(RESPONSE))
    server.send(stream, [b"this"])
    server.end(stream, headers.encode(TRAILERS))
    assert peer.talk(server, client) == (
        [],
        [Headers(1, RESPONSE, False), Data(1, b"this", False), Headers(1, TRAILERS, True)],
    )
    assert server.closed() == [stream]


def test_a_client_begins_with_the_preface_and_its_settings() -> None:
    sent = peer.read(peer.taken(Http2(client=True)))
    assert [frame.kind for frame in sent] == [frames.SETTINGS, frames.WINDOW_UPDATE]


def test_settings_are_acknowledged_and_pings_answered_before_data_that_waits() -> None:
    core = opened()
    core.send(1, [b"x" * 50_000])
    list(core.feed(peer.ping(7) + frames.settings([])))
    first, second, *rest = peer.read(peer.taken(core))
    assert (first.kind, first.flags, first.payload) == (frames.PING, frames.ACK, (7).to_bytes(8, "big"))
    assert (second.kind, second.flags, second.payload) == (frames.SETTINGS, frames.ACK, b"")
    assert [frame.kind for frame in rest] == [frames.DATA] * 4


def test_a_ping_is_answered_while_bulk_data_waits_for_a_slow_reader() -> None:
    core = opened()
    core.send(1, [b"x" * 60_000])
    core.take(20_000)
    list(core.feed(peer.ping()))
    assert peer.read(bytes(core.take(20_000)[0]))[0].kind == frames.PING


def test_data_is_cut_into_frames_of_the_size_that_the_peer_takes() -> None:
    core = opened()
    core.send(1, [b"a" * 40_000, b"b" * 10_000])
    assert [len(frame.payload) for frame in peer.read(peer.taken(core))] == [16_384, 16_384, 16_384, 848]
    list(core.feed(frames.window_update(1, 1 << 20) + frames.window_update(0, 1 << 20)))
    list(core.feed(frames.settings([(frames.MAX_FRAME_SIZE, 30_000)])))
    peer.taken(core)
    core.send(1, [b"a" * 40_000])
    assert [len(frame.payload) for frame in peer.read(peer.taken(core))] == [30_000, 10_000]


def test_many_small_parts_share_a_frame() -> None:
    core = opened()
    core.send(1, [b"%07d" % number for number in range(4000)])
    sent = peer.read(peer.taken(core))
    assert [len(frame.payload) for frame in sent] == [16_384, 28_000 - 16_384]
    assert b"".join(frame.payload for frame in sent) == b"".join(b"%07d" % number for number in range(4000))


def test_no_more_is_sent_than_the_peers_windows_allow() -> None:
    core = opened(3)
    core.send(1, [b"x" * 100_000])
    core.send(3, [b"y" * 100_000])
    sent = peer.read(peer.taken(core))
    assert sum(len(frame.payload) for frame in sent) == 65_535
    assert {frame.stream for frame in sent} == {1}  # the connection's window was used up by the first
    list(core.feed(frames.window_update(0, 70_000)))
    sent = peer.read(peer.taken(core))
    assert {frame.stream for frame in sent} == {3}
    assert sum(len(frame.payload) for frame in sent) == 65_535
    list(core.feed(frames.window_update(1, 10)))
    assert [(frame.stream, len(frame.payload)) for frame in peer.read(peer.taken(core))] == [(1, 10)]


def test_streams_take_turns() -> None:
    core = opened(3)
    list(
        core.feed(frames.window_update(0, 1 << 20) + frames.settings([(frames.INITIAL_WINDOW_SIZE, 1 << 20)]))
    )
    peer.taken(core)
    core.send(1, [b"x" * 500_000])
    core.send(3, [b"y" * 100])
    order = [frame.stream for frame in peer.read(peer.taken(core))]
    assert order.index(3) == 4  # after 64 KiB of the other


def test_a_window_may_fall_below_zero() -> None:
    core = opened()
    core.send(1, [b"x" * 65_535])
    core.send(1, [b"y" * 10])
    core.take(1 << 20)
    list(core.feed(frames.window_update(0, 1 << 20) + frames.settings([(frames.INITIAL_WINDOW_SIZE, 1000)])))
    assert [frame.kind for frame in peer.read(peer.taken(core))] == [frames.SETTINGS]
    list(core.feed(frames.window_update(1, 64_535)))
    assert peer.taken(core) == b""  # exactly zero now
    list(core.feed(frames.window_update(1, 4)))
    assert [frame.payload for frame in peer.read(peer.taken(core))] == [b"yyyy"]


def test_trailers_wait_for_the_data_and_need_no_window() -> None:
    core = opened()
    core.send(1, [b"x" * 65_536])
    core.end(1, headers.encode(TRAILERS))
    assert all(frame.kind == frames.DATA for frame in peer.read(peer.taken(core)))
    assert core.closed() == []
    list(core.feed(frames.window_update(1, 1) + frames.window_update(0, 1)))
    kinds = [frame.kind for frame in peer.read(peer.taken(core))]
    assert kinds == [frames.DATA, frames.HEADERS]
    assert core.closed() == [1]
    # The client had not ended its side: it is told that nobody listens any more.
    assert [(frame.kind, frame.payload) for frame in peer.read(peer.taken(core))] == [
        (frames.RST_STREAM, bytes(4))
    ]


def test_windows_are_given_back_while_data_comes() -> None:
    core = opened()
    given: dict[int, int] = {0: 0, 1: 0}
    received = 0
    while received < 3 * CONNECTION_WINDOW:
        list(core.feed(peer.data(1, b"x" * 16_384)))
        received += 16_384
        for frame in peer.read(peer.taken(core)):
            given[frame.stream] += int.from_bytes(frame.payload, "big")
        assert received - given[0] < CONNECTION_WINDOW
        assert received - given[1] < STREAM_WINDOW


def test_a_stream_that_is_held_gets_no_window_and_the_others_go_on() -> None:
    core = opened(3)
    core.hold(1, True)
    for _ in range(STREAM_WINDOW // 16_384):
        list(core.feed(peer.data(1, b"x" * 16_384)))
    assert {frame.stream for frame in peer.read(peer.taken(core))} == {0}
    for _ in range(STREAM_WINDOW // 2 // 16_384):
        list(core.feed(peer.data(3, b"y" * 16_384)))
    assert {frame.stream for frame in peer.read(peer.taken(core))} == {3}
    core.hold(1, False)
    (given,) = peer.read(peer.taken(core))
    assert (given.stream, int.from_bytes(given.payload, "big")) == (1, STREAM_WINDOW)
    core.hold(5, True)  # one that is over


def test_a_peer_that_does_not_keep_to_a_streams_window() -> None:
    core = opened()
    core.hold(1, True)
    for _ in range(STREAM_WINDOW // 16_384):
        list(core.feed(peer.data(1, b"x" * 16_384)))
    with pytest.raises(ProtocolError, match="more DATA on stream 1 than its window allows"):
        list(core.feed(peer.data(1, b"x")))


def test_room_shrinks_with_what_is_queued_and_is_told_when_it_is_back() -> None:
    core = opened()
    assert core.room(1) == 1 << 20
    core.send(1, [b"x" * (1 << 20)])
    assert core.room(1) == 0
    assert core.roomy() == []
    list(
        core.feed(frames.settings([(frames.INITIAL_WINDOW_SIZE, 1 << 20)]) + frames.window_update(0, 1 << 20))
    )
    core.take(200_000)
    assert core.roomy() == []  # not worth waking anybody
    core.take(200_000)
    assert core.roomy() == [1]
    assert core.roomy() == []


def test_streams_that_nobody_reads_leave_room_for_the_others() -> None:
    core = opened(13)
    for stream in (1, 3, 5, 7, 9):
        core.send(stream, [b"x" * (1 << 20)])
    assert core.room(1) < 0
    assert core.room(11) == 64 << 10


def test_what_a_reset_stream_had_queued_is_dropped() -> None:
    core = opened()
    core.send(1, [b"x" * 1000])
    assert list(core.feed(frames.rst_stream(1, frames.CANCEL))) == [Reset(1, frames.CANCEL)]
    core.send(1, [b"late"])
    core.end(1, headers.encode(TRAILERS))
    assert peer.taken(core) == b""
    assert (core.room(1), core.queued(1)) == (0, 0)


def test_frames_that_crossed_our_reset_are_ignored() -> None:
    core = opened()
    core.reset(1, frames.CANCEL)
    assert [frame.kind for frame in peer.read(peer.taken(core))] == [frames.RST_STREAM]
    late = peer.data(1, b"late") + frames.window_update(1, 5) + peer.header_frames(1, TRAILERS, end=True)
    assert list(core.feed(late + frames.rst_stream(1, 8))) == []
    with pytest.raises(ProtocolError, match="DATA on stream 1, which is closed"):
        list(core.feed(peer.data(1, b"later")))


def test_a_response_that_ends_early_ends_the_request() -> None:
    core = Http2(client=True)
    stream = core.open(REQUEST)
    core.send(stream, [b"x" * 100_000])
    peer.taken(core)
    events = list(core.feed(peer.SERVER_START + peer.header_frames(1, RESPONSE + TRAILERS, end=True)))
    assert events == [Ready(), Headers(1, RESPONSE + TRAILERS, True)]
    sent = peer.read(peer.taken(core))
    assert [(frame.kind, frame.payload) for frame in sent] == [
        (frames.SETTINGS, b""),
        (frames.RST_STREAM, bytes(4)),
    ]


def test_goaway_is_told() -> None:
    core = peer.client()
    assert list(core.feed(frames.goaway(0, frames.ENHANCE_YOUR_CALM, "too_many_pings"))) == [
        GoneAway(0, frames.ENHANCE_YOUR_CALM, "too_many_pings")
    ]


def test_a_client_keeps_to_the_number_of_streams_that_the_peer_allows() -> None:
    core = peer.client()
    list(core.feed(frames.settings([(frames.MAX_CONCURRENT_STREAMS, 1)])))
    with pytest.raises(ProtocolError, match="no more than 1 calls at a time"):
        core.open(REQUEST)


def test_a_request_over_the_number_of_streams_is_refused() -> None:
    core = peer.server()
    for stream in range(1, 2001, 2):
        assert len(list(core.feed(peer.header_frames(stream, REQUEST)))) == 1
    assert list(core.feed(peer.header_frames(2001, REQUEST))) == []
    refused = peer.read(peer.taken(core))[-1]
    assert (refused.kind, refused.stream) == (frames.RST_STREAM, 2001)
    assert refused.payload == frames.REFUSED_STREAM.to_bytes(4, "big")


def test_large_header_lists_travel_in_continuations() -> None:
    client, server = Http2(client=True), Http2(client=False, max_headers=4 << 20)
    fields = REQUEST + [("exclude-patterns", f"node_modules/**/{number:06d}") for number in range(6000)]
    client.open(fields)
    _, heard = peer.talk(client, server)
    assert heard[1] == Headers(1, fields, False)


def test_padding_and_priority_are_taken_off() -> None:
    core = peer.server()
    block = headers.encode(REQUEST)
    flags = frames.END_HEADERS | frames.PADDED | frames.WITH_PRIORITY
    assert list(core.feed(frames.frame(frames.HEADERS, flags, 1, b"\x03" + bytes(5) + block + bytes(3)))) == [
        Headers(1, REQUEST, False)
    ]
    assert list(core.feed(frames.frame(frames.DATA, frames.PADDED, 1, b"\x02ab" + bytes(2)))) == [
        Data(1, b"ab", False)
    ]
    assert (
        list(core.feed(frames.frame(frames.PRIORITY, 0, 1, bytes(5)) + frames.frame(0xBE, 0, 0, b"?"))) == []
    )


@pytest.mark.parametrize("seed", range(20))
def test_events_do_not_depend_on_how_the_bytes_are_cut(seed: int) -> None:
    conversation = b"".join((
        peer.CLIENT_START,
        frames.window_update(0, 100),
        peer.header_frames(1, REQUEST),
        peer.data(1, b"one"),
        peer.header_frames(3, [*REQUEST, ("long", "x" * 40_000)]),
        peer.data(3, b"y" * 16_384),
        peer.ping(),
        peer.data(1, b"two", end=True),
        frames.rst_stream(3, frames.CANCEL),
        frames.goaway(0, 0, "bye"),
        peer.data(9, b"never opened"),
    ))  # fmt: skip

    def events(pieces: list[bytes]) -> tuple[list[Event], bytes, str]:
        core, failure = Http2(client=False), ""
        heard: list[Event] = []
        for piece in pieces:
            try:
                heard.extend(core.feed(piece))
            except ProtocolError as error:
                failure = error.message
        return peer.joined(heard), peer.taken(core), failure

    chosen = random.Random(seed)
    cuts = sorted(chosen.sample(range(len(conversation)), chosen.choice((1, 5, 50, 500))))
    pieces = [conversation[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    whole = events([conversation])
    assert whole[2] == "DATA on stream 9, which was not opened"
    assert events(pieces) == whole
