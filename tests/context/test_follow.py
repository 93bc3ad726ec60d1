"""Paths that the daemon names, and where their symlinks lead."""

import os
from pathlib import Path

import pytest

from runner.context.follow import include_patterns, resolve
from runner.errors import ProtocolError, UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Directories d and d/e, with files; the tests make the links."""
    (tmp_path / "d/e").mkdir(parents=True)
    for name in ("f", "d/f", "d/e/f"):
        (tmp_path / name).touch()
    return tmp_path


def follow(root: Path, *paths: str) -> set[str]:
    return resolve(os.fsencode(root), paths)


def stepwise(root: Path, include: list[str], *follow: str) -> tuple[list[str], int]:
    """The include patterns, and in how many steps they were found."""
    steps = include_patterns(os.fsencode(root), include, follow)
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value, count
        count += 1


def test_a_path_without_links_is_itself(root: Path) -> None:
    assert follow(root, "f", "d/e/f", "/d/f", "./d//e/../f") == {"f", "d/e/f", "d/f"}


def test_what_does_not_exist_is_kept(root: Path) -> None:
    assert follow(root, "no", "no/such", "f/x") == {"no", "no/such", "f/x"}


def test_a_link_brings_its_target(root: Path) -> None:
    (root / "l").symlink_to("d/f")
    (root / "d/up").symlink_to("../f")
    assert follow(root, "l") == {"l", "d/f"}
    assert follow(root, "d/up") == {"d/up", "f"}


def test_links_in_the_middle_of_a_path(root: Path) -> None:
    (root / "l").symlink_to("d")
    (root / "d/m").symlink_to("e")
    assert follow(root, "l/m/f") == {"l", "d/m", "d/e/f"}
    # fsutil forgets the second path here, as it has seen the link.
    assert follow(root, "l/f", "l/e/f") == {"l", "d/f", "d/e/f"}


def test_chains_and_dangling_links(root: Path) -> None:
    (root / "1").symlink_to("2")
    (root / "2").symlink_to("./d/../3")
    (root / "3").symlink_to("nowhere")
    assert follow(root, "1") == {"1", "2", "3", "nowhere"}


def test_loops_end(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "self").symlink_to("self/x")
    (root / "d/up").symlink_to("..")
    assert follow(root, "a/x") == {"a", "b"}
    assert follow(root, "self") == {"self"}
    assert follow(root, "d/up/d/up/f") == {"d/up", "f"}


def test_absolute_links_and_those_that_leave_start_at_the_root(root: Path) -> None:
    (root / "absolute").symlink_to("/d/f")
    (root / "outside").symlink_to("../../../../etc/passwd")
    (root / "d/outside").symlink_to("../../f")
    (root / "top").symlink_to("/")
    assert follow(root, "absolute") == {"absolute", "d/f"}
    assert follow(root, "outside") == {"outside", "etc/passwd"}
    assert follow(root, "d/outside") == {"d/outside", "f"}
    assert follow(root, "top") == {"top", "."}
    assert follow(root, "top/d") == {"top", "d"}


def test_paths_that_leave_are_not_looked_at(root: Path) -> None:
    (root.parent / "beside").symlink_to("secret")
    assert follow(root, "../beside", "/../beside", "d/../../beside") == {"../beside"}


def test_wildcards_bring_the_targets_of_what_they_match(root: Path) -> None:
    (root / "l1").symlink_to("f")
    (root / "l2").symlink_to("d/e")
    (root / "m").symlink_to("d")
    (root / "d/l").symlink_to("f")
    assert follow(root, "l*") == {"l*", "f", "d/e"}
    assert follow(root, "l?") == {"l?", "f", "d/e"}
    assert follow(root, "[lm]*") == {"[lm]*", "f", "d/e", "d"}
    assert follow(root, "[lm]*/x") == {"[lm]*", "f/x", "d/e/x", "d/x"}
    assert follow(root, "x*") == {"x*"}
    assert follow(root, "d/*") == {"d/*", "d/f"}
    assert follow(root, "no/*", "f/*") == {"no/*", "f/*"}
    assert follow(root, "l[", "\\l1") == {"l[", "\\l1"}


def test_a_malformed_name_matches_nothing_where_a_name_shows_it(root: Path) -> None:
    (root / "l").symlink_to("f")
    assert follow(root, "l*[") == {"l*["}
    assert follow(root, "l\\*", "[l]*") == {"l\\*", "[l]*", "f"}


def test_each_directory_is_listed_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "l").symlink_to("f")
    listed: list[bytes] = []
    scandir = os.scandir

    def note(path: bytes) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", note)
    assert follow(root, *(f"{letter}*" for letter in "abcdefl"), "d/*") >= {"a*", "l*", "f"}
    assert sorted(listed) == [os.fsencode(root), os.fsencode(root / "d")]


def test_much_to_look_at_is_done_in_small_steps(root: Path) -> None:
    for number in range(3000):
        (root / f"d/{number}").touch()
    assert stepwise(root, [], "d/*")[1] > 3000 // 256


def test_names_that_are_not_utf8(root: Path) -> None:
    os.symlink(b"\xff", os.fsencode(root / "l"))
    os.symlink(b"f", os.fsencode(root) + b"/\xff")
    assert follow(root, "l") == {"l", "\udcff", "f"}
    assert follow(root, "?") == {"?", "\udcff", "f"}


def test_include_patterns_of_both_kinds(root: Path) -> None:
    (root / "l").symlink_to("d/f")
    (root / "top").symlink_to(".")
    assert stepwise(root, [])[0] == []
    assert stepwise(root, ["a", "a/b"])[0] == ["a", "a/b"]
    assert stepwise(root, ["a/b"], "l", "d")[0] == ["a/b", "d", "l"]
    assert stepwise(root, [], "d/e", "d", "d.x", "d/e/f")[0] == ["d", "d.x", "d/e"]
    assert stepwise(root, ["a"], "top")[0] == []


def test_a_path_that_cannot_be_is_refused(root: Path) -> None:
    with pytest.raises(ProtocolError, match=r"asked for the path .*, which cannot exist"):
        follow(root, "a\0b")


def test_a_directory_that_may_not_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: bytes) -> list[bytes]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError) as caught:
        follow(root, "d/*")
    assert caught.value.message == f"reading '{root}/d' for the build: Permission denied"


def test_a_link_that_may_not_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: bytes) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "lstat", refuse)
    with pytest.raises(UsageError) as caught:
        follow(root, "d")
    assert caught.value.message == f"reading '{root}/d' for the build: Permission denied"


def test_links_that_lead_to_ever_more_paths_end(root: Path) -> None:
    (root / "a").symlink_to("*/x")
    (root / "b").symlink_to("*/y")
    with pytest.raises(UsageError, match="they lead to more than 100000 paths"):
        follow(root, "*")
