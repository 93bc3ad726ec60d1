"""What a cache of each kind may be told: the names, the values, and which of them are secrets.

Names and values: BuildKit's cache/remotecache/*, client/solve.go and README.
"""

import re
from collections.abc import Mapping

from runner.errors import UsageError
from runner.specs import compression, csvspec
from runner.specs.arguments import passwords
from runner.specs.duration import parse_duration
from runner.specs.reference import DIGEST

FROM, TO = "--cache-from", "--cache-to"
SECRETS = frozenset({"access_key_id", "ghtoken", "secret_access_key", "session_token", "token"})
HIDDEN = "***"


def _given(value: str) -> str:
    if not value:
        raise ValueError("given")
    return value


def _tag(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.:@/+-]*", value):
        return value
    raise ValueError("letters, digits, '_', '.', '-', '+', ':', '@' or '/'")


def _digest(value: str) -> str:
    if re.fullmatch(DIGEST, value):
        return value
    raise ValueError("a digest such as sha256: and 64 lower-case hex digits")


def _duration(value: str) -> str:
    try:
        parse_duration(value)
    except UsageError:
        raise ValueError("a duration such as 90s, 10m or 1h30m") from None
    return value + "s" if value[-1].isdigit() else value


def _positive(value: str) -> str:
    if value.isascii() and value.isdigit() and int(value):
        return value
    raise ValueError("a positive number")


_EXPORT: dict[str, csvspec.Check] = {
    "mode": csvspec.one_of("min", "max"),
    "ignore-error": csvspec.boolean,
}
_MANIFEST: dict[str, csvspec.Check] = {
    **compression.CHECKS,
    "oci-mediatypes": csvspec.boolean,
    "image-manifest": csvspec.boolean,
}
_REGISTRY: dict[str, csvspec.Check] = {"ref": _given, "registry.insecure": csvspec.boolean}
_GHA: dict[str, csvspec.Check] = {
    "scope": csvspec.any_text,
    "timeout": _duration,
    "token": csvspec.any_text,
    "url": csvspec.any_text,
    "url_v2": csvspec.any_text,
    "version": csvspec.one_of("1", "2"),
    "repository": csvspec.any_text,
    "ghtoken": csvspec.any_text,
}
_PLACES: dict[str, csvspec.Check] = {
    "name": csvspec.any_text,
    "prefix": csvspec.any_text,
    "manifests_prefix": csvspec.any_text,
    "blobs_prefix": csvspec.any_text,
    "secret_access_key": csvspec.any_text,
}
_S3: dict[str, csvspec.Check] = {
    **_PLACES,
    "bucket": _given,
    "region": _given,
    "endpoint_url": csvspec.any_text,
    "access_key_id": csvspec.any_text,
    "session_token": csvspec.any_text,
    "use_path_style": csvspec.boolean,
    "disable_accept_encoding": csvspec.boolean,
    "touch_refresh": _duration,
    "upload_parallelism": _positive,
    "retry_mode": csvspec.one_of("standard", "adaptive"),
    "retry_max_attempts": _positive,
}
_AZBLOB: dict[str, csvspec.Check] = {
    **_PLACES,
    "account_url": _given,
    "account_name": _given,
    "container": _given,
}

# By flag, then by kind.
CHECKS: dict[str, dict[str, dict[str, csvspec.Check]]] = {
    FROM: {
        "registry": _REGISTRY,
        "local": {"src": _given, "tag": _tag, "digest": _digest},
        "gha": _GHA,
        "s3": _S3,
        "azblob": _AZBLOB,
    },
    TO: {
        "inline": _EXPORT,
        "registry": {**_REGISTRY, **_MANIFEST, **_EXPORT},
        "local": {"dest": _given, "tag": _tag, "reset": csvspec.boolean, **_MANIFEST, **_EXPORT},
        "gha": {**_GHA, **_EXPORT},
        "s3": {**_S3, **_EXPORT},
        "azblob": {**_AZBLOB, **_EXPORT},
    },
}
# The attribute that a kind cannot be without, and an example of it.
_REF = ("ref", "Such as ref=HOST/REPOSITORY:TAG.")
REQUIRED: dict[str, dict[str, tuple[str, str]]] = {
    FROM: {"registry": _REF, "local": ("src", "Such as src=DIRECTORY.")},
    TO: {"registry": _REF, "local": ("dest", "Such as dest=DIRECTORY.")},
}

_SHOWN = {name for kinds in CHECKS.values() for names in kinds.values() for name in names} - SECRETS | {
    "type"
}
_FIELD = r'((?:^|,)(")?)([^=,"]*)=(?(2)(?:[^"]|"")*|[^,]*)'


def shown(text: str) -> str:
    """A text as errors may quote it: values of secrets, and of names that nobody knows, are left out."""

    def field(found: re.Match[str]) -> str:
        if found[3].strip().lower() in _SHOWN:
            return without_passwords(found[0])
        return f"{found[1]}{found[3]}={HIDDEN}"

    return re.sub(_FIELD, field, text)


def shown_until_secret(text: str) -> str:
    """The same for a text whose fields cannot be told apart: nothing after the first secret's name."""
    found = re.search("|".join(sorted(SECRETS)), text, re.IGNORECASE)
    return shown(text[: found.end()]) + HIDDEN if found else shown(text)


def without_passwords(value: str) -> str:
    """A value without the passwords of the URLs in it."""
    for password in passwords((value,)):
        value = value.replace(password, HIDDEN)
    return value


def secrets(attrs: Mapping[str, str]) -> tuple[str, ...]:
    """The values that must not be shown anywhere."""
    return (*(attrs[key] for key in attrs if key in SECRETS and attrs[key]), *passwords(attrs.values()))
