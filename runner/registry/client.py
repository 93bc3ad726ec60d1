"""Manifests of a registry, read and written by us: what a solve cannot be asked for.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md; challenges: RFC 9110, 11.6.1.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import AccessError, Error, TransientError
from runner.registry.http import HttpClient
from runner.registry.token import TokenRequest, TokenSource, said_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.registry.credentials import CredentialStore
    from runner.registry.http import Reply
    from runner.registry.settings import RegistrySettings
    from runner.specs.reference import Reference

ACCEPTED = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# Registries take manifests of 4 MiB at least (the specification); Gitea takes 10 MiB.
LIMIT = 10 << 20
_HUB_API = "registry-1.docker.io"


class Manifest(NamedTuple):
    """A manifest or an index as it lies in the registry. digest: of `data`."""

    media_type: str
    digest: str
    data: bytes


class RegistryClient:
    """Speaks to registries as the daemon does: with the same credentials, certificates and tokens.

    Used by one thread at a time. Nothing is opened before the first call.
    """

    def __init__(self, settings: "RegistrySettings", credentials: "CredentialStore") -> None:
        self._settings = settings
        self._credentials = credentials
        self._http = HttpClient(settings)
        self._tokens = TokenSource(settings)
        self._schemes: dict[str, str] = {}
        self._challenges: dict[str, str] = {}

    def manifest(self, reference: "Reference") -> Manifest | None:
        """What a tag or a digest names; None where there is nothing of that name.

        Raises AccessError, TransientError, Error.
        """
        doing = f"reading the manifest of {reference}"
        place = f"manifests/{reference.digest or reference.tag}"
        reply = self._ask("GET", reference, place, doing, headers={"Accept": ", ".join(ACCEPTED)})
        if reply.status == 404:
            return None
        data = self._content(doing, reference, reply)
        return Manifest(reply.headers.get("content-type", "").partition(";")[0], _digest(data), data)

    def blob(self, reference: "Reference") -> bytes:
        """A small blob of a repository, such as a configuration, by its digest.

        Raises AccessError, TransientError, Error.
        """
        doing = f"reading {reference}"
        reply = self._ask("GET", reference, f"blobs/{reference.digest}", doing, headers={})
        return self._content(doing, reference, reply)

    def put_manifest(self, reference: "Reference", data: bytes, media_type: str) -> str:
        """Write a manifest, whose parts are there already, under a tag or its digest; returns the digest.

        Raises AccessError, TransientError, Error.
        """
        doing = f"writing the manifest of {reference}"
        headers = {"Content-Type": media_type}
        place = f"manifests/{reference.digest or reference.tag}"
        reply = self._ask("PUT", reference, place, doing, headers=headers, body=data)
        if reply.status != 201:
            raise self._refused(doing, reference, reply)
        return _digest(data)

    def _content(self, doing: str, reference: "Reference", reply: "Reply") -> bytes:
        """What was answered, if it is what was asked for."""
        if reply.status != 200:
            raise self._refused(doing, reference, reply)
        if len(reply.body) > LIMIT:
            raise Error(f"{doing}: it is larger than {LIMIT} bytes")
        digest = _digest(reply.body)
        if reference.digest.startswith("sha256:") and digest != reference.digest:
            raise Error(f"{doing}: what the registry sent has the digest {digest}")
        return reply.body

    def _ask(
        self,
        method: str,
        reference: "Reference",
        place: str,
        doing: str,
        *,
        headers: "Mapping[str, str]",
        body: bytes | None = None,
    ) -> "Reply":
        """Ask without credentials first, unless the registry has already said what it wants."""
        host = reference.registry
        path = f"/v2/{reference.repository}/{place}"
        scope = f"repository:{reference.repository}:{'pull' if method == 'GET' else 'pull,push'}"
        for last in (False, True):
            authorization = self._authorization(host, scope, doing)
            reply = self._send(method, host, path, doing, {**headers, **authorization}, body)
            challenge = reply.headers.get("www-authenticate", "")
            if last or reply.status != 401 or not challenge or challenge == self._challenges.get(host):
                return reply
            self._challenges[host] = challenge
        raise AssertionError

    def _send(
        self,
        method: str,
        host: str,
        path: str,
        doing: str,
        headers: "Mapping[str, str]",
        body: bytes | None,
    ) -> "Reply":
        """Over TLS, or as the daemon would without it."""
        schemes = [self._schemes[host]] if host in self._schemes else self._possible_schemes(host)
        for scheme in schemes:
            url = f"{scheme}://{_HUB_API if host == 'docker.io' else host}{path}"
            try:
                reply = self._http.send(
                    method, url, registry=host, doing=doing, headers=headers, body=body, limit=LIMIT + 1
                )
            except (AccessError, TransientError):
                if scheme == schemes[-1]:
                    raise
                continue
            self._schemes[host] = scheme
            return reply
        raise AssertionError

    def _possible_schemes(self, host: str) -> list[str]:
        from urllib.parse import urlsplit

        from runner.registry.proxies import is_loopback

        if self._settings.insecure(host):
            return ["https", "http"]
        local = is_loopback(urlsplit(f"//{host}").hostname or "") and not self._settings.ca(host)
        return ["http"] if local else ["https"]

    def _authorization(self, host: str, scope: str, doing: str) -> dict[str, str]:
        """The header that answers the registry's challenge; none where it has sent no challenge."""
        challenge = self._challenges.get(host, "")
        if not challenge:
            return {}
        found, (kind, asked) = self._credentials.lookup(host), _challenge(challenge)
        if kind == "basic":
            return {"Authorization": found.basic()} if found else {}
        if kind != "bearer" or not asked.get("realm"):
            raise AccessError(f"{doing}: {host} wants a kind of authentication that is not known: {kind}")
        request = TokenRequest(host, asked["realm"], asked.get("service", ""), (scope,))
        return {"Authorization": f"Bearer {self._tokens.token(request, found).value}"}

    def _refused(self, doing: str, reference: "Reference", reply: "Reply") -> Error:
        found = self._credentials.lookup(reference.registry)
        why = f"{reference.registry} answered {reply.status} {reply.reason}".rstrip()
        if said := said_by(reply.body, found.secret):
            why += f": {said}"
        if reply.status in (408, 429) or reply.status >= 500:
            return TransientError(f"{doing}: {why}")
        if reply.status in (401, 403):
            who = f"The credentials are from {found.source}." if found else "No credentials were found."
            return AccessError(f"{doing}: {why}", hint=who)
        return Error(f"{doing}: {why}")


def _challenge(text: str) -> tuple[str, dict[str, str]]:
    """The scheme of a challenge, in lower case, and its parameters."""
    kind, _, rest = text.strip().partition(" ")
    pairs = re.findall(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', rest)
    return kind.lower(), {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in pairs
    }


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return f"sha256:{sha256(data).hexdigest()}"
