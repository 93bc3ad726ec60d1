"""Flags as Docker's commands take them."""

import pytest

from runner.cli.flags import HELP, Command, Flag
from runner.errors import UsageError

COMMAND = Command(
    "make",
    "THING",
    "Make a thing.",
    {
        "One": (
            Flag("--tag", "REF", "name it", short="-t"),
            Flag("--push", "", "push it", short="-p"),
            Flag("--quiet", "", "say nothing", short="-q"),
        ),
        "Two": (Flag("--how", "HOW", "fast or well", choices=("fast", "well")), HELP),
    },
    "  make it",
)

WAYS = {
    "--tag a": ["a"],
    "--tag=a": ["a"],
    "-t a": ["a"],
    "-ta": ["a"],
    "-t=a": ["a"],
    "-qt a": ["a"],
    "-pqta": ["a"],
    "--tag a --tag=b -t c": ["a", "b", "c"],
    "--tag=": [""],
    "--tag=a=b": ["a=b"],
    "-t -x": ["-x"],
    "--tag --push": ["--push"],
    "-t -": ["-"],
    "-- --tag a": [],
}

ON = {
    "--push": True,
    "-p": True,
    "-qp": True,
    "--push=true": True,
    "--push=1": True,
    "--push=false": False,
    "--push --push=false": False,
    "": False,
}

WRONG = {
    "--pusch": ("unknown flag --pusch", "Did you mean --push?"),
    "--zzz": ("unknown flag --zzz", "See buildkit-runner make --help."),
    "-x": ("unknown flag -x", "See buildkit-runner make --help."),
    "-qx": ("unknown flag -x", "See buildkit-runner make --help."),
    "--tag": ("--tag needs a value: REF", "See buildkit-runner make --help."),
    "-qt": ("-t needs a value: REF", "See buildkit-runner make --help."),
    "--push=maybe": ("--push must be true or false, not 'maybe'", "See buildkit-runner make --help."),
    "--how slow": ("--how must be fast or well, not 'slow'", "See buildkit-runner make --help."),
}


@pytest.mark.parametrize("words", WAYS)
def test_ways_to_give_a_value(words: str) -> None:
    assert COMMAND.parse(words.split(" ")).all("--tag") == WAYS[words]


@pytest.mark.parametrize("words", ON)
def test_ways_to_turn_a_switch(words: str) -> None:
    assert COMMAND.parse(words.split()).on("--push") is ON[words]


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_use_says_what_is_right(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        COMMAND.parse(words.split())
    assert (caught.value.message, caught.value.hint) == (f"make: {WRONG[words][0]}", WRONG[words][1])


def test_flags_and_operands_may_be_mixed() -> None:
    values = COMMAND.parse(["a", "-t", "x", "-", "--push", "b", "--", "-c", "--"])
    assert values.operands == ["a", "-", "b", "-c", "--"]
    assert values.one("--tag") == "x"
    assert values.on("--push")


def test_the_last_value_counts_and_none_is_the_default() -> None:
    values = COMMAND.parse(["-t", "a", "-t", "b"])
    assert values.one("--tag", "other") == "b"
    assert values.one("--how", "fast") == "fast"
    assert values.all("--how") == []


def test_empty_values_may_count_as_none() -> None:
    values = COMMAND.parse(["-t", "", "--tag=", "-t", "a"])
    assert values.all("--tag") == ["", "", "a"]
    assert values.filled("--tag") == ["a"]


def test_the_help_is_grouped_with_one_line_a_flag() -> None:
    assert COMMAND.help() == (
        "Usage: buildkit-runner make [OPTIONS] THING\n"
        "\n"
        "Make a thing.\n"
        "\n"
        "One:\n"
        "  -t, --tag REF                      name it\n"
        "  -p, --push                         push it\n"
        "  -q, --quiet                        say nothing\n"
        "\n"
        "Two:\n"
        "      --how HOW                      fast or well\n"
        "  -h, --help                         show this help\n"
        "\n"
        "Examples:\n"
        "  make it"
    )
