"""Which records of the cache are meant: `type=source.local`, `description~=golang`, `until=24h`."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from runner.specs.csvspec import boolean, nearest, refusal
from runner.specs.duration import parse_duration

# The types of records, from BuildKit's client package.
TYPES = ("internal", "frontend", "source.local", "source.git.checkout", "exec.cachemount", "regular")
# What a filter may compare with a text, and the name that the daemon has for it.
TEXTS = {"id": "id", "parents": "parents", "parent": "parents", "description": "description", "type": "type"}
# What is there or not, and the name of its absence, where there is one.
SWITCHES = {
    "inuse": "",
    "mutable": "immutable",
    "immutable": "mutable",
    "shared": "private",
    "private": "shared",
}
UNTIL = "until"
OPERATORS = {"=": "==", "==": "==", "!=": "!=", "~=": "~="}
FLAG = "--filter"


class Filters(NamedTuple):
    """Filters that must all match. selectors: as the daemon reads them (containerd's syntax); may be "".

    unused: for how many seconds a record has not been used; 0 is any.
    """

    selectors: str = ""
    unused: float = 0.0


def parse_filters(texts: Iterable[str], *, without: tuple[str, ...] = ()) -> Filters:
    """Read filters as docker buildx takes them: `KEY=VALUE`, `KEY!=VALUE` or `KEY~=REGEX`, or KEY alone.

    KEY: id (any part of it), parents, description, type; inuse, mutable, immutable, shared, private; until
    (not used for this time). without: keys that cannot be asked for here. Empty texts do not count.
    Raises UsageError, also for a type that there is not: `type!=…` would then match everything.
    """
    selectors: list[str] = []
    unused = 0.0
    for text in filter(None, texts):
        key, operator, value = _parts(text)
        name = TEXTS.get(key, key)
        if name in without:
            raise refusal(FLAG, text, f"the daemon does not look at {name} here")
        if key == UNTIL:
            if operator not in ("=", "=="):
                raise refusal(FLAG, text, "it is not until=TIME", "Such as until=24h.")
            unused = max(unused, parse_duration(value))
        elif key in SWITCHES:
            selectors.append(_switch(text, key, operator, value))
        elif key in TEXTS:
            selectors.append(_comparison(text, name, operator, value))
        else:
            known = (*TEXTS, *SWITCHES, UNTIL)
            raise refusal(FLAG, text, f"unknown key {key!r}", nearest(key, known))
    return Filters(",".join(selectors), unused)


def _parts(text: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"([^=!~]*)(==|!=|~=|=|$)(.*)", text, re.DOTALL)
    if match is None:
        raise refusal(FLAG, text, "it is not KEY=VALUE, KEY!=VALUE or KEY~=REGEX")
    return match[1].strip().lower(), match[2], match[3].strip()


def _switch(text: str, key: str, operator: str, value: str) -> str:
    try:
        on = operator in ("", "=", "==") and boolean(value) == "true"
        off = operator in ("=", "==") and not on
    except ValueError:
        on = off = False
    wanted = key if on else SWITCHES[key] if off else ""
    if not wanted:
        raise refusal(FLAG, text, f"it is not {key} or {key}=true")
    return wanted


def _comparison(text: str, name: str, operator: str, value: str) -> str:
    if not operator or not value:
        raise refusal(FLAG, text, "it has no value", f"Such as {name}=VALUE.")
    if not value.isprintable():
        raise refusal(FLAG, text, "it has characters that cannot be printed")
    sent = OPERATORS[operator]
    if name == "type" and sent != "~=" and value not in TYPES:
        raise refusal(FLAG, text, f"there is no type {value!r}", nearest(value, TYPES))
    if name == "id" and sent == "==":
        sent = "~="
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}{sent}"{quoted}"'
