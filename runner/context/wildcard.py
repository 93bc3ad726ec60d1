"""Go's filepath.Match: `*`, `?`, `[…]` and `\\` in a name, with its notion of what is malformed."""


class BadPattern(Exception):
    """The pattern is malformed."""


def match(pattern: str, name: str) -> bool:
    """Whether pattern matches the whole name; `*` and `?` match no `/`, a class may.

    As in Go, what stands behind the first part that does not match is not looked at. Raises BadPattern.
    """
    while pattern:
        star, chunk, pattern = _split(pattern)
        if star and not chunk:
            return "/" not in name
        rest = _match_chunk(chunk, name)
        if rest is not None and (not rest or pattern):
            name = rest
            continue
        if not star:
            return False
        for at in range(1, len(name) + 1):
            if name[at - 1] == "/":
                return False
            rest = _match_chunk(chunk, name[at:])
            if rest is not None and (not rest or pattern):
                name = rest
                break
        else:
            return False
    return not name


def well_formed(pattern: str) -> bool:
    """Whether `match` finds nothing malformed in the pattern, whatever the name."""
    try:
        while pattern:
            _, chunk, pattern = _split(pattern)
            _match_chunk(chunk, "")
    except BadPattern:
        return False
    return True


def has_wildcard(name: str) -> bool:
    """Whether there is a `*`, `?` or `[` in it that is not escaped."""
    at = 0
    while at < len(name):
        if name[at] == "\\":
            at += 1
        elif name[at] in "*?[":
            return True
        at += 1
    return False


def _split(pattern: str) -> tuple[bool, str, str]:
    """Whether it begins with stars, what follows up to the next star outside of a class, and the rest."""
    begin = 0
    while begin < len(pattern) and pattern[begin] == "*":
        begin += 1
    inside = False
    at = begin
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[":
            inside = True
        elif char == "]":
            inside = False
        elif char == "*" and not inside:
            break
        at += 1
    return begin > 0, pattern[begin:at], pattern[at:]


def _match_chunk(chunk: str, name: str) -> str | None:
    """What is left of name after the chunk, which has no star; None where it does not match."""
    failed = False
    at = 0
    while chunk:
        failed = failed or at >= len(name)
        char = "" if failed else name[at]
        if chunk[0] == "[":
            inside, chunk = _match_class(chunk[1:], char)
            failed = failed or not inside
        elif chunk[0] == "?":
            failed = failed or char == "/"
            chunk = chunk[1:]
        else:
            if chunk[0] == "\\":
                chunk = chunk[1:]
                if not chunk:
                    raise BadPattern
            failed = failed or chunk[0] != char
            chunk = chunk[1:]
        at += 1
    return None if failed else name[at:]


def _match_class(rest: str, char: str) -> tuple[bool, str]:
    """Whether char ("" for none) is in the class whose text begins rest, and what follows the class."""
    negated = rest.startswith("^")
    if negated:
        rest = rest[1:]
    inside = False
    empty = True
    while empty or not rest.startswith("]"):
        low, rest = _class_char(rest)
        high = low
        if rest[0] == "-":
            high, rest = _class_char(rest[1:])
        inside = inside or low <= char <= high
        empty = False
    return bool(char) and inside != negated, rest[1:]


def _class_char(rest: str) -> tuple[str, str]:
    """One character of a class and what follows it, which is not empty in a class that is closed."""
    if not rest or rest[0] in "-]":
        raise BadPattern
    if rest[0] == "\\":
        rest = rest[1:]
    # A byte that is not UTF-8 (a lone surrogate in Python) is an error inside a class.
    if len(rest) < 2 or "\ud800" <= rest[0] <= "\udfff":
        raise BadPattern
    return rest[0], rest[1:]
