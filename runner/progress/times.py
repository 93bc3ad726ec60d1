"""Times as text."""

import time


class Clock:
    """Writes nanoseconds since the epoch as RFC 3339 in UTC, with as many digits as needed, as Go does.

    The text of the last second is kept: events come in the order of time.
    """

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, nanoseconds: int) -> str:
        second, rest = divmod(nanoseconds, 1_000_000_000)
        if second != self._second:
            try:
                self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            except (OverflowError, ValueError, OSError):  # a clock beyond reason; the event still counts
                self._text, rest = "1970-01-01T00:00:00", 0
            self._second = second
        return f"{self._text}.{rest:09d}".rstrip("0") + "Z" if rest else self._text + "Z"
