"""A build's local caches: opened and checked before it, named and pruned after it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from runner.cache.local import LocalCaches, open_caches
from runner.cache.store import Store
from runner.errors import Error, UsageError
from runner.specs.cache import Cache
from tests.cache.exports import INDEX, blobs, digest_of, directory, export, files, tags, write


def exporting(path: Path, more: str = "") -> Cache:
    return Cache.parse_export(f"type=local,dest={path}{more}")


def importing(path: Path, more: str = "") -> Cache:
    return Cache.parse_import(f"type=local,src={path}{more}")


def build(path: Path, *layers: bytes, more: str = "", index: bool = False) -> dict[str, Any]:
    """A build that exports these layers; returns the manifest's descriptor. It has nothing to notice."""
    cache = exporting(path, more)
    opened = open_caches([], [cache])
    manifest = export(opened.stores[cache.store], *layers, index=index)
    assert opened.finish() == []
    opened.close()
    return manifest


def age(path: Path) -> None:
    """Its blobs are a minute old."""
    then = time.time() - 60
    for blob in (path / "blobs/sha256").iterdir():
        os.utime(blob, (then, then))


def refused(*, imports: tuple[Cache, ...] = (), exports: tuple[Cache, ...] = ()) -> UsageError:
    with pytest.raises(UsageError) as caught:
        open_caches(imports, exports)
    return caught.value


@pytest.mark.parametrize("index", [False, True])
def test_what_one_build_writes_the_next_finds(tmp_path: Path, index: bool) -> None:
    path = tmp_path / "a" / "cache"
    made = build(path, b"one", b"two", index=index)
    opened = open_caches([importing(path)], [])
    assert opened.digests == {importing(path): made["digest"]}
    assert list(opened.stores) == [f"local:{path}"]
    assert not opened.stores[f"local:{path}"].writable
    assert opened.notices == []
    opened.close()


