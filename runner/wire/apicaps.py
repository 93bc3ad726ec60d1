"""Generated from proto/apicaps.proto by `make proto`; do not edit."""

from __future__ import annotations

from runner.wire.codec import Message


class APICap(Message):
    """moby.buildkit.v1.apicaps.APICap"""

    __slots__ = ("Deprecated", "DisabledAlternative", "DisabledReason", "DisabledReasonMsg", "Enabled", "ID")
    _name = "moby.buildkit.v1.apicaps.APICap"
    _fields = (
        (1, "ID", "string"),
        (2, "Enabled", "bool"),
        (3, "Deprecated", "bool"),
        (4, "DisabledReason", "string"),
        (5, "DisabledReasonMsg", "string"),
        (6, "DisabledAlternative", "string"),
    )

    def __init__(
        self,
        *,
        ID: str = "",
        Enabled: bool = False,
        Deprecated: bool = False,
        DisabledReason: str = "",
        DisabledReasonMsg: str = "",
        DisabledAlternative: str = "",
    ) -> None:
        self.ID = ID
        self.Enabled = Enabled
        self.Deprecated = Deprecated
        self.DisabledReason = DisabledReason
        self.DisabledReasonMsg = DisabledReasonMsg
        self.DisabledAlternative = DisabledAlternative
