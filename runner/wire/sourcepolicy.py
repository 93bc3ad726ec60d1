"""Generated from proto/sourcepolicy.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class PolicyAction:
    """Values of the enum; fields hold them as int."""

    ALLOW = 0
    DENY = 1
    CONVERT = 2


class AttrMatch:
    """Values of the enum; fields hold them as int."""

    EQUAL = 0
    NOTEQUAL = 1
    MATCHES = 2


class MatchType:
    """Values of the enum; fields hold them as int."""

    WILDCARD = 0
    EXACT = 1
    REGEX = 2


class Rule(Message):
    """moby.buildkit.v1.sourcepolicy.Rule"""

    __slots__ = ("action", "selector", "updates")
    _name = "moby.buildkit.v1.sourcepolicy.Rule"
    _fields = (
        (1, "action", "enum"),
        (2, "selector", "Selector"),
        (3, "updates", "Update"),
    )

    def __init__(
        self, *, action: int = 0, selector: Selector | None = None, updates: Update | None = None
    ) -> None:
        self.action = action
        self.selector = selector
        self.updates = updates


class Update(Message):
    """moby.buildkit.v1.sourcepolicy.Update"""

    __slots__ = ("attrs", "identifier")
    _name = "moby.buildkit.v1.sourcepolicy.Update"
    _fields = (
        (1, "identifier", "string"),
        (2, "attrs", "map<string, string>"),
    )

    def __init__(self, *, identifier: str = "", attrs: Mapping[str, str] | None = None) -> None:
        self.identifier = identifier
        self.attrs = dict(attrs) if attrs else {}


class Selector(Message):
    """moby.buildkit.v1.sourcepolicy.Selector"""

    __slots__ = ("constraints", "identifier", "match_type")
    _name = "moby.buildkit.v1.sourcepolicy.Selector"
    _fields = (
        (1, "identifier", "string"),
        (2, "match_type", "enum"),
        (3, "constraints", "repeated AttrConstraint"),
    )

    def __init__(
        self, *, identifier: str = "", match_type: int = 0, constraints: Iterable[AttrConstraint] = ()
    ) -> None:
        self.identifier = identifier
        self.match_type = match_type
        self.constraints = list(constraints)


class AttrConstraint(Message):
    """moby.buildkit.v1.sourcepolicy.AttrConstraint"""

    __slots__ = ("condition", "key", "value")
    _name = "moby.buildkit.v1.sourcepolicy.AttrConstraint"
    _fields = (
        (1, "key", "string"),
        (2, "value", "string"),
        (3, "condition", "enum"),
    )

    def __init__(self, *, key: str = "", value: str = "", condition: int = 0) -> None:
        self.key = key
        self.value = value
        self.condition = condition


class Policy(Message):
    """moby.buildkit.v1.sourcepolicy.Policy"""

    __slots__ = ("rules", "version")
    _name = "moby.buildkit.v1.sourcepolicy.Policy"
    _fields = (
        (1, "version", "int64"),
        (2, "rules", "repeated Rule"),
    )

    def __init__(self, *, version: int = 0, rules: Iterable[Rule] = ()) -> None:
        self.version = version
        self.rules = list(rules)
