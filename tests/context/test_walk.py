"""The walk over a context."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.context.names import decode
from runner.context.patterns import Matcher
from runner.context.walk import walk
from runner.errors import UsageError


def lay(root: Path, *names: str) -> None:
    """Make files, and directories where a name ends in a slash."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.touch()


def walked(root: Path, include: list[str] | None = None, exclude: list[str] | None = None) -> list[str]:
    found = walk(
        os.fsencode(root),
        Matcher(include, exceptions=False) if include else None,
        Matcher(exclude, exceptions=True) if exclude else None,
    )
    return [decode(item[0]) for item in found if item]


def test_parents_come_before_children_and_siblings_in_the_order_of_bytes(tmp_path: Path) -> None:
    lay(tmp_path, "b", "a/b", "a/a/x", "a-b", "a.b", "a/", "A", "é", "\udcff", "z/", "ab/c", "a\nb")
    assert walked(tmp_path) == [
        "A", "a", "a/a", "a/a/x", "a/b", "a\nb", "a-b", "a.b", "ab", "ab/c", "b", "z", "é", "\udcff",
    ]  # fmt: skip


def test_each_comes_with_its_own_status_and_links_are_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, "d/f")
    (tmp_path / "link").symlink_to("d")
    (tmp_path / "dangling").symlink_to("nowhere")
    found = {item[0]: item[1] for item in walk(os.fsencode(tmp_path)) if item}
    assert set(found) == {b"d", b"d/f", b"link", b"dangling"}
    for path, status in found.items():
        assert status == os.lstat(os.fsencode(tmp_path) + b"/" + path)


def test_nothing_comes_of_an_empty_directory(tmp_path: Path) -> None:
    assert walked(tmp_path) == []
    assert walked(tmp_path, ["a"], ["b"]) == []


def test_what_is_excluded_is_left_out_with_all_below_it(tmp_path: Path) -> None:
    lay(tmp_path, "a/b/c", "a/d", "e")
    assert walked(tmp_path, exclude=["a/b"]) == ["a", "a/d", "e"]
    assert walked(tmp_path, exclude=["*"]) == []
    assert walked(tmp_path, exclude=["**/c"]) == ["a", "a/b", "a/d", "e"]


def test_directories_above_an_exception_come_right_before_it(tmp_path: Path) -> None:
    lay(tmp_path, "a/b/c/d", "a/b/x", "a/y", "b/x", "c/")
    assert walked(tmp_path, exclude=["*", "!a/b/c"]) == ["a", "a/b", "a/b/c", "a/b/c/d"]
    assert walked(tmp_path, exclude=["*", "!**/x"]) == ["a", "a/b", "a/b/x", "b", "b/x"]
    assert walked(tmp_path, exclude=["**", "!c"]) == ["c"]


def test_only_what_is_included_comes_with_the_directories_above_it(tmp_path: Path) -> None:
    lay(tmp_path, "a/b/c", "a/d", "e/f", "g")
    assert walked(tmp_path, ["a/b"]) == ["a", "a/b", "a/b/c"]
    assert walked(tmp_path, ["g", "e/f"]) == ["e", "e/f", "g"]
    assert walked(tmp_path, ["*/?"]) == ["a", "a/b", "a/b/c", "a/d", "e", "e/f"]
    assert walked(tmp_path, ["no"]) == []
    assert walked(tmp_path, ["a", "g"], ["a/b"]) == ["a", "a/d", "g"]


def test_as_in_fsutil_an_include_that_ends_in_wildcards_is_looked_for_no_deeper(tmp_path: Path) -> None:
    lay(tmp_path, "a/b/c", "a/d")
    assert walked(tmp_path, ["a/*/**"]) == []


def test_directories_that_are_left_out_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "a/b/c", "d/e")
    read = []
    scandir = os.scandir

    def note(path: bytes) -> object:
        read.append(os.path.relpath(path, os.fsencode(tmp_path)))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", note)
    walked(tmp_path, exclude=["a"])
    walked(tmp_path, exclude=["a/b", "!d/x"])
    walked(tmp_path, include=["d"])
    assert read == [b".", b"d", b".", b"a", b"d", b".", b"d"]


def test_the_walk_pauses_where_much_is_passed_over(tmp_path: Path) -> None:
    lay(tmp_path, *(f"{number}" for number in range(1000)), "x")
    items = list(walk(os.fsencode(tmp_path), None, Matcher(["[0-9]*"], exceptions=True)))
    assert [item[0] for item in items if item] == [b"x"]
    assert items.count(None) == 3


def test_a_deep_tree_is_no_problem(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 400)
    lay(tmp_path, deep + "/f")
    assert len(walked(tmp_path)) == 401
    assert walked(tmp_path, exclude=["**", "!**/f"])[-1] == deep + "/f"


def faulty(monkeypatch: pytest.MonkeyPatch, name: str, fault: Callable[[bytes], None]) -> None:
    """Reading a directory of that name does something else first."""
    scandir = os.scandir

    def read(path: bytes) -> object:
        if path.endswith(b"/" + name.encode()):
            fault(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", read)


def refuse(path: bytes) -> None:
    raise PermissionError(13, "Permission denied", path)


def test_a_directory_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "a/b/c", "d")
    faulty(monkeypatch, "b", refuse)
    for exclude in ([], ["*", "!a/b/c", "!a/b"]):
        with pytest.raises(UsageError) as caught:
            walked(tmp_path, exclude=exclude)
        assert caught.value.message == f"reading '{tmp_path}/a/b' for the build: Permission denied"
        assert ".dockerignore" in caught.value.hint


def test_a_directory_that_is_excluded_need_not_be_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, "a/b/c", "d")
    faulty(monkeypatch, "b", refuse)
    assert walked(tmp_path, exclude=["a/b", "!**/x"]) == ["a", "d"]


def test_what_vanishes_during_the_walk_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "a/b/c", "a/d", "e")
    found = walk(os.fsencode(tmp_path))
    seen = []
    for item in found:
        assert item
        seen.append(item[0])
        if item[0] == b"a":
            (tmp_path / "a/b/c").unlink()
            (tmp_path / "a/b").rmdir()
        if item[0] == b"a/d":
            (tmp_path / "e").unlink()
    assert seen == [b"a", b"a/d"]
    lay(tmp_path, "a/b/c", "e")
    faulty(monkeypatch, "b", lambda path: os.rename(path, path + b"2"))
    assert walked(tmp_path) == ["a", "a/b", "a/d", "e"]


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory"):
        walked(tmp_path / "no")
    lay(tmp_path, "file")
    with pytest.raises(UsageError, match="Not a directory"):
        walked(tmp_path / "file")
