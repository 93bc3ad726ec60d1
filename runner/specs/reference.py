"""Image references, as Docker reads them: `[registry/]repository[:tag][@digest]`.

Grammar and limits: github.com/distribution/reference; digests: the OCI image specification.
"""

import re
from typing import NamedTuple

from runner.errors import UsageError

DOCKER_HUB = "docker.io"
LEGACY_DOCKER_HUB = "index.docker.io"
PATH_LENGTH = 255

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
REGISTRY = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
PATH = rf"{_PART}(?:/{_PART})*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"


class Reference(NamedTuple):
    """The name of an image, with Docker's defaults filled in; tag and digest are "" where not given.

    `str()` gives the full form, such as `docker.io/library/busybox:1.36`.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference as a user writes it. Raises UsageError."""
        registry, rest = _split_registry(text)
        rest, at, digest = rest.partition("@")
        path, colon, tag = rest.partition(":")
        if not re.fullmatch(REGISTRY, registry):
            raise _bad(text, f"{registry!r} is not a registry's host[:port]", _scheme_hint(text))
        if not re.fullmatch(PATH, path):
            raise _bad(text, *_path_trouble(path))
        if len(path) > PATH_LENGTH:
            raise _bad(text, f"the repository's name is longer than {PATH_LENGTH} characters")
        if colon and not re.fullmatch(TAG, tag):
            raise _bad(
                text,
                f"{tag!r} is not a tag",
                "A tag has 1 to 128 letters, digits, '_', '.' or '-', and does not begin with '.' or '-'.",
            )
        if at and not re.fullmatch(DIGEST, digest):
            raise _bad(
                text, f"{digest!r} is not a digest", "A digest is sha256: and 64 lower-case hex digits."
            )
        return cls(registry, path, tag, digest)

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def tagged(self) -> "Reference":
        """The same with tag `latest` where it has neither tag nor digest, as Docker pulls and pushes it."""
        return self if self.tag or self.digest else self._replace(tag="latest")

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def _split_registry(text: str) -> tuple[str, str]:
    """What stands before the first slash is a registry only if it looks like a host."""
    if not text:
        raise UsageError("an image reference is empty", hint="Write it as [registry/]repository[:tag].")
    if re.fullmatch(r"[0-9a-f]{64}", text):
        raise _bad(text, "64 hex digits are an image's ID, not its name")
    head, slash, rest = text.partition("/")
    if not slash or (head != "localhost" and "." not in head and ":" not in head and head == head.lower()):
        head, rest = DOCKER_HUB, text
    if head == LEGACY_DOCKER_HUB:
        head = DOCKER_HUB
    if head == DOCKER_HUB and "/" not in rest:
        rest = f"library/{rest}"
    return head, rest


def _path_trouble(path: str) -> tuple[str, str]:
    if path in ("", "library/"):
        return "it has no repository", "Write it as [registry/]repository[:tag]."
    if path != path.lower() and re.fullmatch(PATH, path.lower()):
        return "the repository's name has upper-case letters", "Write it in lower case."
    return (
        f"{path!r} is not a repository's name",
        "Its parts, separated by '/', are lower-case letters and digits, joined by '.', '_', '__' or '-'.",
    )


def _scheme_hint(text: str) -> str:
    scheme, found, rest = text.partition("://")
    return f"A reference has no {scheme}://, write {rest}." if found and rest else ""


def _bad(text: str, why: str, hint: str = "") -> UsageError:
    return UsageError(f"reading the image reference {text!r}: {why}", hint=hint)
