"""The content service: the daemon reads and writes blobs of directories."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.cache.store import Store
from runner.session.content import PIECE, Content
from runner.transport.stream import INVALID_ARGUMENT, NOT_FOUND, OK, RESOURCE_EXHAUSTED, UNAVAILABLE, UNKNOWN
from runner.wire import content
from runner.wire.content import WriteAction, WriteContentRequest, WriteContentResponse
from tests.cache.exports import blobs, digest_of, directory, files, write
from tests.session.recorder import Call, refuse

ALREADY_EXISTS, FAILED_PRECONDITION, OUT_OF_RANGE = 6, 9, 11
PERMISSION_DENIED = 7
DATA = bytes(range(256)) * 40
DIGEST = digest_of(DATA)
NAME = "local:/cache"


class Stream(Call):
    """A call on the store NAME that takes `capacity` bytes until `drain`."""

    def __init__(self, service: Content, method: str, *, capacity: int = 1 << 30, store: str = NAME) -> None:
        self.capacity = capacity
        self.soon: list[Callable[[], None]] = []
        super().__init__(service, method, [("other", "x"), ("buildkit-attachable-store-id", store)])

    def send(self, *parts: bytes) -> None:
        super().send(*parts)
        self.capacity -= sum(map(len, parts))

    def room(self) -> int:
        return self.capacity

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        assert seconds == 0
        self.soon.append(work)

    def drain(self, capacity: int) -> None:
        self.capacity = capacity
        self.handler.writable()

    def settle(self) -> None:
        while self.soon:
            self.soon.pop(0)()


class Writer(Stream):
    """A write as containerd's client does it: one message, then its answer."""

    def __init__(self, service: Content) -> None:
        super().__init__(service, content.WRITE)

    def say(self, action: int, **fields: Any) -> WriteContentResponse:
        before = len(self.sent)
        self.handler.message(WriteContentRequest(action=action, **fields).encode())
        self.run_deferred()
        assert len(self.sent) == before + 1, self.status
        return WriteContentResponse.decode(self.sent[-1])

    def fail(self, action: int, **fields: Any) -> tuple[int, str]:
        """Say what must end the call, and return how."""
        before = len(self.sent)
        self.handler.message(WriteContentRequest(action=action, **fields).encode())
        self.run_deferred()
        assert len(self.sent) == before
        assert self.status is not None
        self.handler.closed()
        return self.status

    def begin(
        self, ref: str = "layer", total: int = len(DATA), expected: str = DIGEST
    ) -> WriteContentResponse:
        return self.say(WriteAction.STAT, ref=ref, total=total, expected=expected)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(directory(tmp_path / "cache")), writable=True)
    yield opened
    opened.close()


@pytest.fixture
def service(store: Store) -> Content:
    return Content({NAME: store})


def test_a_blob_is_written_as_the_daemon_does_it(service: Content, store: Store) -> None:
    call = Writer(service)
    assert call.begin().offset == 0
    assert call.say(WriteAction.STAT).offset == 0
    assert call.say(WriteAction.WRITE, data=DATA[:1000]).offset == 1000
    assert call.say(WriteAction.WRITE, data=DATA[1000:], offset=1000).offset == len(DATA)
    answer = call.say(WriteAction.COMMIT, total=len(DATA), offset=len(DATA), expected=DIGEST)
    assert (answer.offset, answer.digest) == (len(DATA), DIGEST)
    assert call.status == (OK, "")
    call.handler.end()
    call.handler.closed()
    assert blobs(Path(store.path)) == {DIGEST}
    assert store.last == DIGEST


def test_a_blob_that_is_there_is_not_written_again(service: Content, store: Store) -> None:
    write(store, DATA)
    store.last = ""
    code, _ = Writer(service).fail(WriteAction.STAT, ref="layer", total=len(DATA), expected=DIGEST)
    assert code == ALREADY_EXISTS
    assert store.last == DIGEST


def test_a_write_that_broke_off_is_resumed(service: Content, store: Store) -> None:
    call = Writer(service)
    call.begin()
    call.say(WriteAction.WRITE, data=DATA[:1000])
    call.handler.closed()  # The connection is gone.
    again = Writer(service)
    assert again.begin().offset == 1000
    again.say(WriteAction.WRITE, data=DATA[1000:], offset=1000)
    assert again.say(WriteAction.COMMIT, offset=len(DATA)).digest == DIGEST
    again.handler.closed()
    assert blobs(Path(store.path)) == {DIGEST}


def test_a_client_that_closes_without_a_commit(service: Content, store: Store) -> None:
    call = Writer(service)
    call.begin()
    call.say(WriteAction.WRITE, data=DATA[:10])
    call.handler.end()
    assert call.status == (OK, "")
    call.handler.closed()
    assert blobs(Path(store.path)) == set()


def test_somebody_else_writes_the_same(service: Content) -> None:
    """The daemon takes UNAVAILABLE for a reason to try again."""
    call = Writer(service)
    call.begin()
    assert Writer(service).fail(WriteAction.STAT, ref="layer", expected=DIGEST)[0] == UNAVAILABLE
    call.handler.closed()
    Writer(service).begin()


