"""Sizes as Docker's commands take and show them (docker/go-units): powers of 1024 in, of 1000 out."""

import re

from runner.specs.csvspec import refusal

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
SIZE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+) ?(?:b|([kmgtp])(?:i?b)?)?", re.IGNORECASE)
LIMIT = 1 << 63  # The daemon counts in int64.


def parse_size(flag: str, text: str) -> int:
    """Bytes: `512mb`, `10gb`, `1.5GiB` or a plain number. A kb is 1024 bytes, as in docker buildx.

    flag names the option in errors. Raises UsageError.
    """
    match = SIZE.fullmatch(text)
    size = float(match[1]) * 1024 ** " kmgtp".index((match[2] or " ").lower()) if match else LIMIT
    if size >= LIMIT:
        raise refusal(flag, text, "it is not a size", "Such as 512mb or 10gb, or a number of bytes.")
    return int(size)


def human_size(size: float) -> str:
    """A size for people, with four digits at most: `1.5GB`. A kB is 1000 bytes, as in docker buildx."""
    unit = 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{size:.4g}{UNITS[unit]}"
