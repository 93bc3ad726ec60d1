"""Generated from proto/sshforward.proto by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message

CHECK_AGENT = "/moby.sshforward.v1.SSH/CheckAgent"
FORWARD_AGENT = "/moby.sshforward.v1.SSH/ForwardAgent"


class BytesMessage(Message):
    """moby.sshforward.v1.BytesMessage"""

    __slots__ = ("data",)
    _name = "moby.sshforward.v1.BytesMessage"
    _fields = ((1, "data", "bytes"),)

    def __init__(self, *, data: bytes = b"") -> None:
        self.data = data


class CheckAgentRequest(Message):
    """moby.sshforward.v1.CheckAgentRequest"""

    __slots__ = ("ID",)
    _name = "moby.sshforward.v1.CheckAgentRequest"
    _fields = ((1, "ID", "string"),)

    def __init__(self, *, ID: str = "") -> None:
        self.ID = ID


class CheckAgentResponse(Message):
    """moby.sshforward.v1.CheckAgentResponse"""

    __slots__ = ()
    _name = "moby.sshforward.v1.CheckAgentResponse"
