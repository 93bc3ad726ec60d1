"""Build arguments and labels: `KEY=VALUE`, those of the environment, and the passwords in their values."""

import os
import re
from collections.abc import Iterable, Mapping

from runner.errors import UsageError

SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH"
# Docker's names for its configuration's proxies and the build arguments that they become.
PROXIES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "ftpProxy": "FTP_PROXY",
}
DOCKER_HOST = "unix:///var/run/docker.sock"


def parse_build_args(given: Iterable[str] | Mapping[str, str | None]) -> dict[str, str]:
    """Read build arguments: `KEY=VALUE` texts, or a mapping.

    KEY alone (or None as its value) takes the environment's value, and is left out where it has none.
    Raises UsageError.
    """
    pairs = given.items() if isinstance(given, Mapping) else [_pair("--build-arg", text) for text in given]
    found = {key: os.environ.get(key) if value is None else value for key, value in pairs}
    return {key: value for key, value in found.items() if value is not None}


def parse_labels(given: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Read labels: `KEY=VALUE` texts, or a mapping. KEY alone is an empty label. Raises UsageError."""
    if isinstance(given, Mapping):
        return dict(given)
    return {key: value or "" for key, value in (_pair("--label", text) for text in given)}


def _pair(flag: str, text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if not key:
        raise UsageError(f"reading {flag} {text!r}: it has no name", hint="Write it as NAME=VALUE.")
    return key, value if equals else None


def with_environment(arguments: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Add what the environment gives every build, as buildx does; what is there already wins.

    SOURCE_DATE_EPOCH, and the `proxies` of Docker's configuration file; not the environment's own proxy
    variables. Raises UsageError when that file is not valid.
    """
    from runner.registry.dockerconfig import read

    found = dict(arguments)
    if epoch := environ.get(SOURCE_DATE_EPOCH):
        found.setdefault(SOURCE_DATE_EPOCH, epoch)
    config = read()
    try:
        hosts = config.data.get("proxies") or {}
        given = hosts.get(environ.get("DOCKER_HOST") or DOCKER_HOST, hosts.get("default")) or {}
        proxies = {name: str(given[key]) for key, name in PROXIES.items() if given.get(key)}
    except AttributeError:
        raise UsageError(
            f"reading {config.path}: `proxies` is not an object of objects",
            hint="Mend this file, or name another directory for it with DOCKER_CONFIG.",
        ) from None
    explicit = {key.upper() for key in arguments}
    return found | {name: value for name, value in proxies.items() if name not in explicit}


def check_text(flag: str, text: str, *, of: str = "") -> None:
    """Refuse what was no UTF-8 on the command line, as a message to the daemon cannot hold it.

    of: the name whose value the text is, where it may be a secret. Raises UsageError.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        what = f"the value of {of!r}" if of else repr(text)
        raise UsageError(
            f"reading {flag}: {what} is not valid UTF-8",
            hint="Write it in UTF-8; other bytes can be in a file's content only.",
        ) from None


def passwords(values: Iterable[str]) -> tuple[str, ...]:
    """The parts of URLs in these values that must not be shown: `user:password`, and tokens alone.

    A password is masked without its user too unless it is so short that it would mask other words.
    """
    found: dict[str, None] = {}
    for value in values:
        for place in re.findall(r"(?<=[A-Za-z0-9+.-])://(?=([^/?#\s]*))", value):
            login = place.rpartition("@")[0]
            _, colon, password = login.partition(":")
            if colon and password:
                found[login] = None
            secret = password if colon else login
            if len(secret) >= (6 if colon else 20):
                from urllib.parse import unquote

                found |= {secret: None, unquote(secret): None}
    return tuple(sorted(found, key=len, reverse=True))