def test_the_call_ends_while_its_file_is_in_use(service: Content) -> None:
    before = len(os.listdir("/proc/self/fd"))
    call = Writer(service)
    call.begin()
    call.handler.message(WriteContentRequest(action=WriteAction.WRITE, data=DATA).encode())
    call.handler.message(WriteContentRequest(action=WriteAction.COMMIT, offset=len(DATA)).encode())
    call.handler.closed()
    call.run_deferred()
    assert call.status is None
    assert len(call.sent) == 1
    assert len(os.listdir("/proc/self/fd")) == before


def test_information_and_reading(service: Content, store: Store) -> None:
    write(store, DATA)
    call = Stream(service, content.INFO)
    call.handler.message(content.InfoRequest(digest=DIGEST).encode())
    assert call.status == (OK, "")
    info = content.InfoResponse.decode(call.sent[0]).info
    assert info is not None
    assert (info.digest, info.size) == (DIGEST, len(DATA))
    assert info.created_at is not None
    assert info.created_at.seconds > 1_700_000_000


def read(service: Content, **fields: Any) -> Stream:
    call = Stream(service, content.READ)
    call.handler.message(content.ReadContentRequest(**fields).encode())
    call.handler.end()
    call.settle()
    return call


def received(call: Call) -> bytes:
    answers = [content.ReadContentResponse.decode(message) for message in call.sent]
    at = 0
    for answer in answers:
        assert answer.offset == at
        at += len(answer.data)
    return b"".join(answer.data for answer in answers)


@pytest.mark.parametrize(
    ("offset", "size", "part"),
    [
        (0, 0, DATA),
        (0, 100, DATA[:100]),
        (100, 0, DATA[100:]),
        (100, 50, DATA[100:150]),
        (len(DATA) - 10, 1 << 62, DATA[-10:]),
        (len(DATA), 10, b""),
        (5, -1, DATA[5:]),
    ],
)
def test_parts_of_a_blob(service: Content, store: Store, offset: int, size: int, part: bytes) -> None:
    write(store, DATA)
    call = read(service, digest=DIGEST, offset=offset, size=size)
    assert received(call) == part
    assert call.status == (OK, "")


def test_a_large_blob_goes_out_as_there_is_room_for_it(service: Content, store: Store) -> None:
    data = os.urandom(1000) * 2000
    digest = write(store, data)
    call = Stream(service, content.READ, capacity=PIECE)
    call.handler.message(content.ReadContentRequest(digest=digest).encode())
    assert len(call.sent) == 1
    while call.status is None:
        before = len(call.sent)
        call.drain(2 * PIECE)
        call.settle()
        assert len(call.sent) <= before + 2
    assert received(call) == data
    call.handler.closed()


def test_a_reader_that_goes_away(service: Content, store: Store) -> None:
    digest = write(store, bytes(4 * PIECE))
    before = len(os.listdir("/proc/self/fd"))
    call = Stream(service, content.READ, capacity=PIECE)
    call.handler.message(content.ReadContentRequest(digest=digest).encode())
    call.handler.closed()
    call.drain(PIECE)
    assert len(call.sent) == 1
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_blob_that_becomes_shorter_while_it_is_read(service: Content, store: Store) -> None:
    digest = write(store, bytes(4 * PIECE))
    call = Stream(service, content.READ, capacity=PIECE)
    call.handler.message(content.ReadContentRequest(digest=digest).encode())
    os.truncate(store.blob_path(digest), PIECE)
    call.drain(PIECE)
    assert call.status
    assert "became shorter" in call.status[1]


def test_two_stores_are_two(tmp_path: Path, store: Store) -> None:
    other = Store(str(directory(tmp_path / "other")))
    service = Content({NAME: store, "local:/other": other})
    write(store, DATA)
    for name, code in ((NAME, OK), ("local:/other", NOT_FOUND), ("local:/none", NOT_FOUND), ("", NOT_FOUND)):
        call = Stream(service, content.INFO, store=name)
        call.handler.message(content.InfoRequest(digest=DIGEST).encode())
        assert call.status
        assert call.status[0] == code
    assert refuse(service, content.READ, content.ReadContentRequest(digest=DIGEST).encode()).status == (
        NOT_FOUND,
        "buildkit-attachable-store-id '': no such store",
    )
    other.close()


