"""Generated from proto/health.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Mapping


CHECK = "/grpc.health.v1.Health/Check"
LIST = "/grpc.health.v1.Health/List"
WATCH = "/grpc.health.v1.Health/Watch"


class HealthCheckRequest(Message):
    """grpc.health.v1.HealthCheckRequest"""

    __slots__ = ("service",)
    _name = "grpc.health.v1.HealthCheckRequest"
    _fields = ((1, "service", "string"),)

    def __init__(self, *, service: str = "") -> None:
        self.service = service


class HealthCheckResponse(Message):
    """grpc.health.v1.HealthCheckResponse"""

    class ServingStatus:
        """Values of the enum; fields hold them as int."""

        UNKNOWN = 0
        SERVING = 1
        NOT_SERVING = 2
        SERVICE_UNKNOWN = 3

    __slots__ = ("status",)
    _name = "grpc.health.v1.HealthCheckResponse"
    _fields = ((1, "status", "enum"),)

    def __init__(self, *, status: int = 0) -> None:
        self.status = status


class HealthListRequest(Message):
    """grpc.health.v1.HealthListRequest"""

    __slots__ = ()
    _name = "grpc.health.v1.HealthListRequest"


class HealthListResponse(Message):
    """grpc.health.v1.HealthListResponse"""

    __slots__ = ("statuses",)
    _name = "grpc.health.v1.HealthListResponse"
    _fields = ((1, "statuses", "map<string, HealthCheckResponse>"),)

    def __init__(self, *, statuses: Mapping[str, HealthCheckResponse] | None = None) -> None:
        self.statuses = dict(statuses) if statuses else {}
