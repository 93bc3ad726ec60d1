"""Flags: argparse with our errors, our help, and booleans as Docker's commands take them."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from runner.errors import UsageError
from runner.specs.csvspec import boolean, nearest


class Parser(argparse.ArgumentParser):
    """One subcommand's parser. `parse` raises UsageError; `--help` ends with SystemExit(0)."""

    def __init__(self, command: str, usage: str, summary: str, examples: str) -> None:
        super().__init__(
            prog=f"buildkit-runner {command}",
            usage=f"buildkit-runner {command} {usage}",
            description=summary,
            epilog=f"Examples:\n{examples}",
            formatter_class=_Help,
            allow_abbrev=False,
            add_help=False,
        )
        self.command = command

    def group(self, title: str) -> "Group":
        """A titled part of the help; its flags are added to it."""
        return Group(self.add_argument_group(title))

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The values of these words."""
        known, unknown = self.parse_known_args(self._plain_booleans(words))
        if not unknown:
            return known
        flag = unknown[0].partition("=")[0]
        if not flag.startswith("-"):
            raise UsageError(f"{self.command}: unexpected {flag!r}", hint=self._see_help())
        hint = nearest(flag, [name for name in self._option_string_actions if name.startswith("--")])
        raise UsageError(
            f"{self.command}: unknown flag {flag}", hint=hint if "?" in hint else self._see_help()
        )

    def error(self, message: str) -> NoReturn:
        text = message.removeprefix("argument ").replace("expected one argument", "it needs a value")
        raise UsageError(f"{self.command}: {text}", hint=self._see_help())

    def _see_help(self) -> str:
        return f"See buildkit-runner {self.command} --help."

    def _plain_booleans(self, words: Sequence[str]) -> list[str]:
        """`--push=true` is `--push`, and `--push=false` is nothing."""
        found = []
        for place, word in enumerate(words):
            if word == "--":
                return [*found, *words[place:]]
            name, equals, value = word.partition("=")
            action = self._option_string_actions.get(name)
            if equals and isinstance(action, argparse._StoreTrueAction):
                try:
                    if boolean(value) == "false":
                        continue
                except ValueError as cause:
                    raise UsageError(f"{self.command}: {name} must be {cause}, not {value!r}") from None
                word = name
            found.append(word)
        return found


class Group:
    """The flags under one title of the help."""

    def __init__(self, group: argparse._ArgumentGroup) -> None:
        self._group = group

    def switch(self, *names: str, help: str) -> None:
        """A flag that is on or off."""
        self._group.add_argument(*names, action="store_true", help=help)

    def value(self, *names: str, metavar: str, help: str, **options: Any) -> None:
        """A flag with a value; the last one given counts."""
        self._group.add_argument(*names, metavar=metavar, help=help, **options)

    def several(self, *names: str, metavar: str, help: str) -> None:
        """A flag that may be given several times; its value is a list."""
        self._group.add_argument(*names, metavar=metavar, help=help, action="append", default=[])

    def end(self, *names: str, help: str) -> None:
        """The flag that shows the help."""
        self._group.add_argument(*names, action="help", help=help)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=36, width=120)

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or "Usage: ")

    def _format_action_invocation(self, action: argparse.Action) -> str:
        names = ", ".join(action.option_strings)
        return f"{names} {action.metavar}" if action.option_strings and action.metavar else names
