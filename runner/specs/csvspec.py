"""The grammar that outputs, caches, secrets and attestations share: `key=value,"key=a,b",…`.

One line of CSV as Go's encoding/csv reads it (RFC 4180), whose fields are key=value pairs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from runner.errors import UsageError

Pairs: TypeAlias = tuple[tuple[str, str], ...]
Check: TypeAlias = Callable[[str], str]
"""Takes an attribute's value, gives it as BuildKit is told it; raises ValueError saying what is allowed."""


def fields(flag: str, text: str) -> list[str]:
    """The fields of one line. flag names the option in errors. Raises UsageError."""
    found: list[str] = []
    rest = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    while True:
        if rest.startswith('"'):
            field, rest = _quoted(flag, text, rest)
        else:
            field, comma, tail = rest.partition(",")
            if '"' in field:
                raise refusal(
                    flag, text, "a quote must open the whole field", 'Such as "name=a,b",push=true.'
                )
            rest = comma + tail
        found.append(field)
        if not rest:
            return found
        rest = rest[1:]


def _quoted(flag: str, text: str, rest: str) -> tuple[str, str]:
    """The field that rest opens with a quote, and what follows it: "" or a comma and more."""
    parts: list[str] = []
    position = 1
    while (end := rest.find('"', position)) >= 0:
        parts.append(rest[position:end])
        if rest[end + 1 : end + 2] != '"':
            if rest[end + 1 : end + 2] not in ("", ","):
                raise refusal(flag, text, "only a comma may follow a closing quote")
            return "".join(parts), rest[end + 1 :]
        parts.append('"')
        position = end + 2
    raise refusal(flag, text, "a quote is not closed")


def attributes(flag: str, text: str, *, keep_case: bool = False) -> dict[str, str]:
    """The fields as a mapping; keys in lower case if not told else, the last of several wins.

    Raises UsageError.
    """
    found: dict[str, str] = {}
    for field in fields(flag, text):
        key, equals, value = field.partition("=")
        key = key.strip() if keep_case else key.strip().lower()
        if not equals or not key:
            raise refusal(flag, text, f"{field!r} is not key=value")
        found[key] = value
    return found


def join(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as text that `attributes` reads back."""
    return ",".join(_field(f"{key}={value}") for key, value in pairs)


def _field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def check(flag: str, text: str, attrs: Mapping[str, str], known: Mapping[str, Check]) -> dict[str, str]:
    """Attributes with every name known and every value allowed, in their given order. Raises UsageError."""
    checked: dict[str, str] = {}
    for key, value in attrs.items():
        if key not in known:
            raise refusal(flag, text, f"unknown attribute {key!r}", nearest(key, known))
        try:
            checked[key] = known[key](value)
        except ValueError as cause:
            raise refusal(flag, text, f"{key} must be {cause}, not {value!r}") from None
    return checked


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the known name that was probably meant, or all of them."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(name, names, 1)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(names)}."


def any_text(value: str) -> str:
    """Check: every value is allowed."""
    return value


def boolean(value: str) -> str:
    """Check: a boolean as Go's strconv.ParseBool reads it, or nothing, which is true."""
    if value in ("", "1", "t", "T", "true", "TRUE", "True"):
        return "true"
    if value in ("0", "f", "F", "false", "FALSE", "False"):
        return "false"
    raise ValueError("true or false")


def integer(value: str) -> str:
    """Check: a decimal number."""
    if value.removeprefix("-").isascii() and value.removeprefix("-").isdigit():
        return value
    raise ValueError("a number")


def one_of(*allowed: str) -> Check:
    """A check that allows these values only."""

    def check_value(value: str) -> str:
        if value in allowed:
            return value
        raise ValueError(" or ".join(allowed))

    return check_value


def unsupported(flag: str, text: str, kind: str, now: Sequence[str], later: Sequence[str]) -> UsageError:
    """The error for a type= that this version does not know."""
    if kind in later:
        why = f"not supported yet by this version: type={kind}"
    else:
        why = f"unknown type {kind!r}" if kind else "it has no type="
    return refusal(flag, text, why, f"This version knows {', '.join('type=' + name for name in now)}.")


def refusal(flag: str, text: str, why: str, hint: str = "") -> UsageError:
    """The error for a text that cannot be used as it stands."""
    return UsageError(f"reading {flag} {text!r}: {why}", hint=hint)
