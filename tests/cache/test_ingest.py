"""Blobs on their way into a store."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.cache.ingest import Ingest
from runner.cache.store import Busy, Exists, Invalid, Mismatch, NotFound, OutOfRange, ReadOnly, Store
from tests.cache.exports import blobs, digest_of, directory, files, write

DATA = bytes(range(256)) * 40
DIGEST = digest_of(DATA)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(directory(tmp_path / "cache")), writable=True)
    yield opened
    opened.close()


def begin(store: Store, ref: str = "layer", total: int = len(DATA)) -> Ingest:
    return Ingest(store, ref, expected=DIGEST, total=total)


def test_a_blob_is_there_when_it_is_committed_and_not_before(store: Store) -> None:
    ingest = begin(store)
    ingest.write(DATA[:100], 0)
    ingest.write(DATA[100:], 100)
    assert not store.has(DIGEST)
    assert ingest.commit(len(DATA), DIGEST) == DIGEST
    path = Path(store.blob_path(DIGEST))
    assert path.read_bytes() == DATA
    assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    assert store.last == DIGEST
    assert list(files(Path(store.path))) == [f"blobs/sha256/{path.name}"]


def test_the_next_attempt_goes_on_where_the_last_ended(store: Store) -> None:
    first = begin(store)
    first.write(DATA[:1000], 0)
    first.close()
    second = begin(store)
    assert second.offset == 1000
    second.write(DATA[1000:], 1000)
    assert second.commit() == DIGEST


def test_what_was_left_behind_damaged_is_thrown_away_when_that_is_seen(store: Store) -> None:
    first = begin(store)
    first.write(b"x" * 1000, 0)
    first.close()
    second = begin(store)
    second.write(DATA[1000:], 1000)
    with pytest.raises(Mismatch, match=DIGEST):
        second.commit()
    assert list(files(Path(store.path))) == []
    assert begin(store).offset == 0


def test_more_than_the_whole_was_left_behind(store: Store) -> None:
    first = Ingest(store, "layer", expected=DIGEST)
    first.write(DATA + b"more", 0)
    first.close()
    assert begin(store).offset == 0


def test_a_write_may_begin_anew(store: Store) -> None:
    ingest = begin(store)
    ingest.write(b"wrong", 0)
    ingest.write(DATA, 0)
    assert ingest.commit() == DIGEST


def test_one_writer_at_a_time(store: Store) -> None:
    first = begin(store)
    with pytest.raises(Busy):
        begin(store)
    first.write(DATA, 0)
    first.commit()
    with pytest.raises(Exists):
        begin(store)
    assert store.last == DIGEST


def test_the_same_blob_under_two_refs(store: Store) -> None:
    first, second = begin(store), begin(store, "config")
    for ingest in (first, second):
        ingest.write(DATA, 0)
    first.commit()
    with pytest.raises(Exists):
        second.commit()
    assert list(files(Path(store.path))) == [f"blobs/sha256/{DIGEST[7:]}"]


def test_without_an_announced_digest_or_size(store: Store) -> None:
    ingest = Ingest(store, "something")
    ingest.write(DATA, 0)
    assert ingest.commit() == DIGEST
    empty = Ingest(store, "nothing")
    assert empty.commit() == digest_of(b"")


def test_the_digest_may_be_another_algorithms(store: Store) -> None:
    import hashlib

    digest = "sha512:" + hashlib.sha512(DATA).hexdigest()
    ingest = Ingest(store, "layer", expected=digest, total=len(DATA))
    ingest.write(DATA, 0)
    assert ingest.commit() == digest
    assert store.stat(digest).st_size == len(DATA)


def test_a_blob_of_the_wrong_size_is_replaced(store: Store) -> None:
    Path(store.blob_path(DIGEST)).write_bytes(DATA[:10])
    assert write(store, DATA) == DIGEST
    assert Path(store.blob_path(DIGEST)).read_bytes() == DATA


@pytest.mark.parametrize("offset", [-1, 1, 101, 1 << 62])
def test_a_write_elsewhere_than_at_the_end(store: Store, offset: int) -> None:
    ingest = begin(store)
    ingest.write(DATA[:100], 0)
    with pytest.raises(OutOfRange):
        ingest.write(b"x", offset)
    assert ingest.offset == 100


def test_a_write_past_the_end(store: Store) -> None:
    ingest = begin(store)
    with pytest.raises(OutOfRange):
        ingest.write(DATA + b"x", 0)
    assert ingest.offset == 0


@pytest.mark.parametrize(("size", "expected"), [(5, ""), (0, digest_of(b"other")), (0, "sha256:x")])
def test_a_commit_of_something_else(store: Store, size: int, expected: str) -> None:
    ingest = Ingest(store, "layer")
    ingest.write(DATA, 0)
    with pytest.raises(Mismatch):
        ingest.commit(size, expected)
    assert list(files(Path(store.path))) == []


EVIL = [
    "../../evil",
    "/etc/passwd",
    "a/../../b",
    "sha256:../../evil",
    ".",
    "\0",
    "x" * 100_000,
    "sha256:" + "A" * 64,
]


@pytest.mark.parametrize("text", EVIL)
def test_a_digest_that_is_none(store: Store, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Ingest(store, "layer", expected=text)
    assert len(str(caught.value)) < 200
    with pytest.raises(Invalid):
        store.stat(text)
    with pytest.raises(Invalid):
        store.open_blob(text)


@pytest.mark.parametrize("ref", EVIL)
def test_a_ref_is_never_a_path(store: Store, ref: str, tmp_path: Path) -> None:
    ingest = Ingest(store, ref)
    ingest.write(b"x", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert len(list(files(tmp_path))) == 1
    assert ingest.commit() == digest_of(b"x")


def test_a_ref_and_a_size_are_needed(store: Store) -> None:
    with pytest.raises(Invalid):
        Ingest(store, "")
    with pytest.raises(Invalid):
        Ingest(store, "layer", total=-1)


def test_a_store_that_is_only_read(store: Store) -> None:
    reader = Store(store.path)
    with pytest.raises(ReadOnly):
        begin(reader)
    with pytest.raises(NotFound):
        reader.stat(DIGEST)
    write(store, DATA)
    with open(reader.open_blob(DIGEST), "rb") as file:
        assert file.read() == DATA
    assert reader.stat(DIGEST).st_size == len(DATA)
    reader.close()


def test_a_link_in_the_place_of_a_blob_is_not_followed(store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    os.symlink(outside, store.blob_path(DIGEST))
    with pytest.raises(OSError, match="Too many levels"):
        store.open_blob(DIGEST)
    write(store, DATA)
    assert outside.read_bytes() == b"secret"
    assert blobs(Path(store.path)) == {DIGEST}
