"""Generated from proto/secrets.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Mapping


GET_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"


class GetSecretRequest(Message):
    """moby.buildkit.secrets.v1.GetSecretRequest"""

    __slots__ = ("ID", "annotations")
    _name = "moby.buildkit.secrets.v1.GetSecretRequest"
    _fields = (
        (1, "ID", "string"),
        (2, "annotations", "map<string, string>"),
    )

    def __init__(self, *, ID: str = "", annotations: Mapping[str, str] | None = None) -> None:
        self.ID = ID
        self.annotations = dict(annotations) if annotations else {}


class GetSecretResponse(Message):
    """moby.buildkit.secrets.v1.GetSecretResponse"""

    __slots__ = ("data",)
    _name = "moby.buildkit.secrets.v1.GetSecretResponse"
    _fields = ((1, "data", "bytes"),)

    def __init__(self, *, data: bytes = b"") -> None:
        self.data = data
