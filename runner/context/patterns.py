"""Include and exclude patterns with the semantics of github.com/moby/patternmatcher v0.6.1."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from runner.context.expression import translate
from runner.context.names import clean
from runner.context.wildcard import BadPattern, match
from runner.errors import UsageError

# What Go's strings.TrimSpace removes.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Matcher:
    """Decides for the paths of a walk whether the patterns select them.

    patterns: in order; the last one that applies decides, and one that begins with `!` takes back.
    exceptions: what `reaches` looks at: the patterns that begin with `!`, or the others.

    A path is a str relative to the root, with `/`, decoded by runner.context.names.
    Raises UsageError where a pattern is malformed.
    """

    def __init__(self, patterns: Iterable[str], *, exceptions: bool) -> None:
        parsed = [_parse(pattern) for pattern in patterns if pattern.strip(_SPACE)]
        self._groups = [_Group(negated, list(same)) for negated, same in groupby(parsed, lambda p: p.negated)]
        targets = [
            pattern.text.removesuffix("/**").removesuffix("/*")
            for pattern in parsed
            if pattern.negated == exceptions
        ]
        self._anywhere = not all(map(_SPECIAL.isdisjoint, targets))
        self._targets = sorted(target + "/" for target in targets)

    def match(self, path: str, above: int = 0) -> tuple[bool, int]:
        """Whether the path is selected, and what to give as `above` for the paths right below it.

        above: what this returned for the directory that holds the path; 0 at the root.
        """
        selected = False
        found = 0
        bit = 1
        for group in self._groups:
            if above & bit or (group.negated == selected and group.matches(path)):
                found |= bit
                selected = not group.negated
            bit <<= 1
        return selected, found

    def reaches(self, directory: str) -> bool:
        """Whether one of the patterns in question may match the directory or something below it.

        As in fsutil, a pattern with a wildcard before its end may match anywhere.
        """
        begin = directory + "/"
        at = bisect_left(self._targets, begin)
        return self._anywhere or (at < len(self._targets) and self._targets[at].startswith(begin))


# Characters that make a pattern more than the name of one path.
_SPECIAL = frozenset("*[]?^\\")


class _Pattern(NamedTuple):
    """A pattern without its `!`, and what `translate` makes of it."""

    negated: bool
    text: str
    kind: str
    value: str


def _parse(pattern: str) -> _Pattern:
    text = clean(pattern.strip(_SPACE))
    negated = text.startswith("!")
    text = text.removeprefix("!")
    try:
        if not text:
            raise BadPattern
        match(text, ".")  # for its opinion of what is malformed
        return _Pattern(negated, text, *translate(text))
    except BadPattern:
        raise UsageError(
            f"reading the pattern {pattern!r}: it is malformed",
            hint="A `[` needs a `]`, a `\\` something behind it and a `!` a pattern.",
        ) from None


class _Group:
    """Patterns in a row that all select, or all take back; so which of them matched makes no difference."""

    def __init__(self, negated: bool, patterns: list[_Pattern]) -> None:
        self.negated = negated
        self._prefixes = tuple(p.value for p in patterns if p.kind == "prefix")
        self._suffixes = tuple(p.value for p in patterns if p.kind == "suffix")
        self._names = {p.value for p in patterns if p.kind == "exact"}
        self._names.update(suffix[1:] for suffix in self._suffixes if suffix.startswith("/"))
        expressions = [p.value for p in patterns if p.kind == "regex"]
        self._expression = re.compile("|".join(expressions)) if expressions else None

    def matches(self, path: str) -> bool:
        return (
            path in self._names
            or path.startswith(self._prefixes)
            or path.endswith(self._suffixes)
            or (self._expression is not None and self._expression.fullmatch(path) is not None)
        )
