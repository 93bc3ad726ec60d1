"""SOURCE_DATE_EPOCH: the time of all that a build makes. Source: BuildKit's dockerfile2llb/epoch.go."""

import os
import re

from runner.errors import UsageError


def is_number(value: str) -> bool:
    """Whether it is seconds since 1970, as every BuildKit takes them."""
    return bool(re.fullmatch(r"[+-]?[0-9]+", value)) and -(2**63) <= int(value) < 2**63


def check_epoch(value: str, context: str, dockerfile: str) -> None:
    """Refuse what BuildKit would refuse: it takes a number, nothing, `context`, or the name of a stage.

    context, dockerfile: as a request has them; the file is read only for what may be a stage's name.
    Raises UsageError.
    """
    if value in ("", "context") or is_number(value) or _has_stage(value, context, dockerfile):
        return
    raise UsageError(
        f"reading SOURCE_DATE_EPOCH {value!r}: it is not a number, and no stage has this name",
        hint="Give seconds since 1970, such as 1700000000, or `context`, or a stage's name.",
    )


def _has_stage(name: str, context: str, dockerfile: str) -> bool:
    """Also true of a Dockerfile that cannot be read: its own error comes later."""
    from runner.context.local import open_context

    try:
        found = open_context(context, dockerfile)
        with open(os.path.join(found.directory, found.filename), encoding="utf-8", errors="replace") as file:
            text = file.read()
    except (UsageError, OSError):
        return True
    return bool(re.search(rf"\sAS\s+{re.escape(name)}\s*$", text, re.IGNORECASE | re.MULTILINE))
