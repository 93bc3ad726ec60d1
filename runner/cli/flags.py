"""Flags as data, parsed and shown as Docker's commands do: `--flag value`, `--flag=value`, `-qt value`.

Not argparse: importing it and adding these flags costs 4 ms at each start, and this less than one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from runner.errors import UsageError
from runner.specs.csvspec import boolean, nearest

COLUMN = 34


class Flag(NamedTuple):
    """One flag. name: `--tag`; short: `-t` or "".

    value: what stands for its value in the help; "" makes it a switch, which also takes `=true` and `=false`.
    choices: the only values allowed, where not empty.
    """

    name: str
    value: str
    help: str
    short: str = ""
    choices: tuple[str, ...] = ()


class Values:
    """What was given on the command line."""

    def __init__(self, operands: list[str], given: dict[str, list[str]]) -> None:
        self.operands = operands
        self._given = given

    def all(self, name: str) -> list[str]:
        """Every value of a flag, in order."""
        return self._given.get(name, [])

    def filled(self, name: str) -> list[str]:
        """Every value that is not empty: an unset variable in a script is then no value at all."""
        return [value for value in self.all(name) if value]

    def one(self, name: str, default: str = "") -> str:
        """The value of a flag; the last one counts."""
        return self._given.get(name, [default])[-1]

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.one(name) == "true"


HELP = Flag("--help", "", "show this help", short="-h")


class Command(NamedTuple):
    """A subcommand: its name, what follows it, one sentence, titled groups of flags, and text for the end."""

    name: str
    operands: str
    summary: str
    groups: dict[str, tuple[Flag, ...]]
    examples: str

    def parse(self, words: Sequence[str]) -> Values:
        """Read the words that follow the command's name. Raises UsageError."""
        flags = {name: flag for flag in self._flags() for name in (flag.name, flag.short) if name}
        operands: list[str] = []
        given: dict[str, list[str]] = {}
        rest = iter(words)
        for word in rest:
            if word == "--":
                operands += rest
            elif word == "-" or not word.startswith("-"):
                operands.append(word)
            else:
                while word:
                    flag, value, word = self._flag(flags, word, rest)
                    given.setdefault(flag.name, []).append(value)
        return Values(operands, given)

    def help(self) -> str:
        """The text for `--help`."""
        usage = f"buildkit-runner {self.name} [OPTIONS] {self.operands}".rstrip()
        parts = [f"Usage: {usage}\n\n{self.summary}\n"]
        for title, flags in self.groups.items():
            parts.append(f"{title}:\n{''.join(map(_help_line, flags))}")
        return "\n".join([*parts, f"Examples:\n{self.examples}"])

    def wrong(self, why: str, hint: str = "") -> UsageError:
        """The error for a wrong use of this command."""
        return UsageError(f"{self.name}: {why}", hint=hint or f"See buildkit-runner {self.name} --help.")

    def _flags(self) -> Iterator[Flag]:
        for flags in self.groups.values():
            yield from flags

    def _flag(self, flags: dict[str, Flag], word: str, rest: Iterator[str]) -> tuple[Flag, str, str]:
        """The flag that a word begins with, its value, and the short flags that follow in the same word."""
        if word.startswith("--"):
            name, equals, value = word.partition("=")
        else:
            name, value = word[:2], word[2:]
            equals = "=" if value else ""
            value = value.removeprefix("=")
        flag = flags.get(name)
        if flag is None:
            known = [flag.name for flag in self._flags()]
            near = nearest(name, known) if name.startswith("--") else ""
            raise self.wrong(f"unknown flag {name}", near if near.startswith("Did") else "")
        if not flag.value:
            if not word.startswith("--") and value:
                return flag, "true", f"-{word[2:]}"
            try:
                return flag, boolean(value), ""
            except ValueError as cause:
                raise self.wrong(f"{name} must be {cause}, not {value!r}") from None
        if not equals:
            following = next(rest, None)
            if following is None:
                raise self.wrong(f"{name} needs a value: {flag.value}")
            value = following
        if flag.choices and value not in flag.choices:
            raise self.wrong(f"{name} must be {' or '.join(flag.choices)}, not {value!r}")
        return flag, value, ""


def _help_line(flag: Flag) -> str:
    names = f"{flag.short}, {flag.name}" if flag.short else f"    {flag.name}"
    return f"  {f'{names} {flag.value}':<{COLUMN}} {flag.help}\n"
