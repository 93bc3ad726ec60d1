"""One pattern as what it matches: moby/patternmatcher makes a Go regular expression of it, we a Python one.

The way through Go's syntax keeps its oddities: beside a wildcard `\\d` is a digit, `|` an alternative and
`{2}` a count, and a class may match `/`.
"""

import re

from runner.context.wildcard import BadPattern

# Escapes of Go's regexp/syntax that are not the character itself.
_SETS = {"d": "0-9", "s": r"\t\n\f\r ", "w": "0-9A-Za-z_"}
_ASSERTIONS = {"A": r"\A", "z": r"\Z", "b": r"(?a:\b)", "B": r"(?a:\B)"}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_COUNT = r"\{(0|[1-9][0-9]*)(?:,(0|[1-9][0-9]*|))?\}"
_ANYTHING = "(?s:.*)"
_STAR = "[^/]*"
_GO_DEEP = "(.*/)?"
_DEEP = "(?:.*/)?"
_NOT_ONE = {_ANYTHING, _DEEP, *_ASSERTIONS.values()}


def translate(pattern: str) -> tuple[str, str]:
    """What a cleaned pattern without its `!` matches: a kind and a text.

    "exact": the path is the text; "prefix" and "suffix": it begins or ends with the text;
    "regex": the whole of it matches that expression of Python's. Raises BadPattern.
    """
    go = tail = ""
    kind = "exact"
    at = 0
    size = len(pattern)
    while at < size:
        char = pattern[at]
        begin = at
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            if at < size:
                go += _GO_DEEP
                kind = "regex"
            elif kind == "exact":
                kind = "prefix"
            else:
                go += ".*"
                kind = "regex"
            if begin == 0:
                kind = "suffix"
        elif char == "*":
            go += _STAR
            kind = "regex"
        elif char == "?":
            go += "[^/]"
            kind = "regex"
        elif char in ".+()$":
            go += "\\" + char
        elif char == "\\" and at < size:
            go += char + pattern[at]
            at += 1
            kind = "regex"
        elif char == "\\":
            # There it escapes the `$` that was to end Go's expression.
            go += r"\$"
            tail = _ANYTHING
        else:
            go += char
            if char in "[]":
                kind = "regex"
    if kind == "prefix":
        return kind, pattern[:-2]
    if kind == "suffix":
        return kind, pattern[2:]
    return ("regex", _python(go) + tail) if kind == "regex" else ("exact", pattern)


def _python(go: str) -> str:
    """Python's expression for fullmatch, for what Go calls `^` + go + `$` and searches for."""
    branches: list[list[str]] = [[r"\A"]]
    at = 0
    while at < len(go):
        char = go[at]
        pieces = branches[-1]
        if go.startswith(_GO_DEEP, at):
            pieces.append(_DEEP)
            at += len(_GO_DEEP)
        elif char == "[":
            piece, at = _class(go, at + 1)
            pieces.append(piece)
        elif char == "\\":
            piece, at = _escape(go, at + 1)
            pieces.append(piece)
        elif char == "|":
            branches.append([])
            at += 1
        elif char == "*":
            pieces[-1] += "*"
            at += 1
        elif char == "{" and (found := re.compile(_COUNT).match(go, at)):
            _repeat(pieces, found[1], found[2])
            at = found.end()
        else:
            pieces.append({".": ".", "^": r"\A"}.get(char) or re.escape(char))
            at += 1
    last = len(branches) - 1
    return "|".join(
        (_ANYTHING if number else "") + _linear(pieces) + (_ANYTHING if number < last else "")
        for number, pieces in enumerate(branches)
    )