class TestHostile:
    """A daemon that asks for what it must not have. Nothing but clear answers, and the old blobs."""

    @pytest.fixture(autouse=True)
    def nothing_is_touched(self, store: Store, tmp_path: Path) -> Iterator[None]:
        (tmp_path / "evil").write_bytes(b"secret")
        os.chmod(tmp_path / "evil", 0o600)
        write(store, b"old")
        yield
        assert blobs(Path(store.path)) == {digest_of(b"old")}
        assert Path(store.blob_path(digest_of(b"old"))).read_bytes() == b"old"
        assert sorted(os.listdir(tmp_path)) == ["cache", "evil"]
        assert (tmp_path / "evil").read_bytes() == b"secret"

    @pytest.mark.parametrize(
        "digest", ["", "x", "../../evil", "sha256:../../../evil", "sha256:" + "A" * 64, "md5:0"]
    )
    def test_a_digest_that_is_none(self, service: Content, digest: str) -> None:
        for method, message in (
            (content.INFO, content.InfoRequest(digest=digest).encode()),
            (content.READ, content.ReadContentRequest(digest=digest).encode()),
        ):
            call = Stream(service, method)
            call.handler.message(message)
            assert call.status
            assert call.status[0] == INVALID_ARGUMENT
            assert not call.sent
        if digest:
            assert Writer(service).fail(WriteAction.STAT, ref="x", expected=digest)[0] == INVALID_ARGUMENT

    @pytest.mark.parametrize("ref", ["../../../evil", "/etc/passwd", "a\0b", "r" * 1_000_000])
    def test_a_ref_is_no_path(self, service: Content, ref: str) -> None:
        call = Writer(service)
        call.begin(ref=ref)
        code, why = call.fail(WriteAction.COMMIT, expected=DIGEST)
        assert code == FAILED_PRECONDITION
        assert len(why) < 1000

    def test_no_ref(self, service: Content) -> None:
        assert Writer(service).fail(WriteAction.WRITE, data=b"x")[0] == INVALID_ARGUMENT

    @pytest.mark.parametrize("total", [-1, -(1 << 63)])
    def test_a_size_that_is_none(self, service: Content, total: int) -> None:
        assert Writer(service).fail(WriteAction.STAT, ref="x", total=total)[0] == INVALID_ARGUMENT

    @pytest.mark.parametrize("offset", [-1, 1, (1 << 63) - 1, -(1 << 63)])
    def test_an_offset_elsewhere(self, service: Content, store: Store, offset: int) -> None:
        call = Writer(service)
        call.begin()
        assert call.fail(WriteAction.WRITE, data=b"x", offset=offset)[0] == OUT_OF_RANGE
        if offset != 1:
            asked = read(service, digest=digest_of(b"old"), offset=offset)
            assert asked.status
            assert asked.status[0] == OUT_OF_RANGE
        assert sum(os.path.getsize(f"{store.path}/{name}") for name in files(Path(store.path))) == 3

    def test_more_than_was_announced(self, service: Content) -> None:
        call = Writer(service)
        call.begin(total=10)
        call.say(WriteAction.WRITE, data=DATA[:10])
        assert call.fail(WriteAction.WRITE, data=b"x", offset=10)[0] == OUT_OF_RANGE

    @pytest.mark.parametrize("fields", [{"expected": DIGEST}, {"total": 6}, {"expected": "sha256:x"}])
    def test_something_else_than_was_announced(self, service: Content, store: Store, fields: Any) -> None:
        call = Writer(service)
        call.begin(expected="", total=0)
        call.say(WriteAction.WRITE, data=b"wrong")
        code, why = call.fail(WriteAction.COMMIT, offset=5, **fields)
        assert code == FAILED_PRECONDITION
        assert "has 5 bytes and the digest sha256:" in why
        assert len(list(files(Path(store.path)))) == 1

    def test_a_store_that_is_only_read(self, store: Store) -> None:
        reader = Store(store.path)
        call = Writer(Content({NAME: reader}))
        assert call.fail(WriteAction.STAT, ref="x", expected=DIGEST)[0] == PERMISSION_DENIED
        reader.close()

    def test_messages_without_waiting(self, service: Content) -> None:
        call = Writer(service)
        for _ in range(3):
            call.handler.message(WriteContentRequest(ref="x").encode())
        assert call.status
        assert call.status[0] == RESOURCE_EXHAUSTED
        call.handler.closed()
        call.run_deferred()

    @pytest.mark.parametrize("method", [content.INFO, content.READ, content.WRITE])
    def test_what_is_no_message(self, service: Content, method: str) -> None:
        call = Stream(service, method)
        call.handler.message(b"\xff\xff")
        call.run_deferred()
        assert call.status
        assert call.status[0] == INVALID_ARGUMENT
        call.handler.closed()

    @pytest.mark.parametrize("method", [content.INFO, content.READ])
    def test_no_message(self, service: Content, method: str) -> None:
        call = Stream(service, method)
        call.handler.end()
        assert call.status
        assert call.status[0] == INVALID_ARGUMENT


def test_a_full_disk_is_told_to_the_daemon_and_to_the_user(
    service: Content, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Writer(service)
    call.begin()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    said = call.fail(WriteAction.WRITE, data=DATA)
    assert said == (UNKNOWN, f"writing the cache in {store.path}: No space left on device")
    assert service.error is not None
    assert service.error.message == said[1]


def test_what_is_not_the_store_s_fault_is_no_error_of_ours(service: Content) -> None:
    Writer(service).fail(WriteAction.STAT, ref="x", expected="y")
    assert service.error is None


def test_only_what_buildkit_asks_of_a_session_is_served(service: Content) -> None:
    """The transport answers the rest with UNIMPLEMENTED: no daemon can delete anything."""
    assert set(service.methods) == {content.INFO, content.READ, content.WRITE}
