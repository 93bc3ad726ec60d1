"""index.json: which manifest stands under which tag."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from runner.cache import index
from runner.errors import TransientError, UsageError
from tests.cache.exports import MANIFEST, digest_of, directory, files, tags

TAG, NAME = "org.opencontainers.image.ref.name", "io.containerd.image.name"


def manifest(text: str, **annotations: str) -> dict[str, Any]:
    return {
        "mediaType": MANIFEST,
        "digest": digest_of(text.encode()),
        "size": len(text),
        **({"annotations": annotations} if annotations else {}),
    }


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return directory(tmp_path / "cache")


def test_the_first_tag_makes_it_an_image_layout(cache: Path) -> None:
    assert index.read(str(cache)) == []
    index.put(str(cache), manifest("one"), "latest")
    assert json.loads((cache / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads((cache / "index.json").read_text()) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest("one", **{TAG: "latest"})],
    }
    assert sorted(files(cache)) == ["index.json", "index.json.lock", "oci-layout"]


def test_a_tag_moves_and_others_stay(cache: Path) -> None:
    kept = {"digest": digest_of(b"image"), "annotations": {NAME: "docker.io/app:main", TAG: "main"}}
    (cache / "index.json").write_text(json.dumps({"manifests": [kept], "annotations": {"a": "b"}}))
    for text, tag in (("one", "main"), ("two", "other"), ("three", "main")):
        index.put(str(cache), manifest(text), tag)
    whole = json.loads((cache / "index.json").read_text())
    assert whole["annotations"] == {"a": "b"}
    assert whole["manifests"] == [kept, manifest("two", **{TAG: "other"}), manifest("three", **{TAG: "main"})]


def test_a_tag_is_found_as_buildctl_finds_it() -> None:
    named = manifest("named", **{NAME: "latest", TAG: "x"})
    tagged = manifest("tagged", **{TAG: "latest"})
    assert index.find([manifest("bare"), tagged, named], "latest") == named
    assert index.find([manifest("bare"), tagged], "latest") == tagged
    assert index.find([tagged], "main") is None


DAMAGED = [
    "{",
    "[]",
    '"text"',
    '{"manifests": {"a": 1}}',
    '{"manifests": 7}',
    '{"manifests": [7]}',
    '{"manifests": [{"size": 1}]}',
    '{"manifests": [{"digest": "sha256:0", "annotations": []}, {"digest": "x", "annotations": ["a"]}]}',
    "\xff",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged(cache: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "TORN", 0.01)
    (cache / "index.json").write_text(text, encoding="latin-1")
    for use in (lambda: index.read(str(cache)), lambda: index.put(str(cache), manifest("one"), "latest")):
        with pytest.raises(UsageError) as caught:
            use()
        assert str(cache) in caught.value.message
        assert "index.json is not" in caught.value.message
        assert "Remove the directory" in caught.value.hint
    assert (cache / "index.json").read_text(encoding="latin-1") == text


def test_a_file_that_buildctl_is_just_writing_is_waited_for(cache: Path) -> None:
    index.put(str(cache), manifest("one"), "latest")
    path = cache / "index.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    threading.Timer(0.05, path.write_bytes, [whole]).start()
    assert index.find(index.read(str(cache)), "latest")


def test_the_lock_is_the_one_of_buildctl_and_is_waited_for(cache: Path) -> None:
    index.put(str(cache), manifest("one"), "latest")
    path = cache / "index.json.lock"
    lock = os.open(path, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    thread = threading.Thread(target=index.put, args=(str(cache), manifest("two"), "latest"))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    assert tags(cache) == {"latest": digest_of(b"one")}
    path.unlink()  # As buildctl does when it has ended.
    os.close(lock)
    thread.join(5)
    assert tags(cache) == {"latest": digest_of(b"two")}


def test_a_lock_that_is_never_given_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.cache.locks.PATIENCE", 0.01)
    lock = os.open(cache / "index.json.lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(TransientError, match=r"index\.json\.lock"):
        index.put(str(cache), manifest("two"), "latest")
    os.close(lock)
    assert sorted(files(cache)) == ["index.json.lock", "oci-layout"]


def test_no_change_is_lost_to_another(cache: Path) -> None:
    names = [f"tag-{number}" for number in range(40)]

    def put(some: list[str]) -> None:
        for name in some:
            index.put(str(cache), manifest(name), name)

    threads = [threading.Thread(target=put, args=(names[first::4],)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tags(cache) == {name: digest_of(name.encode()) for name in names}
    assert sorted(files(cache)) == ["index.json", "index.json.lock", "oci-layout"]
