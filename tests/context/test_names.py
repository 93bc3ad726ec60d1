"""Paths as text."""

import pytest

from runner.context.names import clean, decode, encode, show


def test_any_bytes_come_back() -> None:
    path = bytes(range(1, 256))
    assert encode(decode(path)) == path
    assert decode("é/日本".encode()) == "é/日本"


@pytest.mark.parametrize(
    ("path", "shortest"),
    [
        ("", "."), (".", "."), ("a//b", "a/b"), ("a/./b/", "a/b"), ("a/../b", "b"), ("a/../..", ".."),
        ("../a", "../a"), ("/..", "/"), ("//a", "/a"), ("///a", "/a"), ("./a", "a"), (" a ", " a "),
    ],
)  # fmt: skip
def test_a_path_is_made_short(path: str, shortest: str) -> None:
    assert clean(path) == shortest


def test_a_path_is_shown_so_that_it_can_be_read_and_printed() -> None:
    assert show(b"a b") == "'a b'"
    assert show(b"a\nb") == r"'a\nb'"
    assert show("é".encode()) == "'é'"
    assert show(b"a\xffb") == r"'a\xffb'"
    assert show(b"it's") == '"it\'s"'
