"""Docker's configuration file: what `docker login` and an administrator put there.

Read as docker/cli does (cli/config/configfile, cli/config/credentials). Plain entries need no code of the
`docker` package, whose import costs 75 to 110 ms; see helpers.py for where it is used.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from runner.errors import UsageError
from runner.registry.credentials import Credentials, canonical

_HINT = "Mend this file, or name another directory for it with DOCKER_CONFIG."
HUB = "https://index.docker.io/v1/"
"""The name under which this file and the credential helpers keep what belongs to docker.io."""


class DockerConfig(NamedTuple):
    """The file's path and its content; an empty mapping where there is no file."""

    path: str
    data: Mapping[str, Any]

    def helper(self, host: str) -> str:
        """The credential helper that is named for a host, such as `ecr-login`, or ""."""
        named = self._section("credHelpers")
        key = _matching_key(named, host)
        helper = named[key] if key is not None else self.data.get("credsStore", "")
        if not isinstance(helper, str):
            raise UsageError(
                f"reading {self.path}: the credential helper for {host} is not a string", hint=_HINT
            )
        return helper

    def credentials(self, host: str) -> Credentials:
        """The host's entry in `auths`; false ones where it has none. Raises UsageError."""
        entries = self._section("auths")
        key = _matching_key(entries, host)
        entry = entries[key] if key is not None else {}
        where = f'reading {self.path}: auths["{key}"]'
        if not isinstance(entry, dict):
            raise UsageError(f"{where} is not an object", hint=_HINT)
        username, secret, identity, basic = (
            _text(entry, name, where) for name in ("username", "password", "identitytoken", "auth")
        )
        if identity:
            return Credentials("", identity, self.path)
        if basic:
            username, secret = _decode_basic(basic, where)
        return Credentials(username, secret, self.path) if secret else Credentials()

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.data.get(name) or {}
        if not isinstance(section, dict):
            raise UsageError(f"reading {self.path}: `{name}` is not an object", hint=_HINT)
        return section


def read() -> DockerConfig:
    """Read `config.json` in DOCKER_CONFIG, or in ~/.docker. Raises UsageError for one that cannot be read."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    path = os.path.join(folder, "config.json")
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return DockerConfig(path, {})
    except OSError as error:
        raise UsageError(f"reading {path}: {error.strerror}", hint=_HINT) from None
    import json

    # The causes are cut off: they hold the file's text.
    try:
        data = json.loads(content)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"reading {path}: {where}: {error.msg}", hint=_HINT) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"reading {path}: byte {error.start} is not UTF-8", hint=_HINT) from None
    if not isinstance(data, dict):
        raise UsageError(f"reading {path}: it is not a JSON object", hint=_HINT)
    return DockerConfig(path, data)


def _matching_key(section: Mapping[str, Any], host: str) -> str | None:
    """The key for a canonical host: the host itself, or an address as older versions of Docker wrote them."""
    if host in section:
        return host
    for key in section:
        if canonical(key.removeprefix("https://").removeprefix("http://").partition("/")[0]) == host:
            return key
    return None


def _text(entry: Mapping[str, Any], name: str, where: str) -> str:
    value = entry.get(name) or ""
    if not isinstance(value, str):
        raise UsageError(f"{where}.{name} is not a string", hint=_HINT)
    return value


def _decode_basic(value: str, where: str) -> tuple[str, str]:
    from base64 import b64decode

    try:
        username, colon, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if not colon:
        raise UsageError(f"{where}.auth is not the base64 of USER:PASSWORD", hint=_HINT)
    return username, password.rstrip("\0")
