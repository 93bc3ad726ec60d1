"""Include and exclude patterns. moby/patternmatcher v0.6.1 gave the same answers to the table."""

import time

import pytest

from runner.context.patterns import Matcher
from runner.errors import UsageError


def selected(patterns: list[str], *paths: str) -> list[str]:
    """Which of the paths are selected when a walk comes to them."""
    matcher = Matcher(patterns, exceptions=True)
    found = []
    for path in paths:
        state, hit = 0, False
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            hit, state = matcher.match("/".join(parts[:end]), state)
        if hit:
            found.append(path)
    return found


TABLE = [
    # Names
    (["a"], ["a", "a/b", "a/b/c"], ["ab", "b/a", "A"]),
    (["a/b"], ["a/b", "a/b/c"], ["a", "b", "a/bc", "x/a/b"]),
    (["./a/../b/"], ["b", "b/c"], ["a"]),
    (["  a\t", " "], ["a"], ["  a"]),
    (["/a"], [], ["a", "b/a"]),
    (["."], [], ["a", "b/c"]),
    (["a", "b"], ["a", "b/c"], ["c"]),
    ([], [], ["a"]),
    (["é"], ["é", "é/x"], ["e\u0301"]),
    (["\udcff"], ["\udcff"], ["\udcfe"]),
    (["#a"], ["#a"], ["a"]),
    # Stars
    (["*"], ["a", "a/b"], []),
    (["*.go"], ["a.go", ".go", "a.go/b"], ["a.gox", "a/b.go"]),
    (["a/*"], ["a/b", "a/b/c"], ["a", "b/a"]),
    (["*/b"], ["a/b", "a/b/c"], ["b", "a/x/b"]),
    (["a*b*c"], ["abc", "axbxc", "abbcc"], ["ab", "abcx", "a/bc"]),
    (["*a*a*b"], ["aab", "xaxaxb"], ["ab", "aabx"]),
    (["?"], ["a", "é", "\n"], ["ab"]),
    (["a?"], ["ab", "a?"], ["a", "abc"]),
    # Two stars
    (["**"], ["a", "a/b"], []),
    (["**/a"], ["a", "x/a", "x/y/a", "a/b"], ["xa", "ab"]),
    (["**a"], ["a", "xa", "x/ya"], ["ab"]),
    (["a/**"], ["a/b", "a/b/c"], ["a", "ab"]),
    (["a**"], ["a", "ab", "a/b", "ab/c"], ["ba"]),
    (["a/**/b"], ["a/b", "a/x/b", "a/x/y/b", "a/b/c"], ["a/xb", "b", "a"]),
    (["a**b"], ["ab", "a/b", "ax/b", "ax/y/b"], ["axb"]),
    (["**/*.go"], ["a.go", "x/a.go", "x/y/.go"], ["a.gox"]),
    (["**/a/*"], ["a/b", "x/a/b"], ["a", "x/a"]),
    (["**/a/**"], ["a/b", "x/a/b"], ["a", "x/a", "xa/b"]),
    (["a/*/**"], ["a/b/c"], ["a/b", "a"]),
    (["**/**"], ["a", "a/b"], []),
    (["***"], ["a", "a/b"], []),
    # `.` is no newline there
    (["x**/a"], ["x/a", "xy/z/a"], ["x\ny/a"]),
    # Classes
    (["[ab]"], ["a", "b", "a/x"], ["c", "ab"]),
    (["[a-c]x"], ["ax", "bx", "cx"], ["dx", "x"]),
    (["[^a]x"], ["bx", "xx"], ["ax", "x"]),
    (["a[^b]c"], ["axc", "a/c"], ["abc"]),
    (["[\\]\\-\\\\]"], ["]", "-", "\\"], ["a"]),
    (["[é-ü]"], ["é", "ö"], ["a", "x"]),
    (["[[:alpha:]]"], ["a", "Z"], ["1", ":"]),
    (["[[:^alpha:]x]"], ["1", "x", "é"], ["a"]),
    (["[a.+^]"], ["a", ".", "+", "^"], ["b"]),
    (["x[*a]"], ["xa]", "x[^a]"], ["x*", "xa", "x[a"]),
    (["a]*"], ["a]", "a]x"], ["a"]),
    # Escapes
    (["\\*"], ["*"], ["a", "\\*"]),
    (["a\\?b"], ["a?b"], ["axb"]),
    (["\\[a\\]"], ["[a]"], ["a"]),
    (["\\\\"], ["\\"], ["\\\\"]),
    (["\\!a"], ["!a"], ["a"]),
    (["\\d\\D"], ["1a"], ["11", "d"]),
    (["\\w\\s\\S"], ["a b"], ["  b", "ab"]),
    (["[\\d]", "[\\Wx]"], ["1", "-", "x", "é"], ["a"]),
    (["\\x41\\102\\n\\t"], ["AB\n\t"], ["AB"]),
    (["\\ba*\\b"], ["ab", "a"], ["a-"]),
    (["a\\z", "\\Ab"], ["a", "b"], ["ab"]),
    # What means nothing to Match but something in an expression
    (["a.b*"], ["a.b"], ["axb"]),
    (["a+*", "(b)*", "$c*"], ["a+", "(b)", "$c"], ["aa", "b", "c"]),
    (["*^a", "^b*"], ["bc"], ["^a", "^b"]),
    (["a|b*"], ["a|b", "ax", "xbc", "bc"], ["xa"]),
    (["a|b"], ["a|b"], ["a", "b"]),
    (["?{2}"], ["ab"], ["a", "a{2}"]),
    (["a{1,2}?"], ["ab", "aab"], ["a", "b"]),
    (["a{2,}?"], ["aab", "aaaab"], ["ab"]),
    (["a{,2}?"], ["a{,2}b"], ["ab"]),
    (["a{02}?"], ["a{02}b"], ["aab"]),
    (["a{2}"], ["a{2}"], ["aa"]),
    # Exceptions
    (["a", "!a"], [], ["a", "a/b"]),
    (["!a", "a"], ["a", "a/b"], []),
    (["*", "!a"], ["b", "b/a"], ["a", "a/b"]),
    (["a", "!a/b"], ["a", "a/c"], ["a/b", "a/b/c"]),
    (["a", "!a/b", "a/b/c"], ["a", "a/b/c", "a/b/c/d"], ["a/b", "a/b/x"]),
    (["**", "!**/*.go"], ["a", "a/b", "a.gox"], ["a.go", "x/a.go", "a.go/b"]),
    (["*/b", "!a", "a/b"], ["a/b", "x/b"], ["a", "a/c"]),
    # `!a` was not looked at for `a`, which was not selected
    (["a/b", "!a"], ["a/b", "a/b/c"], ["a"]),
    (["!b"], [], ["a", "b"]),
    (["! a", "*"], ["a"], []),
]


