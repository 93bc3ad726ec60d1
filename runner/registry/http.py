"""One HTTP request at a time, on http.client, because importing `requests` costs 65 to 150 ms.

Knows proxies, redirects, the registries' certificates and insecure registries.
"""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import AccessError, TransientError, UsageError
from runner.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from ssl import SSLContext
    from urllib.parse import SplitResult

# Seconds for one operation on a socket, and for a request with all that follows from it. The daemon, which
# waits for the result, gives up after 60 s.
PATIENCE = 15.0
_DEADLINE = 45.0
_BODY_LIMIT = 1 << 20
_REDIRECTS = 5


class Reply(NamedTuple):
    """What a server answered; of a longer body the first `limit` bytes. The headers' names are lower-case."""

    status: int
    reason: str
    body: bytes
    headers: Mapping[str, str]


class _Request(NamedTuple):
    method: str
    url: "SplitResult"
    registry: str
    doing: str
    headers: Mapping[str, str]
    body: bytes | None
    limit: int


class HttpClient:
    """Sends requests to registries and to the token servers that they name. Used by several threads."""

    def __init__(self, settings: RegistrySettings | None = None) -> None:
        self._settings = settings or RegistrySettings()
        self._contexts: dict[tuple[bool, str], SSLContext] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        registry: str,
        doing: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = _BODY_LIMIT,
    ) -> Reply:
        """Send a request and return what was answered, whatever its status. Takes about 45 s at most.

        registry: the host on whose behalf it is sent: its CA is trusted, and where it is insecure, no server
            under its name has to show a valid certificate.
        doing: what the request is for, as the beginning of an error's text.
        limit: how much of the answer's body is read (bytes).
        A GET follows redirects, and takes its Authorization to the same scheme, host and port only. A
        connection that was cut is tried once more. Raises TransientError where the server cannot be reached,
        AccessError where it is not trusted or its address is none.
        """
        deadline = time.monotonic() + _DEADLINE
        sent = {"User-Agent": "buildkit-runner", "Accept": "application/json", **(headers or {})}
        parts = _split(url, doing)
        for _ in range(_REDIRECTS + 1):
            reply = self._exchange(_Request(method, parts, registry, doing, sent, body, limit), deadline)
            location = reply.headers.get("location", "")
            if method != "GET" or reply.status not in (301, 302, 303, 307, 308) or not location:
                return reply
            before, parts = parts, _split(location, doing, parts.geturl())
            if _origin(before) != _origin(parts):
                sent.pop("Authorization", None)
        raise AccessError(f"{doing}: {parts.hostname} redirects without end")

    def _exchange(self, request: _Request, deadline: float) -> Reply:
        from http.client import HTTPException, IncompleteRead
        from ssl import SSLCertVerificationError, SSLEOFError, SSLError

        doing, registry = request.doing, request.registry
        host = request.url.netloc.rpartition("@")[2]
        cut = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, IncompleteRead, SSLEOFError)
        for last in (False, True):
            try:
                return self._once(request, max(0.1, min(PATIENCE, deadline - time.monotonic())))
            except cut:
                if last:
                    raise TransientError(f"{doing}: {host} cut the connection twice") from None
            except SSLCertVerificationError as error:
                raise AccessError(
                    f"{doing}: the certificate of {host} is not trusted: {error.verify_message}",
                    hint=f"Name the file of the CA that signed it: --registry-ca {registry}=FILE.",
                ) from None
            except SSLError as error:
                raise AccessError(
                    f"{doing}: {host} does not speak TLS as it should: {error.reason or error}",
                    hint=f"If the registry has no TLS: --insecure-registry {registry}.",
                ) from None
            except TimeoutError:
                raise TransientError(f"{doing}: {host} did not answer in time") from None
            except HTTPException as error:
                raise TransientError(
                    f"{doing}: {host} answered with broken HTTP: {type(error).__name__}"
                ) from None
            except ValueError:
                where = f"{request.url.scheme}://{host}{request.url.path}"
                raise AccessError(f"{doing}: {where!r} is not a valid address") from None
            except OSError as error:
                raise TransientError(f"{doing}: cannot reach {host}: {error.strerror or error}") from None
        raise AssertionError

    def _once(self, request: _Request, patience: float) -> Reply:
        connection, target, headers = self._connection(request.url, request.registry, patience)
        try:
            connection.request(request.method, target, request.body, {**headers, **request.headers})
            response = connection.getresponse()
            content = response.read(request.limit)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, response.reason, content, headers)
        finally:
            connection.close()

    def _connection(
        self, url: "SplitResult", registry: str, patience: float
    ) -> tuple["HTTPConnection", str, dict[str, str]]:
        """A connection that leads to a URL, what to ask for on it, and the headers that the proxy wants."""
        from http.client import HTTPConnection, HTTPSConnection
        from urllib.parse import urlsplit

        from runner.registry.proxies import proxy_for

        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError
        port = url.port or (443 if url.scheme == "https" else 80)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        proxy = urlsplit(proxy_for(url.scheme, url.hostname, port, self._settings.no_proxy(os.environ)))
        if proxy.netloc and (proxy.scheme != "http" or not proxy.hostname):
            raise UsageError(
                f"reaching {url.hostname} through a {proxy.scheme} proxy: only http:// proxies can be used"
            )
        pass_on = _proxy_headers(proxy)
        to = (proxy.hostname, proxy.port or 80) if proxy.hostname else (url.hostname, port)
        if url.scheme == "http":
            plain = HTTPConnection(*to, timeout=patience)
            if proxy.hostname:
                target = f"http://{url.netloc.rpartition('@')[2]}{target}"
            return plain, target, pass_on
        secure = HTTPSConnection(*to, timeout=patience, context=self._context(url, registry))
        if proxy.hostname:
            secure.set_tunnel(url.hostname, port, pass_on)
        return secure, target, {}

    def _context(self, url: "SplitResult", registry: str) -> "SSLContext":
        """Which certificates are trusted at a URL."""
        import ssl
        from urllib.parse import urlsplit

        host = url.netloc.rpartition("@")[2]
        same = urlsplit(f"//{registry}").hostname == url.hostname
        insecure = self._settings.insecure(host) or (same and self._settings.insecure(registry))
        ca = self._settings.ca(host) or self._settings.ca(registry)
        context = self._contexts.get((insecure, ca))
        if context is None:
            context = ssl.create_default_context()
            if ca:
                context.load_verify_locations(ca)
            if insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[insecure, ca] = context
        return context


def _split(url: str, doing: str, base: str = "") -> "SplitResult":
    from urllib.parse import urljoin, urlsplit

    try:
        return urlsplit(urljoin(base, url))
    except ValueError:
        raise AccessError(f"{doing}: {url!r} is not a valid address") from None


def _origin(url: "SplitResult") -> tuple[str, str | None, int | None]:
    try:
        port = url.port
    except ValueError:
        port = -1  # It is refused when it is asked.
    return url.scheme, url.hostname, {"http": 80, "https": 443}.get(url.scheme) if port is None else port


def _proxy_headers(proxy: "SplitResult") -> dict[str, str]:
    if not proxy.username:
        return {}
    from base64 import b64encode
    from urllib.parse import unquote

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
