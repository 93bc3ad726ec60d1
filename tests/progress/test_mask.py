"""Secret values never reach a reader, wherever the daemon or a step puts them."""

import time

import pytest

from runner.progress.events import (
    Event,
    Finished,
    Group,
    Notice,
    SolveStarted,
    Transfer,
    Vertex,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexLog,
    Warning,
)
from runner.progress.mask import Mask, make_mask

SECRET = "s3cr3t-token"


def mask(*secrets: str | bytes) -> Mask:
    made = make_mask(secrets or (SECRET,))
    assert made is not None
    return made


def through(mask: Mask, *events: Event) -> list[Event]:
    return [out for event in events for out in mask.events(event)]


def log(data: bytes, *, stream: int = 1, vertex: str = "v") -> VertexLog:
    return VertexLog(vertex, 1, stream, data)


def logged(events: list[Event], stream: int = 1) -> bytes:
    return b"".join(e.data for e in events if isinstance(e, VertexLog) and e.stream == stream)


def test_without_secrets_there_is_no_mask() -> None:
    assert make_mask([]) is None
    assert make_mask(["", " \n", "abc", b"1"]) is None  # too short to be told from a word


def test_every_text_of_every_event() -> None:
    vertex = Vertex("sha256:1", f"RUN curl {SECRET}", (), Group("g", f"G {SECRET}", False))
    events: list[Event] = [
        SolveStarted("ref", 1),
        VertexAdded(vertex),
        VertexFailed(vertex, 1, 2, f'process "curl {SECRET}" did not complete'),
        log(f"+ curl {SECRET}\n".encode()),
        Transfer("v", f"https://{SECRET}@host/x", f"get {SECRET}", 0, 0, 1, 1, 0),
        Warning("v", 1, SECRET, (SECRET,), f"https://e/{SECRET}", "Dockerfile", f"ARG T={SECRET}".encode()),
        Notice(1, f"proxy http://u:{SECRET}@p"),
        Finished(2, f"failed: {SECRET}"),
    ]
    shown = through(mask(), *events)
    assert [type(event) for event in shown] == [type(event) for event in events]
    assert SECRET not in repr(shown)
    assert repr(shown).count("***") == 14
    assert mask().text(f"a {SECRET} b") == "a *** b"


def test_what_holds_no_secret_passes_unchanged() -> None:
    events: list[Event] = [
        VertexAdded(Vertex("sha256:1", "RUN x")),
        log(b"caf\xe9 s3cr3t\n"),
        Finished(1, ""),
    ]
    assert through(mask(), *events) == events


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
def test_a_secret_that_is_cut_between_two_pieces_of_a_log(cut: int) -> None:
    text = f"token {SECRET} end\n".encode()
    first, second = text[: 6 + cut], text[6 + cut :]
    assert logged(through(mask(), log(first), log(second))) == b"token *** end\n"


def test_a_secret_that_comes_byte_by_byte_and_beside_another_stream() -> None:
    pieces = [log(bytes((byte,)), stream=stream) for byte in f"{SECRET}\n".encode() for stream in (1, 2)]
    shown = through(mask(), *pieces)
    assert logged(shown, 1) == logged(shown, 2) == b"***\n"


@pytest.mark.parametrize("end", [VertexDone(Vertex("v", "v"), 1, 2), Finished(3, "")])
def test_the_beginning_of_a_secret_that_never_came_is_given_back(end: Event) -> None:
    shown = through(mask(), log(b"token s3cr"), end)
    assert shown == [log(b"token "), log(b"s3cr"), end]


def test_nothing_else_is_held_back() -> None:
    """A line that ends has no beginning of a secret at its end: it is shown at once."""
    assert logged(through(mask(SECRET, "key\nwith more lines\n"), log(b"line\n"))) == b"line\n"


def test_the_longest_secret_counts() -> None:
    assert mask("pass", "password1").text("password1 pass word") == "*** *** word"


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("p@ss/w:rd", "http://user:p%40ss%2Fw%3Ard@proxy"),  # as it stands in a URL
        ('quo"te\\d', 'process "echo quo\\"te\\\\d" failed'),  # as Go quotes it
        (b"token-1234\n", "token-1234"),  # a file of one line
        ("  spaced-value  ", "spaced-value"),
        (b"\xff\xfe\xfd\xfc", "\udcff\udcfe\udcfd\udcfc"),
    ],
)
def test_the_ways_a_secret_is_written(secret: str | bytes, text: str) -> None:
    assert "***" in mask(secret).text(text)


def test_each_line_of_a_secret_of_several_lines() -> None:
    key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END KEY-----\n"
    assert mask(key).data(b"x MIIEpAIBAAKCAQEA y\nabc\n") == b"x *** y\nabc\n"


def test_a_secret_of_thousands_of_lines_costs_little() -> None:
    lines = [f"line-{number:06}-of-the-file" for number in range(20_000)]
    before = time.thread_time()
    made = mask("\n".join(lines))
    log = VertexLog("sha256:1", 0, 1, b"x" * 50 + lines[-1].encode() + b"\n")
    for _ in range(1000):
        (shown,) = through(made, log)
        assert isinstance(shown, VertexLog)
        assert shown.data == b"x" * 50 + b"***\n"
    assert time.thread_time() - before < 4
