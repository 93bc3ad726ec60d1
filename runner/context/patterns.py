"""Include and exclude patterns with the semantics of github.com/moby/patternmatcher v0.6.1."""

import re
from collections.abc import Iterable

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
        self._groups: list[_Group] = []
        targets: list[str] | None = []
        for pattern in patterns:
            text = pattern.strip(_SPACE)
            if not text:
                continue
            text = clean(text)
            negated = text.startswith("!")
            if negated:
                text = text[1:]
            if not self._groups or self._groups[-1].negated != negated:
                self._groups.append(_Group(negated))
            try:
                self._groups[-1].add(text)
            except BadPattern:
                raise UsageError(
                    f"reading the pattern {pattern!r}: it is malformed",
                    hint="A `[` needs a `]`, a `\\` something behind it and a `!` a pattern.",
                ) from None
            if negated == exceptions and targets is not None:
                target = text.removesuffix("/**").removesuffix("/*")
                targets = None if _SPECIAL.search(target) else [*targets, target + "/"]
        for group in self._groups:
            group.finish()
        self._targets = targets

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
        """Whether one of the patterns in question may match something below the directory.

        Like the daemon's own clients it takes patterns with a wildcard in the middle to match anywhere.
        """
        if self._targets is None:
            return True
        begin = directory + "/"
        return any(target.startswith(begin) for target in self._targets)


# Characters that make a pattern more than the name of one path.
_SPECIAL = re.compile(r"[*\[\]?^\\]")


class _Group:
    """Patterns in a row that all select, or all take back; so which of them matched makes no difference."""

    def __init__(self, negated: bool) -> None:
        self.negated = negated
        self._exact: set[str] = set()
        self._prefixes: tuple[str, ...] = ()
        self._suffixes: tuple[str, ...] = ()
        self._expressions: list[str] = []
        self._search: re.Pattern[str] | None = None

    def add(self, pattern: str) -> None:
        """Raises BadPattern."""
        if not pattern:
            raise BadPattern
        match(pattern, ".")  # for its opinion of what is malformed
        kind, value = translate(pattern)
        if kind == "exact":
            self._exact.add(value)
        elif kind == "prefix":
            self._prefixes += (value,)
        elif kind == "suffix":
            self._suffixes += (value,)
            if value.startswith("/"):
                self._exact.add(value[1:])
        else:
            self._expressions.append(value)

    def finish(self) -> None:
        if self._expressions:
            self._search = re.compile("|".join(self._expressions))

    def matches(self, path: str) -> bool:
        return (
            path in self._exact
            or path.startswith(self._prefixes)
            or path.endswith(self._suffixes)
            or (self._search is not None and self._search.fullmatch(path) is not None)
        )