def _repeat(pieces: list[str], least: str, most: str | None) -> None:
    """Apply a `{least,most}`; without a comma most is None. Go's limits."""
    if not pieces or pieces[-1] == _DEEP or (pieces[-1][-1:] in "*}" and pieces[-1][-2:-1] != "\\"):
        raise BadPattern
    low = int(least)
    high = low if most is None else int(most or low)
    if max(low, high) > 1000 or low > high:
        raise BadPattern
    if pieces == [r"\A"] and not low:
        pieces[-1] = _ANYTHING
        return
    pieces[-1] = f"(?:{pieces[-1]}){{{least}{'' if most is None else ',' + most}}}"


def _linear(pieces: list[str]) -> str:
    """The pieces joined, so that a name like `aaa…` cannot make `*a*a*a*b` take for ever.

    Of what stands between two stars the first match is as good as any later one (a star never crosses a
    `/`), so going back to it is ruled out.
    """
    out: list[str] = []
    star = -1
    for piece in pieces:
        if piece == _STAR:
            if star >= 0:
                out[star:] = ["(?>[^/]*?" + "".join(out[star + 1 :]) + ")"]
            star = len(out)
        elif piece in _NOT_ONE or piece[-1] in "*}" or (piece[0] == "[" and re.match(piece, "/")):
            star = -1
        out.append(piece)
    return "".join(out)


def _escape(go: str, at: int) -> tuple[str, int]:
    """The piece for the escape whose character is at `at`, and where it ends."""
    char = go[at : at + 1]
    if char in _ASSERTIONS:
        return _ASSERTIONS[char], at + 1
    if char and char.lower() in _SETS:
        return f"[{'^' if char.isupper() else ''}{_SETS[char.lower()]}]", at + 1
    value, at = _escaped_char(go, at)
    return re.escape(value), at


def _escaped_char(go: str, at: int) -> tuple[str, int]:
    char = go[at : at + 1]
    if not char:
        raise BadPattern
    if char in _CONTROLS:
        return _CONTROLS[char], at + 1
    if char.isascii() and not char.isalnum():
        return char, at + 1
    if found := re.compile("x([0-9A-Fa-f]{2})").match(go, at):
        return chr(int(found[1], 16)), found.end()
    if found := re.compile("0[0-7]{0,2}|[1-7][0-7]{1,2}").match(go, at):
        return chr(int(found[0], 8)), found.end()
    raise BadPattern


def _class(go: str, at: int) -> tuple[str, int]:
    """The piece for the class whose inside begins at `at`, and where it ends."""
    negated = go.startswith("^", at)
    at += negated
    out = ""
    first = True
    while first or not go.startswith("]", at):
        first = False
        if at >= len(go):
            raise BadPattern
        if go.startswith("[:", at) and (end := go.find(":]", at + 2)) >= 0:
            name = go[at + 2 : end]
            out += _posix(name)
            at = end + 2
        elif go[at] == "\\" and (name := go[at + 1 : at + 2]).lower() in _SETS:
            out += _SETS[name] if name.islower() else _complement(_SETS[name.lower()])
            at += 2
        else:
            low, at = _class_char(go, at)
            high = low
            if go.startswith("-", at) and not go.startswith("]", at + 1):
                high, at = _class_char(go, at + 1)
            if high < low:
                raise BadPattern
            out += re.escape(low) + (f"-{re.escape(high)}" if low < high else "")
    return f"[{'^' if negated else ''}{out}]", at + 1


def _class_char(go: str, at: int) -> tuple[str, int]:
    if at >= len(go):
        raise BadPattern
    if go[at] != "\\":
        return go[at], at + 1
    return _escaped_char(go, at + 1)


def _posix(name: str) -> str:
    if name.removeprefix("^") not in _POSIX:
        raise BadPattern
    return _complement(_POSIX[name[1:]]) if name.startswith("^") else _POSIX[name]


def _complement(inside: str) -> str:
    """The inside of a class that matches all that the other does not."""
    test = re.compile(f"[{inside}]")
    others = [chr(code) for code in range(128) if not test.match(chr(code))]
    return "".join(map(re.escape, others)) + "\x80-\U0010ffff"
