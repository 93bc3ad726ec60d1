"""Registry tokens, as the daemon would fetch them itself if it had the password.

https://distribution.github.io/distribution/spec/auth/token/ (GET) and .../oauth/ (POST).
"""

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import AccessError, Error, TransientError
from runner.registry.http import HttpClient

if TYPE_CHECKING:
    from runner.registry.credentials import Credentials
    from runner.registry.http import Reply
    from runner.registry.settings import RegistrySettings

# What a token lives where the server does not say (seconds): the specification's default.
_DEFAULT_LIFE = 60
# The part of its life in which a token is given out again.
_USED = 0.9


class TokenRequest(NamedTuple):
    """A registry's challenge: who gives its tokens, and for what one is wanted."""

    registry: str
    realm: str
    service: str
    scopes: tuple[str, ...]
    client_id: str = "buildkit-client"


class Token:
    """A bearer token. It is in no repr. until: when it ends, by time.monotonic()."""

    __slots__ = ("until", "value")

    def __init__(self, value: str, until: float) -> None:
        self.value = value
        self.until = until

    @property
    def seconds(self) -> int:
        """How long it still lives; at least 1."""
        return max(1, int(self.until - time.monotonic()))


class TokenSource:
    """Fetches tokens, and keeps them for most of their life. Used by several threads."""

    def __init__(self, settings: "RegistrySettings | None" = None) -> None:
        self._http = HttpClient(settings)
        self._kept: dict[tuple[TokenRequest, str, str], tuple[float, Token]] = {}

    def token(self, request: TokenRequest, credentials: "Credentials") -> Token:
        """A token for what was asked; an anonymous one without credentials. May block for a minute.

        Raises AccessError where it is refused and TransientError where that may be gone at the next try.
        """
        key = (request, credentials.username, credentials.secret)
        until, token = self._kept.get(key, (0.0, None))
        if token is None or time.monotonic() >= until:
            asked = time.monotonic()
            value, life = self._fetch(request, credentials)
            token = Token(value, asked + life)
            self._kept[key] = (asked + life * _USED, token)
        return token

    def _fetch(self, request: TokenRequest, credentials: "Credentials") -> tuple[str, float]:
        """The token and its life in seconds."""
        if credentials and not credentials.username:
            reply = self._post(request, credentials)
        else:
            reply = self._get(request, credentials)
            # Some servers know only the newer way.
            if credentials and reply.status in (404, 405):
                reply = self._post(request, credentials)
        doing = _doing(request, credentials)
        if reply.status != 200:
            raise _refused(doing, reply, request, credentials)
        data = _object(reply.body)
        value = data.get("token") or data.get("access_token")
        if not isinstance(value, str):
            raise TransientError(f"{doing}: {_server(request)} answered without a token")
        life = data.get("expires_in")
        if not isinstance(life, int) or not 0 < life < 1 << 31:
            life = _DEFAULT_LIFE
        return value, _rest(life, data.get("issued_at"))

    def _get(self, request: TokenRequest, credentials: "Credentials") -> "Reply":
        from urllib.parse import urlencode

        query = [("service", request.service)] if request.service else []
        query += [("scope", scope) for scope in request.scopes]
        url = request.realm
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        headers = {}
        if credentials:
            headers["Authorization"] = credentials.basic()
        doing = _doing(request, credentials)
        return self._http.send("GET", url, registry=request.registry, doing=doing, headers=headers)

    def _post(self, request: TokenRequest, credentials: "Credentials") -> "Reply":
        from urllib.parse import urlencode

        form = {"service": request.service, "client_id": request.client_id}
        if request.scopes:
            form["scope"] = " ".join(request.scopes)
        if credentials.username:
            form |= {
                "grant_type": "password",
                "username": credentials.username,
                "password": credentials.secret,
            }
        else:
            form |= {"grant_type": "refresh_token", "refresh_token": credentials.secret}
        return self._http.send(
            "POST",
            request.realm,
            registry=request.registry,
            doing=_doing(request, credentials),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )


def _doing(request: TokenRequest, credentials: "Credentials") -> str:
    if credentials.username:
        who = f"as user {credentials.username}"
    else:
        who = "with an identity token" if credentials else "without credentials"
    return f"getting a token for registry {request.registry} {who}"


def _server(request: TokenRequest) -> str:
    from urllib.parse import urlsplit

    return urlsplit(request.realm).netloc.rpartition("@")[2]


def _refused(doing: str, reply: "Reply", request: TokenRequest, credentials: "Credentials") -> Error:
    why = f"{_server(request)} answered {reply.status} {_printable(reply.reason)}".rstrip()
    if said := said_by(reply.body, credentials.secret):
        why += f": {said}"
    if reply.status in (408, 429) or reply.status >= 500:
        return TransientError(f"{doing}: {why}")
    if credentials:
        hint = (
            f"The credentials are from {credentials.source}: check that they are valid, and what they allow."
        )
    else:
        hint = (
            f"Give credentials for {request.registry}: REGISTRY_USERNAME and REGISTRY_PASSWORD "
            "for the registry that is pushed to, or an entry in Docker's config.json."
        )
    return AccessError(f"{doing}: {why}", hint=hint)


def said_by(body: bytes, secret: str) -> str:
    """The server's own words, shortened; "" where it sent none that fit in a line."""
    data = _object(body)
    errors = data.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        data = errors[0]
    texts = (
        data.get(name) for name in ("error_description", "message", "details", "detail", "error", "code")
    )
    text = next((text for text in texts if isinstance(text, str) and text), "")
    if not text and not body.lstrip().startswith((b"<", b"{", b"[")):
        text = body.decode(errors="replace").strip().partition("\n")[0]
    if secret:
        text = text.replace(secret, "***")
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:200]


def _object(body: bytes) -> dict[str, Any]:
    import json

    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _rest(life: int, issued_at: object) -> float:
    """What is left of a life, where the server tells when it began and our clocks agree about it."""
    from datetime import datetime

    try:
        age = time.time() - datetime.fromisoformat(str(issued_at)).timestamp()
    except ValueError:
        return life
    return life - age if 0 < age < life else life