def test_the_same_again(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    made = build(path, b"one")
    before = {name: (path / name).stat().st_mtime_ns for name in files(path) if name.startswith("blobs")}
    assert build(path, b"one") == made
    assert {name: (path / name).stat().st_mtime_ns for name in before} == before
    assert tags(path) == {"latest": made["digest"]}


def test_two_exports_at_once_have_a_manifest_each(tmp_path: Path) -> None:
    caches = [exporting(tmp_path / "min"), exporting(tmp_path / "max", ",mode=max,tag=main")]
    opened = open_caches([], caches)
    small, large = (opened.stores[cache.store] for cache in caches)
    first = export(small, b"one")
    second = export(large, b"one", b"two")
    opened.finish()
    assert tags(tmp_path / "min") == {"latest": first["digest"]}
    assert tags(tmp_path / "max") == {"main": second["digest"]}
    opened.close()


def test_one_directory_to_read_and_to_write(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    made = build(path, b"one")
    opened = open_caches([importing(path)], [exporting(path)])
    assert list(opened.stores) == [f"local:{path}"]
    assert opened.stores[f"local:{path}"].writable
    assert opened.digests == {importing(path): made["digest"]}
    opened.close()


def test_tags_and_digests(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    one = build(path, b"one", more=",tag=feature/x")
    two = build(path, b"two")
    asked = [
        importing(path, ",tag=feature/x"),
        importing(path),
        importing(path, f",digest={one['digest']},tag=latest"),
        importing(path, ",tag=none"),
        importing(path, f",digest={digest_of(b'none')}"),
        importing(tmp_path / "none"),
    ]
    opened = open_caches(asked, [])
    assert list(opened.digests.values()) == [one["digest"], two["digest"], one["digest"]]
    assert [
        text.removeprefix(f"--cache-from: nothing is imported from {tmp_path}/") for text in opened.notices
    ] == [
        "cache: it has no cache with the tag none yet",
        f"cache: {digest_of(b'none')} is not in it",
        "none: there is no such directory yet",
    ]
    opened.close()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("layers", [(), (b"one",)])
def test_an_export_that_did_not_come_to_its_end_leaves_the_tag(
    tmp_path: Path, layers: tuple[bytes, ...]
) -> None:
    path = tmp_path / "cache"
    made = build(path, b"one")
    opened = open_caches([], [exporting(path, ",ignore-error=true")])
    for layer in layers:
        write(opened.stores[f"local:{path}"], layer)
    assert opened.finish() == [f"--cache-to: nothing was exported to {path}"]
    assert tags(path) == {"latest": made["digest"]}
    opened.close()


def test_an_image_is_no_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    opened = open_caches([], [exporting(path)])
    write(opened.stores[f"local:{path}"], b'{"mediaType": "application/vnd.oci.image.manifest.v1+json"}')
    assert opened.finish() == [f"--cache-to: nothing was exported to {path}"]
    opened.close()


class TestReset:
    def test_what_no_tag_needs_is_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "cache"
        other = build(path, b"shared", b"other", more=",tag=other", index=True)
        build(path, b"shared", b"old")
        full = blobs(path)
        age(path)
        made = build(path, b"shared", b"new", more=",reset=true")
        assert digest_of(b"old") in full
        assert digest_of(b"old") not in blobs(path)
        assert {digest_of(b"shared"), digest_of(b"other"), digest_of(b"new")} < blobs(path)
        assert len(blobs(path)) == 3 + 2 + 2
        assert tags(path) == {"other": other["digest"], "latest": made["digest"]}
        opened = open_caches([importing(path), importing(path, ",tag=other")], [])
        assert len(opened.digests) == 2
        opened.close()

    def test_without_it_nothing_is(self, tmp_path: Path) -> None:
        path = tmp_path / "cache"
        build(path, b"old")
        build(path, b"new")
        assert digest_of(b"old") in blobs(path)

    def test_not_while_another_build_has_it_open(self, tmp_path: Path) -> None:
        path = tmp_path / "cache"
        build(path, b"old")
        age(path)
        other = Store(str(path))
        opened = open_caches([], [exporting(path, ",reset=true")])
        export(opened.stores[f"local:{path}"], b"new")
        (notice,) = opened.finish()
        assert "reset=true removed nothing" in notice
        assert "another build has it open" in notice
        opened.close()
        assert digest_of(b"old") in blobs(path)
        other.close()
        build(path, b"new", more=",reset=true")
        assert digest_of(b"old") not in blobs(path)

    def test_not_what_came_meanwhile(self, tmp_path: Path) -> None:
        path = tmp_path / "cache"
        opened = open_caches([], [exporting(path, ",reset=true")])
        export(opened.stores[f"local:{path}"], b"ours")
        theirs = path / "blobs/sha256" / digest_of(b"theirs")[7:]
        theirs.write_bytes(b"theirs")
        assert opened.finish() == []
        opened.close()
        assert digest_of(b"theirs") in blobs(path)

    def test_not_where_a_manifest_cannot_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "cache"
        other = build(path, b"other", more=",tag=other")
        (path / "blobs/sha256" / other["digest"][7:]).unlink()
        opened = open_caches([], [exporting(path, ",reset=true")])
        export(opened.stores[f"local:{path}"], b"new")
        (notice,) = opened.finish()
        assert "a manifest in it cannot be read" in notice
        opened.close()
        assert digest_of(b"other") in blobs(path)


def test_what_was_left_half_written_for_a_day_is_removed(tmp_path: Path) -> None:
    path = directory(tmp_path / "cache")
    old = time.time() - 25 * 3600
    for name in ("old/data", "old/ref", "young/data", "held/data", "index.json.part"):
        file = path / "ingest" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
        if not name.startswith("young"):
            os.utime(file, (old, old))
    held = os.open(path / "ingest/held/data", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    build(path, b"one")
    os.close(held)
    assert sorted(files(path / "ingest")) == ["held/data", "young/data"]
    assert sorted(os.listdir(path / "ingest")) == ["held", "young"]


FOREIGN = {"notes.txt": "it is not a cache, but has 'notes.txt' in it", "src": "has 'src' in it"}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_directory_of_something_else(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    for error in (refused(imports=(importing(tmp_path),)), refused(exports=(exporting(tmp_path),))):
        assert str(tmp_path) in error.message
        assert FOREIGN[name] in error.message
        assert error.hint
    assert os.listdir(tmp_path) == [name]


def test_what_may_stand_in_a_cache_s_directory(tmp_path: Path) -> None:
    """Such as the root of a volume, or a directory that git keeps."""
    for name in ("lost+found", "blobs", ".gitkeep"):
        (tmp_path / name).mkdir()
    build(tmp_path, b"one")
    (tmp_path / "README").write_text("")
    build(tmp_path, b"two")


def test_a_file_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "cache"):
        error = refused(exports=(exporting(path),))
        assert (str(path) in error.message, "Not a directory" in error.message) == (True, True)
    assert "Not a directory" in refused(imports=(importing(file),)).message


def test_where_nothing_can_be_made() -> None:
    error = refused(exports=(exporting(Path("/proc/cache")),))
    assert error.message.startswith("opening the cache of --cache-to in /proc/cache: ")


def test_a_directory_that_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as root, whom permissions do not stop; a file system that is only read does."""
    path = directory(tmp_path / "cache")
    monkeypatch.setattr(os, "access", lambda where, _: not str(where).endswith("ingest"))
    assert f"{path}/ingest is not writable" in refused(exports=(exporting(path),)).message


def test_a_cache_that_is_damaged_or_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    made = build(path, b"one", b"two")
    blob = path / "blobs/sha256" / digest_of(b"one")[7:]
    manifest = path / "blobs/sha256" / made["digest"][7:]

    def told() -> str:
        return refused(imports=(importing(path),)).message.removeprefix(f"reading the cache in {path}: ")

    blob.rename(tmp_path / "away")
    assert told() == f"it is not complete: content {digest_of(b'one')}: not found"
    blob.write_bytes(b"o")
    assert told() == f"{digest_of(b'one')} has 1 bytes, not 3"
    (tmp_path / "away").rename(blob)
    good = manifest.read_bytes()
    manifest.chmod(0o600)
    manifest.write_bytes(good[:-1] + b" ")
    assert told() == f"content {made['digest']} is damaged"
    manifest.unlink()
    assert told() == f"it is not complete: content {made['digest']}: not found"
    (path / "index.json").write_text("[]")
    assert told() == "index.json is not an OCI image index"


def test_manifests_in_manifests_are_read_once_each_however_deep(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    opened = open_caches([], [exporting(path)])
    store = opened.stores[f"local:{path}"]
    part = export(store, b"one")
    for _ in range(1500):
        index = json.dumps({"mediaType": INDEX, "manifests": [part, part]}).encode()
        part = {"mediaType": INDEX, "digest": write_quickly(store, index), "size": len(index)}
    opened.close()
    opened = open_caches([importing(path, f",digest={part['digest']}")], [])
    assert len(opened.digests) == 1
    opened.close()


def write_quickly(store: Store, data: bytes) -> str:
    digest = digest_of(data)
    Path(store.blob_path(digest)).write_bytes(data)
    return digest


BAD_MANIFESTS = ["[]", "7", '{"layers": 7}', '{"layers": [7]}', '{"config": {"digest": 1}}', "[" * 100_000]


@pytest.mark.parametrize("text", BAD_MANIFESTS)
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cache"
    opened = open_caches([], [exporting(path)])
    digest = write(opened.stores[f"local:{path}"], text.encode())
    opened.close()
    error = refused(imports=(importing(path, f",digest={digest}"),))
    assert f"content {digest} is not a manifest" in error.message


class TestFailuresAfterTheBuild:
    def broken(self, path: Path, more: str = "") -> LocalCaches:
        opened = open_caches([], [exporting(path, more)])
        export(opened.stores[f"local:{path}"], b"one")
        (path / "index.json").mkdir()
        return opened

    def test_they_are_errors_but_not_of_the_user_s_input(self, tmp_path: Path) -> None:
        opened = self.broken(tmp_path / "cache")
        with pytest.raises(Error) as caught:
            opened.finish()
        assert caught.value.exit_code == 1
        assert caught.value.message == f"exporting the cache to {tmp_path}/cache: Is a directory"
        opened.close()

    def test_they_are_notices_where_errors_are_ignored(self, tmp_path: Path) -> None:
        opened = self.broken(tmp_path / "cache", ",ignore-error=true")
        assert opened.finish() == [f"--cache-to: exporting the cache to {tmp_path}/cache: Is a directory"]
        opened.close()


def test_nothing_is_open_after_a_refusal(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": 1}]}))
    refused(exports=(exporting(tmp_path / "new"), exporting(tmp_path)))
    assert len(os.listdir("/proc/self/fd")) == before
