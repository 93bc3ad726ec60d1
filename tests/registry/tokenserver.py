"""A token server for docker-registry (https://distribution.github.io/distribution/spec/auth/token/)."""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.registry.certificates import self_signed
from tests.registry.server import Answer, Asked, Server

SERVICE = "tests"


class TokenServer(Server):
    """Gives tokens to users by their passwords.

    A user may pull everything, and push to `USER/…` and `public/…`; the anonymous may pull `public/…`. Speaks
    TLS with `certificate`, which is made here, if `tls` is set.
    """

    def __init__(self, certificate: Path, users: dict[str, str], *, tls: bool = False) -> None:
        self._users = users
        self._key = self_signed(certificate)
        der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
        self._header = {"typ": "JWT", "alg": "ES256", "x5c": [b64encode(der).decode()]}
        super().__init__(self._answer, certificate if tls else None)
        self.realm = f"{'https' if tls else 'http'}://{self.host}/token"
        self.registry_settings = {
            "REGISTRY_AUTH": "token",
            "REGISTRY_AUTH_TOKEN_REALM": self.realm,
            "REGISTRY_AUTH_TOKEN_SERVICE": SERVICE,
            "REGISTRY_AUTH_TOKEN_ISSUER": SERVICE,
            "REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE": str(certificate),
        }

    def _answer(self, asked: Asked) -> Answer:
        user = ""
        if basic := asked.headers.get("authorization", ""):
            user, _, password = b64decode(basic.removeprefix("Basic ")).decode().partition(":")
            if self._users.get(user) != password:
                return Answer(401, b'{"details": "incorrect username or password"}')
        token = self.token(user, asked.query.get("scope", []))
        return Answer(200, json.dumps({"token": token, "expires_in": 300}).encode())

    def token(self, user: str, scopes: list[str]) -> str:
        """A token for what the user may do of the scopes. "" is the anonymous."""
        now = int(time.time())
        payload = {
            "iss": SERVICE,
            "sub": user,
            "aud": SERVICE,
            "exp": now + 300,
            "nbf": now - 10,
            "iat": now,
            "jti": os.urandom(8).hex(),
            "access": [_access(user, scope) for scope in scopes],
        }
        text = f"{_base64(json.dumps(self._header).encode())}.{_base64(json.dumps(payload).encode())}"
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return f"{text}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _access(user: str, scope: str) -> dict[str, object]:
    kind, name, actions = scope.split(":")
    owner = name.partition("/")[0]
    allowed = {"pull"} if user or owner == "public" else set()
    if user and owner in (user, "public"):
        allowed.add("push")
    return {"type": kind, "name": name, "actions": sorted(allowed & set(actions.split(",")))}


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
