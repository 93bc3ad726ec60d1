"""What the user says of registries: which are insecure, which CA signs one, which mirrors stand in for one.

Given once, by flags or in a registries.toml, it drives our daemon's configuration, the exporters, the caches
and our own HTTP calls.
"""

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE_VARIABLE = "BUILDKIT_RUNNER_REGISTRIES"
# Go's HTTP client never asks a proxy for these; other programs must be told.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Other names of docker.io, which image references and buildkitd.toml know only under that one.
DOCKER_HUB = ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_PATH = r"(?:/[A-Za-z0-9._-]+)*/?"
_TLS_TIMEOUT = 2.0
_CA_HINT = "Give the PEM file of the CA that signed the registry's certificate."
_FILE_HINT = f"Name a TOML file with --registries or in {FILE_VARIABLE}; docs/registries.md shows one."


class Registry(NamedTuple):
    """One registry. ca: a PEM file, or "". mirrors: `host[:port][/path]`, asked in this order before it."""

    insecure: bool = False
    ca: str = ""
    mirrors: tuple[str, ...] = ()


class RegistrySettings(NamedTuple):
    """All that is known of registries, by `host[:port]`. Make it with `parse_settings`."""

    registries: Mapping[str, Registry] = MappingProxyType({})

    def insecure(self, host: str) -> bool:
        """Whether this registry may be spoken to without a valid certificate, or without TLS."""
        return self._of(host).insecure

    def with_insecure(self, hosts: Iterable[str]) -> RegistrySettings:
        """The same, with these registries insecure too."""
        more = {host: self._of(host)._replace(insecure=True) for host in map(_canonical, hosts)}
        return self._replace(registries=MappingProxyType({**self.registries, **more})) if more else self

    def only_insecure(self) -> RegistrySettings:
        """The same without CAs and mirrors, of which a daemon that runs already cannot be told."""
        kept = {host: Registry(insecure=True) for host, one in self.registries.items() if one.insecure}
        return RegistrySettings(MappingProxyType(kept))

    def ca(self, host: str) -> str:
        """The PEM file of the CA that signs this registry's certificate, besides the system's; or ""."""
        return self._of(host).ca

    def hosts(self) -> tuple[str, ...]:
        """The registries that were named: mirrors, and those with a CA or marked as insecure."""
        named: dict[str, None] = {}
        for host, one in self.registries.items():
            if one.insecure or one.ca:
                named[host] = None
            named.update((mirror.partition("/")[0], None) for mirror in one.mirrors)
        return tuple(named)

    def no_proxy(self, environ: Mapping[str, str]) -> str:
        """The value of NO_PROXY: that of the environment, extended by these registries and by loopback."""
        given = f"{environ.get('NO_PROXY', '')},{environ.get('no_proxy', '')}".split(",")
        wanted = (*(entry.strip() for entry in given), *LOOPBACK, *self.hosts())
        return ",".join(dict.fromkeys(entry for entry in wanted if entry))

    def tables(self) -> str:
        """The [registry."host"] tables for buildkitd.toml, "" when there is nothing to say.

        With http and insecure both set the daemon tries TLS without verification first, then plain HTTP; with
        http alone it never tries TLS, with insecure alone it never falls back. It sets both itself for
        `registry.insecure` (moby/buildkit util/resolver/resolver.go, util/push/push.go).
        """
        lines = []
        for host, one in self.registries.items():
            lines.append(f"[registry.{toml_string(host)}]")
            if one.mirrors:
                lines.append(f"mirrors = [{', '.join(toml_string(mirror) for mirror in one.mirrors)}]")
            if one.insecure:
                lines += ["http = true", "insecure = true"]
            if one.ca:  # without "http = false" TLS is not even tried at a loopback address
                lines += ["http = false", f"ca = [{toml_string(one.ca)}]"]
        return "".join(f"{line}\n" for line in lines)

    def for_joined(self, address: str) -> tuple[str, ...]:
        """What a daemon that we did not start cannot be told: the warnings to show.

        Raises UsageError when a mirror or a CA was given, as it reads those from its own buildkitd.toml only.
        """
        refused = [host for host, one in self.registries.items() if one.mirrors or one.ca]
        if refused:
            raise UsageError(
                f"using the mirrors and CAs given for {', '.join(refused)}: the daemon at {address} was not "
                "started by us and reads them from its own configuration only",
                hint="Leave the address out, or add these lines to its buildkitd.toml and restart it:\n"
                f"{self.tables().rstrip()}",
            )
        return tuple(
            f"{host} is insecure for pushes and caches only: the daemon at {address} was not started by us, "
            f"and FROM and COPY --from follow its own buildkitd.toml"
            for host, one in self.registries.items()
            if one.insecure
        )

    def _of(self, host: str) -> Registry:
        return self.registries.get(_canonical(host), Registry())


