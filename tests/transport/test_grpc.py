"""gRPC's framing, headers and statuses."""

from __future__ import annotations

import random

import pytest

from runner.errors import DaemonError, ProtocolError, UsageError
from runner.transport import frames, grpc, stream
from runner.transport.grpc import Deframer, Response, Status

RESPONSE = [(":status", "200"), ("content-type", "application/grpc")]


def framed(*messages: bytes) -> bytes:
    return b"".join(grpc.prefix(len(message)) + message for message in messages)


def answered(*fields: tuple[str, str]) -> Status | None:
    response = Response()
    response.headers([*RESPONSE, *fields], end=True)
    return response.status


def test_messages_are_found_wherever_the_data_is_cut() -> None:
    messages = [b"", b"a", b"b" * 300, b"", b"c" * 70_000]
    whole = framed(*messages)
    chosen = random.Random(1)
    for count in (0, 1, 10, 500):
        cuts = sorted(chosen.sample(range(len(whole)), count))
        deframer = Deframer()
        found: list[bytes] = []
        for start, end in zip([0, *cuts], [*cuts, None], strict=True):
            found += deframer.feed(whole[start:end])
        deframer.end()
        assert found == messages


def test_a_large_message_that_comes_in_small_pieces_is_not_copied_each_time() -> None:
    deframer = Deframer()
    message = bytes(grpc.MAX_MESSAGE)
    whole = framed(message)
    found: list[bytes] = []
    for at in range(0, len(whole), 1024):
        found += deframer.feed(whole[at : at + 1024])
    assert found == [message]
    assert deframer.size == 0


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"\x01\x00\x00\x00\x01x", "a compressed gRPC message"),
        (b"\x00\x01\x00\x00\x01", "a gRPC message of 16777217 bytes where 16777216 are allowed"),
        (b"\x00\xff\xff\xff\xff", "a gRPC message of 4294967295 bytes"),
    ],
)
def test_messages_that_may_not_be_sent(sent: bytes, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        Deframer().feed(sent)


def test_a_message_that_is_cut_off() -> None:
    deframer = Deframer()
    deframer.feed(framed(b"whole", b"not whole")[:-1])
    with pytest.raises(ProtocolError, match="ends too early"):
        deframer.end()


def test_a_message_too_large_for_the_peer_is_not_sent() -> None:
    with pytest.raises(UsageError, match="16777217 bytes to the daemon: it takes no more than 16777216"):
        grpc.prefix(grpc.MAX_MESSAGE + 1)


def test_a_response_with_messages_and_trailers() -> None:
    response = Response()
    response.headers(RESPONSE, end=False)
    assert response.data(framed(b"one", b"two"), end=False) == [b"one", b"two"]
    assert response.status is None
    response.headers([("grpc-status", "0")], end=True)
    assert response.status == Status(stream.OK)


def test_a_status_with_text_and_details() -> None:
    status = answered(
        ("grpc-status", "5"), ("grpc-message", "no%20such %C3%BC%"), ("grpc-status-details-bin", "AAEC/w")
    )
    assert status == Status(stream.NOT_FOUND, "no such ü%", b"\x00\x01\x02\xff")


def test_details_may_be_padded() -> None:
    assert answered(("grpc-status", "2"), ("grpc-status-details-bin", "AA==")) == Status(2, "", b"\0")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (frames.CANCEL, stream.CANCELLED),
        (frames.REFUSED_STREAM, stream.UNAVAILABLE),
        (frames.ENHANCE_YOUR_CALM, stream.RESOURCE_EXHAUSTED),
        (frames.INTERNAL_ERROR, stream.INTERNAL),
    ],
)
def test_a_reset_is_a_status_too(code: int, status: int) -> None:
    response = Response()
    response.reset(code)
    assert response.status == Status(status, f"the daemon reset the call ({frames.error_name(code)})")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([], "a missing grpc-status"),
        ([("grpc-status", "five")], "a grpc-status that is no number: 'five'"),
        ([("grpc-status", "-1")], "no number"),
        ([("grpc-status", "2" * 100)], "no number"),
        ([("grpc-status", "2"), ("grpc-status-details-bin", "!")], "a binary header that is not base64"),
    ],
)
def test_trailers_that_are_wrong(fields: list[tuple[str, str]], text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        answered(*fields)


def test_a_response_without_trailers() -> None:
    response = Response()
    response.headers(RESPONSE, end=False)
    with pytest.raises(ProtocolError, match="without a grpc-status"):
        response.data(framed(b"x"), end=True)


def test_trailers_in_the_middle_of_a_message() -> None:
    response = Response()
    response.headers(RESPONSE, end=False)
    response.data(b"\0\0", end=False)
    with pytest.raises(ProtocolError, match="ends too early"):
        response.headers([("grpc-status", "0")], end=True)


@pytest.mark.parametrize(
    "fields",
    [
        [(":status", "404"), ("content-type", "application/grpc")],
        [(":status", "200"), ("content-type", "text/html")],
        [(":status", "200"), ("content-type", "application/grpcx")],
        [],
    ],
)
def test_what_answers_is_not_grpc(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(DaemonError, match="does not speak gRPC"):
        Response().headers(fields, end=True)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "1m"), (0.25, "250m"), (60, "60000m"), (1e5, "100000S"), (1e12, "99999999S")]
)
def test_times_have_at_most_eight_digits(seconds: float, text: str) -> None:
    assert grpc.encode_timeout(seconds) == text


@pytest.mark.parametrize("text", ["", "plain text", "100 %", "ü", "line\nline\t", "%41", "\ud800"])
def test_status_texts_survive(text: str) -> None:
    encoded = grpc.encode_text(text)
    assert encoded.isascii()
    assert encoded.isprintable()
    assert grpc.decode_text(encoded) == text.replace("\ud800", "?")


def test_a_status_text_that_is_not_encoded_well_is_kept() -> None:
    assert grpc.decode_text("%zz %4 %FF %") == "%zz %4 \ufffd %"
