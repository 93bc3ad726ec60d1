"""Generated from proto/auth.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable


CREDENTIALS = "/moby.filesync.v1.Auth/Credentials"
FETCH_TOKEN = "/moby.filesync.v1.Auth/FetchToken"
GET_TOKEN_AUTHORITY = "/moby.filesync.v1.Auth/GetTokenAuthority"
VERIFY_TOKEN_AUTHORITY = "/moby.filesync.v1.Auth/VerifyTokenAuthority"


class CredentialsRequest(Message):
    """moby.filesync.v1.CredentialsRequest"""

    __slots__ = ("Host",)
    _name = "moby.filesync.v1.CredentialsRequest"
    _fields = ((1, "Host", "string"),)

    def __init__(self, *, Host: str = "") -> None:
        self.Host = Host


class CredentialsResponse(Message):
    """moby.filesync.v1.CredentialsResponse"""

    __slots__ = ("Secret", "Username")
    _name = "moby.filesync.v1.CredentialsResponse"
    _fields = (
        (1, "Username", "string"),
        (2, "Secret", "string"),
    )

    def __init__(self, *, Username: str = "", Secret: str = "") -> None:
        self.Username = Username
        self.Secret = Secret


class FetchTokenRequest(Message):
    """moby.filesync.v1.FetchTokenRequest"""

    __slots__ = ("ClientID", "Host", "Realm", "Scopes", "Service")
    _name = "moby.filesync.v1.FetchTokenRequest"
    _fields = (
        (1, "ClientID", "string"),
        (2, "Host", "string"),
        (3, "Realm", "string"),
        (4, "Service", "string"),
        (5, "Scopes", "repeated string"),
    )

    def __init__(
        self,
        *,
        ClientID: str = "",
        Host: str = "",
        Realm: str = "",
        Service: str = "",
        Scopes: Iterable[str] = (),
    ) -> None:
        self.ClientID = ClientID
        self.Host = Host
        self.Realm = Realm
        self.Service = Service
        self.Scopes = list(Scopes)


class FetchTokenResponse(Message):
    """moby.filesync.v1.FetchTokenResponse"""

    __slots__ = ("ExpiresIn", "IssuedAt", "Token")
    _name = "moby.filesync.v1.FetchTokenResponse"
    _fields = (
        (1, "Token", "string"),
        (2, "ExpiresIn", "int64"),
        (3, "IssuedAt", "int64"),
    )

    def __init__(self, *, Token: str = "", ExpiresIn: int = 0, IssuedAt: int = 0) -> None:
        self.Token = Token
        self.ExpiresIn = ExpiresIn
        self.IssuedAt = IssuedAt


class GetTokenAuthorityRequest(Message):
    """moby.filesync.v1.GetTokenAuthorityRequest"""

    __slots__ = ("Host", "Salt")
    _name = "moby.filesync.v1.GetTokenAuthorityRequest"
    _fields = (
        (1, "Host", "string"),
        (2, "Salt", "bytes"),
    )

    def __init__(self, *, Host: str = "", Salt: bytes = b"") -> None:
        self.Host = Host
        self.Salt = Salt


class GetTokenAuthorityResponse(Message):
    """moby.filesync.v1.GetTokenAuthorityResponse"""

    __slots__ = ("PublicKey",)
    _name = "moby.filesync.v1.GetTokenAuthorityResponse"
    _fields = ((1, "PublicKey", "bytes"),)

    def __init__(self, *, PublicKey: bytes = b"") -> None:
        self.PublicKey = PublicKey


class VerifyTokenAuthorityRequest(Message):
    """moby.filesync.v1.VerifyTokenAuthorityRequest"""

    __slots__ = ("Host", "Payload", "Salt")
    _name = "moby.filesync.v1.VerifyTokenAuthorityRequest"
    _fields = (
        (1, "Host", "string"),
        (2, "Payload", "bytes"),
        (3, "Salt", "bytes"),
    )

    def __init__(self, *, Host: str = "", Payload: bytes = b"", Salt: bytes = b"") -> None:
        self.Host = Host
        self.Payload = Payload
        self.Salt = Salt


class VerifyTokenAuthorityResponse(Message):
    """moby.filesync.v1.VerifyTokenAuthorityResponse"""

    __slots__ = ("Signed",)
    _name = "moby.filesync.v1.VerifyTokenAuthorityResponse"
    _fields = ((1, "Signed", "bytes"),)

    def __init__(self, *, Signed: bytes = b"") -> None:
        self.Signed = Signed