def parse_settings(
    *,
    insecure: Iterable[str] = (),
    cas: Iterable[str] = (),
    mirrors: Iterable[str] = (),
    file: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> RegistrySettings:
    """Read the flags and the file into one value.

    insecure: HOST each (--insecure-registry). cas: HOST=FILE each (--registry-ca). mirrors: HOST=MIRROR each
    (--registry-mirror). file: a registries.toml (--registries); without it the environment variable
    BUILDKIT_RUNNER_REGISTRIES may name one. A flag adds to what the file says; a CA replaces the file's.
    Raises UsageError for anything that is not understood, and for a CA file that cannot be used.
    """
    path = file or environ.get(FILE_VARIABLE, "")
    registries = _read_file(path) if path else {}

    def change(host: str, flag: str, **values: Any) -> None:
        host = _checked_host(host, flag)
        registries[host] = registries.get(host, Registry())._replace(**values)

    for host in insecure:
        change(host, "--insecure-registry", insecure=True)
    for text in cas:
        host, ca = _pair(text, "--registry-ca", "HOST=FILE")
        change(host, "--registry-ca", ca=os.path.abspath(ca))
    for text in mirrors:
        host, mirror = _pair(text, "--registry-mirror", "docker.io=HOST")
        before = registries.get(_canonical(host), Registry()).mirrors
        mirror = _checked_mirror(mirror, "--registry-mirror")
        change(host, "--registry-mirror", mirrors=tuple(dict.fromkeys((*before, mirror))))
    for host, one in registries.items():
        if one.ca and one.insecure:
            raise UsageError(
                f"registry {host}: it cannot be insecure and have a CA, as the CA would not be looked at",
                hint="Give one of the two.",
            )
        if one.ca:
            _check_ca(host, one.ca)
    return RegistrySettings(MappingProxyType(registries))


def tls_answers_validly(host: str, ca: str = "") -> bool:
    """Whether the registry `host[:port]` answers TLS with a certificate that is valid for it. Blocks.

    Without a port it is asked on 443. ca: a PEM file besides the system's CAs. False also when it does not
    answer within 2 s.
    """
    import socket
    import ssl

    match = re.fullmatch(r"(.*?)(?::([0-9]+))?", "registry-1.docker.io" if host == "docker.io" else host)
    name, port = (match[1].strip("[]"), match[2] or "443") if match else (host, "443")
    try:
        context = ssl.create_default_context()
        if ca:
            context.load_verify_locations(ca)
        with (
            socket.create_connection((name, int(port)), timeout=_TLS_TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=name),
        ):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def toml_string(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def _canonical(host: str) -> str:
    return "docker.io" if host in DOCKER_HUB else host


def _checked_host(host: str, where: str) -> str:
    if not re.fullmatch(_HOST, host):
        raise UsageError(f"{where}: {host!r} is not a registry's host", hint=_host_hint(host))
    return _canonical(host)


def _checked_mirror(mirror: str, where: str) -> str:
    host, slash, path = mirror.partition("/")
    if not re.fullmatch(_HOST, host) or not re.fullmatch(_PATH, slash + path):
        raise UsageError(f"{where}: {mirror!r} is not a mirror's host", hint=_host_hint(mirror))
    return mirror.rstrip("/")


def _host_hint(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "Write HOST or HOST:PORT, such as registry.example.com:5000."
    plain = ", and give --insecure-registry where it speaks plain HTTP" if scheme == "http" else ""
    return f"Write {rest.strip('/')} without {scheme}://{plain}."


def _pair(text: str, flag: str, form: str) -> tuple[str, str]:
    left, separator, right = text.partition("=")
    if not separator or not left or not right:
        raise UsageError(f"{flag}: {text!r} is not {form}", hint=f"Write {flag} {form}.")
    return left, right


def _check_ca(host: str, path: str) -> None:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError as cause:
        raise UsageError(f"CA of registry {host}: {path} holds no PEM certificate", hint=_CA_HINT) from cause
    except OSError as cause:
        why = f"CA of registry {host}: reading {path}: {cause.strerror}"
        raise UsageError(why, hint=_CA_HINT) from cause


def _read_file(path: str) -> dict[str, Registry]:
    import tomllib

    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except OSError as cause:
        raise UsageError(f"reading the registries file {path}: {cause.strerror}", hint=_FILE_HINT) from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise UsageError(f"reading the registries file {path}: {cause}", hint=_FILE_HINT) from cause
    folder = os.path.dirname(os.path.abspath(path))
    _known(content, {"registry": dict}, path)
    found: dict[str, Registry] = {}
    for name, table in content.get("registry", {}).items():
        where = f'{path}: [registry."{name}"]'
        host = _checked_host(name, where)
        if not isinstance(table, dict):
            raise UsageError(f"{where} is not a table", hint="Write its keys on lines of their own below it.")
        if host in found:
            raise UsageError(f"{where}: {host} is given twice", hint="docker.io has several names.")
        _known(table, {"insecure": bool, "ca": str, "mirrors": list}, where)
        mirrors = table.get("mirrors", [])
        if not all(isinstance(mirror, str) for mirror in mirrors):
            raise UsageError(f"{where}: mirrors is not a list of strings")
        found[host] = Registry(
            insecure=table.get("insecure", False),
            ca=os.path.join(folder, table["ca"]) if table.get("ca") else "",
            mirrors=tuple(_checked_mirror(mirror, where) for mirror in mirrors),
        )
    return found


def _known(table: dict[str, Any], keys: dict[str, type], where: str) -> None:
    names = {bool: "true or false", str: "a string", list: "a list of strings", dict: "a table"}
    for key, value in table.items():
        if key not in keys:
            raise UsageError(f"{where}: unknown key {key!r}", hint=f"Known keys: {', '.join(keys)}.")
        if not isinstance(value, keys[key]):
            raise UsageError(f"{where}: {key} is not {names[keys[key]]}")
