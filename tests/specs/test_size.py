"""Sizes as docker buildx takes and shows them."""

import pytest

from runner.errors import UsageError
from runner.specs.size import human_size, parse_size

BYTES = {
    "0": 0,
    "1024": 1024,
    "32b": 32,
    "32B": 32,
    "32k": 32 << 10,
    "32kb": 32 << 10,
    "32KiB": 32 << 10,
    "512mb": 512 << 20,
    "10gb": 10 << 30,
    "10 GB": 10 << 30,
    "1.5g": 3 << 29,
    ".5t": 1 << 39,
    "32.": 32,
    "2p": 2 << 50,
    "0.3k": 307,
}

HUMAN = {
    0: "0B",
    1: "1B",
    999: "999B",
    1000: "1kB",
    8224: "8.224kB",
    12_345_678: "12.35MB",
    999_960: "1000kB",
    10 << 30: "10.74GB",
    1_200_000_000: "1.2GB",
    5 * 10**18: "5EB",
    5 * 10**21: "5000EB",
}

WRONG = [
    "", " ", "gb", "-1gb", "+1", "1e3", "10xb", "10gbb", "10bb", "10 g b", "10  gb", " 10gb", "10gb\n", "10%",
    "1,5g", "0x10", "inf", "٣g", "8192p", "9223372036854775808",
]  # fmt: skip


@pytest.mark.parametrize("text", BYTES)
def test_a_kilobyte_that_is_given_has_1024_bytes(text: str) -> None:
    assert parse_size("--cache-size", text) == BYTES[text]


@pytest.mark.parametrize("size", HUMAN)
def test_a_kilobyte_that_is_shown_has_1000_bytes(size: int) -> None:
    assert human_size(size) == HUMAN[size]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size("--cache-size", text)
    assert caught.value.message == f"reading --cache-size {text!r}: it is not a size"
    assert caught.value.hint == "Such as 512mb or 10gb, or a number of bytes."


def test_a_size_of_hundreds_of_digits_is_refused() -> None:
    with pytest.raises(UsageError, match="it is not a size"):
        parse_size("--max", "9" * 400)
