"""Credentials for a registry: from the environment, a credential helper, or Docker's configuration file."""

import os
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.errors import AccessError, UsageError
from runner.registry.settings import DOCKER_HUB

if TYPE_CHECKING:
    from types import TracebackType

    from runner.registry.dockerconfig import DockerConfig
    from runner.registry.helpers import Helpers

# How long what a lookup gave is used (seconds). Some helpers give tokens that live for five minutes.
_KEEP = 240.0


class Credentials:
    """A user name and its password or token. False for anonymous. `secret` is in no repr.

    username: "" where `secret` is an identity (OAuth2 refresh) token.
    source: where they were found, for messages.
    """

    __slots__ = ("secret", "source", "username")

    def __init__(self, username: str = "", secret: str = "", source: str = "") -> None:
        self.username = username
        self.secret = secret
        self.source = source

    def __bool__(self) -> bool:
        return bool(self.secret)

    def basic(self) -> str:
        """The value of the header `Authorization` that shows them as they are (RFC 7617)."""
        from base64 import b64encode

        return f"Basic {b64encode(f'{self.username}:{self.secret}'.encode()).decode()}"

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, source={self.source!r})"


class CredentialStore:
    """Finds credentials by the registry's host. Nothing is read before a lookup needs it.

    push_hosts: the registries that are written to. REGISTRY_USERNAME with REGISTRY_PASSWORD or
        REGISTRY_PASSWORD_FILE is for the first of them only, because nothing tells that the others may see
        this password; there it goes before everything else.
    Raises UsageError where these variables contradict each other or the file cannot be read.

    Use it as a context manager: its end also ends a credential helper that still runs.
    """

    def __init__(self, push_hosts: Sequence[str] = ()) -> None:
        self._pushed = canonical(push_hosts[0]) if push_hosts and _environment_is_set() else None
        self._found: dict[str, tuple[float, Credentials]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._reading = threading.Lock()
        self._config: DockerConfig | None = None
        self._helpers: Helpers | None = None

    def lookup(self, host: str) -> Credentials:
        """The credentials for a registry's host, such as `registry.example:5000`; false ones for anonymous.

        May take as long as a credential helper does; what it finds is kept for four minutes. Raises
        UsageError for a configuration that cannot be used, AccessError where a helper is missing or fails.
        """
        host = canonical(host)
        with self._locks.setdefault(host, threading.Lock()):
            until, found = self._found.get(host, (0.0, Credentials()))
            if time.monotonic() >= until:
                found = _from_environment() if host == self._pushed else self._from_docker(host)
                self._found[host] = (time.monotonic() + _KEEP, found)
            return found

    def close(self) -> None:
        """End a credential helper that still runs; none is started any more."""
        with self._reading:
            if self._helpers is not None:
                self._helpers.close()

    def __enter__(self) -> "CredentialStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def _from_docker(self, host: str) -> Credentials:
        from runner.registry import dockerconfig

        with self._reading:
            if self._config is None:
                self._config = dockerconfig.read()
        helper = self._config.helper(host)
        if not helper:
            return self._config.credentials(host)

        from runner.registry.helpers import Helpers, installed

        if installed(helper):
            with self._reading:
                self._helpers = self._helpers or Helpers()
            server = dockerconfig.HUB if host == "docker.io" else host
            return self._helpers.lookup(helper, server) or self._config.credentials(host)
        if plain := self._config.credentials(host):
            return plain
        raise AccessError(
            f"finding credentials for {host}: the credential helper docker-credential-{helper}, "
            f"which {self._config.path} names, is not in PATH",
            hint="Install it, or take it out of credHelpers or credsStore in that file.",
        )


def canonical(host: str) -> str:
    """One name for each registry: the several hosts of Docker Hub become `docker.io`."""
    return "docker.io" if host in DOCKER_HUB else host


def _environment_is_set() -> bool:
    """Whether the variables give credentials; an empty one is as good as none. Raises UsageError."""
    username, password, file = (
        os.environ.get(name, "")
        for name in ("REGISTRY_USERNAME", "REGISTRY_PASSWORD", "REGISTRY_PASSWORD_FILE")
    )
    if password and file:
        raise UsageError(
            "REGISTRY_PASSWORD and REGISTRY_PASSWORD_FILE are both set", hint="Unset one of the two."
        )
    if username and not (password or file):
        raise UsageError(
            "REGISTRY_USERNAME is set without a password",
            hint="Set REGISTRY_PASSWORD or REGISTRY_PASSWORD_FILE.",
        )
    if (password or file) and not username:
        raise UsageError(
            f"{'REGISTRY_PASSWORD' if password else 'REGISTRY_PASSWORD_FILE'} is set without a user name",
            hint="Set REGISTRY_USERNAME.",
        )
    if file and not os.access(file, os.R_OK):
        raise UsageError(f"reading REGISTRY_PASSWORD_FILE {file}: it does not exist or may not be read")
    return bool(username)


def _from_environment() -> Credentials:
    username = os.environ["REGISTRY_USERNAME"]
    file = os.environ.get("REGISTRY_PASSWORD_FILE")
    if not file:
        source = "REGISTRY_USERNAME and REGISTRY_PASSWORD"
        return Credentials(username, os.environ["REGISTRY_PASSWORD"], source)
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            password = stream.read()
    except OSError as error:
        raise UsageError(f"reading REGISTRY_PASSWORD_FILE {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"reading REGISTRY_PASSWORD_FILE {file}: it is not UTF-8") from None
    password = password.removesuffix("\n").removesuffix("\r")
    if not password:
        raise UsageError(f"reading REGISTRY_PASSWORD_FILE {file}: it is empty")
    return Credentials(username, password, "REGISTRY_USERNAME and REGISTRY_PASSWORD_FILE")
