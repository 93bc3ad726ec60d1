"""Durations as Go writes them."""

import pytest

from runner.errors import UsageError
from runner.specs.duration import parse_duration

SECONDS = {
    "90s": 90,
    "10m": 600,
    "1h30m": 5400,
    "1h0m30s": 3630,
    "250ms": 0.25,
    "1.5m": 90,
    "45": 45,
    "0.5": 0.5,
}


@pytest.mark.parametrize("text", SECONDS)
def test_seconds(text: str) -> None:
    assert parse_duration(text) == SECONDS[text]


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "1d", "1m2", "m", "1 m", "s5", "1e3", "10m\n", "٣s"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="it is not one"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["9999999999", "8761h", "9" * 400, "9" * 400 + "h"])
def test_longer_than_a_year_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="longer than 365 days"):
        parse_duration(text)