@pytest.mark.parametrize(("patterns", "hits", "misses"), TABLE)
def test_what_the_patterns_select(patterns: list[str], hits: list[str], misses: list[str]) -> None:
    assert selected(patterns, *hits, *misses) == hits


@pytest.mark.parametrize(
    "pattern",
    [
        "!",
        "[",
        "a/[]",
        "[b-a]",
        "a\\",
        "\\q*",
        "*\\8",
        "*\\é",
        "*[[:no:]]",
        "*{2}",
        "{2}*|{2}",
        "*a{1001}",
        "*a{2,1}",
    ],
)
def test_a_malformed_pattern_is_named(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        Matcher(["a", pattern], exceptions=True)
    assert caught.value.message == f"reading the pattern {pattern!r}: it is malformed"


def test_directories_that_no_exception_reaches_are_not_entered() -> None:
    excludes = Matcher(["*", "!a/b/c", "!d/*", "!e/f/**"], exceptions=True)
    assert all(map(excludes.reaches, ("a", "a/b", "a/b/c", "d", "e", "e/f")))
    assert not any(map(excludes.reaches, ("a/b/c/d", "a/c", "a/bc", "d/x", "f")))
    assert not Matcher(["*"], exceptions=True).reaches("a")
    assert Matcher(["*", "!**/x"], exceptions=True).reaches("a/b")


def test_directories_that_no_include_reaches_are_not_entered() -> None:
    includes = Matcher(["a/b/c", "!x/y"], exceptions=False)
    assert all(map(includes.reaches, ("a", "a/b")))
    assert not any(map(includes.reaches, ("x", "a/c", "b")))
    assert Matcher(["a?/b"], exceptions=False).reaches("x")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a*a*a*a*a*a*b", "a" * 250),
        ("**/*a*a*a*a*/**/*b*c*a*d", "a/" * 40 + "a" * 100),
        ("?*?*?*?*?*?*x|y", "a" * 250),
    ],
)
def test_no_pattern_takes_for_ever(pattern: str, path: str) -> None:
    begin = time.thread_time()
    assert not Matcher([pattern], exceptions=True).match(path)[0]
    assert time.thread_time() - begin < 0.5
