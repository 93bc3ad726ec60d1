"""Go's filepath.Match. Go's own answers were taken from Go 1.26 for every line."""

import pytest

from runner.context.wildcard import BadPattern, has_wildcard, match, well_formed


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "abc", True),
        ("*", "a/b", False),
        ("*c", "abc", True),
        ("a*", "a", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", False),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("**", "ab", True),
        ("?", "a", True),
        ("?", "", False),
        ("?", "/", False),
        ("a?b", "aéb", True),
        ("a?b", "a\udcffb", True),
        ("a??b", "aéb", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a[^a]", "a/", True),
        ("[a-ж]*", "ö", True),
        ("*[a-ж]", "A", False),
        ("[\\]a]", "]", True),
        ("[\\-]", "-", True),
        ("[x\\-]", "z", False),
        ("[\\-x]", "x", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a\\?", "a?", True),
        ("a]", "a]", True),
        ("a-b", "a-b", True),
        # What follows the part that does not match is not looked at.
        ("a*[", "b", False),
        ("*x", "xxx", True),
    ],
)
def test_a_name_matches_or_not(pattern: str, name: str, matches: bool) -> None:
    assert match(pattern, name) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "[",
        "[a",
        "[]a]",
        "[-]",
        "[x-]",
        "[-x]",
        "[a-b-c]",
        "[^",
        "[^bc",
        "a[",
        "\\",
        "a\\",
        "[\\",
        "[a-",
        "[\udcff]",
    ],
)
def test_a_malformed_pattern_is_told(pattern: str) -> None:
    with pytest.raises(BadPattern):
        match(pattern, "a")


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("a", False),
        ("a*", True),
        ("?", True),
        ("[a]", True),
        ("\\*", False),
        ("\\\\*", True),
        ("]", False),
        ("\\", False),
    ],
)
def test_wildcards_are_seen_unless_escaped(name: str, has: bool) -> None:
    assert has_wildcard(name) is has


def test_many_stars_take_no_time() -> None:
    assert not match("*a" * 100 + "*b", "a" * 250)


@pytest.mark.parametrize("pattern", ["", "*", "a?*[b-d]*\\*", "[^a]"])
def test_well_formed(pattern: str) -> None:
    assert well_formed(pattern)


@pytest.mark.parametrize("pattern", ["[", "a*[", "a*b*\\", "[]a]", "[a-]"])
def test_malformed_wherever_it_is(pattern: str) -> None:
    assert not well_formed(pattern)
