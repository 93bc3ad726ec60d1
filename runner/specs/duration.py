"""Durations: `90s`, `10m`, `1h30m` as Go writes them, or plain seconds."""

import re

from runner.errors import UsageError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 365 * 24 * 3600.0


def parse_duration(text: str) -> float:
    """Seconds, more than 0 and at most LONGEST. Raises UsageError."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|[smh])", text)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds = float(text)
    else:
        seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
        if "".join(number + unit for number, unit in parts) != text:
            seconds = 0.0
    if not seconds:
        raise UsageError(f"reading the duration {text!r}: it is not one", hint="Such as 90s, 10m or 1h30m.")
    if seconds > LONGEST:
        raise UsageError(f"reading the duration {text[:40]!r}: it is longer than 365 days")
    return seconds
