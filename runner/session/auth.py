"""moby.filesync.v1.Auth: the daemon asks us for registry tokens, and where a registry wants it, a password.

The daemon asks for a token (FetchToken) only where it got a key from GetTokenAuthority; so it never sees the
password of a registry that works with tokens. With the key, it also finds out whether another session has the
same credentials and may use the same tokens.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runner.errors import Error
from runner.registry.credentials import canonical
from runner.registry.settings import RegistrySettings, tls_answers_validly
from runner.session.unary import Unary
from runner.transport.stream import Handler, ServerStream
from runner.wire import auth

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from runner.registry.credentials import Credentials, CredentialStore
    from runner.registry.token import TokenSource

# A key must not be guessable from the salt, which the daemon chooses.
_SEED = os.urandom(32)


class Auth:
    """Answers with credentials and tokens for the registries that the daemon talks to.

    credentials: where they are looked up, at the daemon's first question for a registry.
    settings: which registries are insecure, and whose certificates are trusted.
    notice: is told, as a line of text, what the user should know; called on any thread.
    """

    methods: Sequence[str] = (
        auth.CREDENTIALS,
        auth.FETCH_TOKEN,
        auth.GET_TOKEN_AUTHORITY,
        auth.VERIFY_TOKEN_AUTHORITY,
    )

    def __init__(
        self,
        credentials: "CredentialStore",
        settings: RegistrySettings | None = None,
        notice: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._store = credentials
        self._settings = settings or RegistrySettings()
        self._notice = notice
        self._tokens: TokenSource | None = None
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._failures: list[Error] = []
        self._used: dict[str, Credentials] = {}
        self._answers = dict(
            zip(self.methods, (self._credentials, self._fetch, self._authority, self._verify), strict=True)
        )

    def open(self, method: str, stream: ServerStream) -> Handler:
        return Unary(stream, lambda data: self._answer(method, data), blocking=True)

    def cause_of(self, message: str) -> Error | None:
        """The error of ours that the daemon quotes in `message`, if it quotes one.

        It has a hint, and its class says what the daemon's error does not.
        """
        return next((error for error in self._failures if error.message in message), None)

    def used_for(self, message: str) -> str:
        """With which credentials the registry was asked that `message` names, for an error's hint.

        "" where it names none that the daemon asked us about.
        """
        for host, found in list(self._used.items()):
            name = canonical(host)
            if name in message and found:
                who = f"user {found.username}" if found.username else "an identity token"
                return f"{name} was asked as {who}, from {found.source}"
            if name in message:
                return f"no credentials were found for {name}"
        return ""

    def _answer(self, method: str, data: bytes) -> bytes:
        try:
            return self._answers[method](data)
        except Error as error:
            self._failures.append(error)
            raise

    def _credentials(self, data: bytes) -> bytes:
        host = auth.CredentialsRequest.decode(data).Host
        found = self._lookup(host)
        if found:
            self._warn_of(host)
        return auth.CredentialsResponse(Username=found.username, Secret=found.secret).encode()

    def _fetch(self, data: bytes) -> bytes:
        asked = auth.FetchTokenRequest.decode(data)
        found = self._lookup(asked.Host)
        if found:
            self._warn_of(asked.Host)
            self._warn_of_realm(asked.Host, asked.Realm)
        from runner.registry.token import TokenRequest, TokenSource

        with self._lock:
            tokens = self._tokens = self._tokens or TokenSource(self._settings)
        request = TokenRequest(asked.Host, asked.Realm, asked.Service, tuple(asked.Scopes), asked.ClientID)
        token = tokens.token(request, found)
        return auth.FetchTokenResponse(Token=token.value, ExpiresIn=token.seconds).encode()

    def _authority(self, data: bytes) -> bytes:
        asked = auth.GetTokenAuthorityRequest.decode(data)
        key = self._key(asked.Host, asked.Salt).public_key().public_bytes_raw()
        return auth.GetTokenAuthorityResponse(PublicKey=key).encode()

    def _verify(self, data: bytes) -> bytes:
        asked = auth.VerifyTokenAuthorityRequest.decode(data)
        signature = self._key(asked.Host, asked.Salt).sign(asked.Payload)
        return auth.VerifyTokenAuthorityResponse(Signed=signature + asked.Payload).encode()

    def _key(self, host: str, salt: bytes) -> "Ed25519PrivateKey":
        """The same for the same credentials in this process, and for all who are anonymous."""
        import hmac
        from hashlib import sha256

        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        found = self._lookup(host)
        identity = "\0".join((host, found.username, found.secret)).encode()
        message = _SEED + sha256(identity).digest() if found else b""
        return Ed25519PrivateKey.from_private_bytes(hmac.digest(salt, message, "sha256"))

    def _lookup(self, host: str) -> "Credentials":
        self._used[host] = found = self._store.lookup(host)
        return found

    def _warn_of(self, host: str) -> None:
        """Tell of a registry that need not be insecure, before a credential goes there."""
        if not self._settings.insecure(host):
            return
        with self._lock:
            if host not in self._warned and tls_answers_validly(host):
                self._notice(
                    f"the credentials for {host} are sent as to an insecure registry, but it answers with a "
                    f"valid certificate: leave out --insecure-registry {host}"
                )
            self._warned.add(host)

    def _warn_of_realm(self, host: str, realm: str) -> None:
        """Tell of a token server without TLS, unless the user said that it is meant to be so."""
        from urllib.parse import urlsplit

        from runner.registry.proxies import is_loopback

        url = urlsplit(realm)
        server = url.netloc.rpartition("@")[2]
        meant = self._settings.insecure(host) or self._settings.insecure(server)
        if url.scheme != "http" or meant or is_loopback(url.hostname or ""):
            return
        with self._lock:
            if realm not in self._warned:
                self._notice(
                    f"the credentials for {host} are sent to {server} without TLS: the registry names it as "
                    "the server of its tokens"
                )
            self._warned.add(realm)
