"""Generated from proto/policysession.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.wire import gateway, ops

CHECK_POLICY = "/moby.buildkit.v1.sourcepolicy.policysession.PolicyVerifier/CheckPolicy"


class CheckPolicyRequest(Message):
    """moby.buildkit.v1.sourcepolicy.policysession.CheckPolicyRequest"""

    __slots__ = ("Platform", "Source", "caps")
    _name = "moby.buildkit.v1.sourcepolicy.policysession.CheckPolicyRequest"
    _fields = (
        (1, "Platform", "ops.Platform"),
        (2, "Source", "gateway.ResolveSourceMetaResponse"),
        (3, "caps", "map<string, bool>"),
    )

    def __init__(
        self,
        *,
        Platform: ops.Platform | None = None,
        Source: gateway.ResolveSourceMetaResponse | None = None,
        caps: Mapping[str, bool] | None = None,
    ) -> None:
        self.Platform = Platform
        self.Source = Source
        self.caps = dict(caps) if caps else {}


class CheckPolicyResponse(Message):
    """moby.buildkit.v1.sourcepolicy.policysession.CheckPolicyResponse"""

    __slots__ = ("decision", "request")
    _name = "moby.buildkit.v1.sourcepolicy.policysession.CheckPolicyResponse"
    _fields = (
        (1, "decision", "oneof result DecisionResponse"),
        (2, "request", "oneof result gateway.ResolveSourceMetaRequest"),
    )

    def __init__(
        self,
        *,
        decision: DecisionResponse | None = None,
        request: gateway.ResolveSourceMetaRequest | None = None,
    ) -> None:
        self.decision = decision
        self.request = request


class DecisionResponse(Message):
    """moby.buildkit.v1.sourcepolicy.policysession.DecisionResponse"""

    __slots__ = ("action", "denyMessages", "update")
    _name = "moby.buildkit.v1.sourcepolicy.policysession.DecisionResponse"
    _fields = (
        (1, "action", "enum"),
        (2, "denyMessages", "repeated DenyMessage"),
        (3, "update", "ops.SourceOp"),
    )

    def __init__(
        self, *, action: int = 0, denyMessages: Iterable[DenyMessage] = (), update: ops.SourceOp | None = None
    ) -> None:
        self.action = action
        self.denyMessages = list(denyMessages)
        self.update = update


class DenyMessage(Message):
    """moby.buildkit.v1.sourcepolicy.policysession.DenyMessage"""

    __slots__ = ("message",)
    _name = "moby.buildkit.v1.sourcepolicy.policysession.DenyMessage"
    _fields = ((1, "message", "string"),)

    def __init__(self, *, message: str = "") -> None:
        self.message = message
