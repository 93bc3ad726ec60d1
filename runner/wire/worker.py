"""Generated from proto/worker.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.wire import ops


class WorkerRecord(Message):
    """moby.buildkit.v1.types.WorkerRecord"""

    __slots__ = ("BuildkitVersion", "CDIDevices", "GCPolicy", "ID", "Labels", "platforms")
    _name = "moby.buildkit.v1.types.WorkerRecord"
    _fields = (
        (1, "ID", "string"),
        (2, "Labels", "map<string, string>"),
        (3, "platforms", "repeated ops.Platform"),
        (4, "GCPolicy", "repeated GCPolicy"),
        (5, "BuildkitVersion", "BuildkitVersion"),
        (6, "CDIDevices", "repeated CDIDevice"),
    )

    def __init__(
        self,
        *,
        ID: str = "",
        Labels: Mapping[str, str] | None = None,
        platforms: Iterable[ops.Platform] = (),
        GCPolicy: Iterable[GCPolicy] = (),
        BuildkitVersion: BuildkitVersion | None = None,
        CDIDevices: Iterable[CDIDevice] = (),
    ) -> None:
        self.ID = ID
        self.Labels = dict(Labels) if Labels else {}
        self.platforms = list(platforms)
        self.GCPolicy = list(GCPolicy)
        self.BuildkitVersion = BuildkitVersion
        self.CDIDevices = list(CDIDevices)


class GCPolicy(Message):
    """moby.buildkit.v1.types.GCPolicy"""

    __slots__ = ("all", "filters", "keepDuration", "maxUsedSpace", "minFreeSpace", "reservedSpace")
    _name = "moby.buildkit.v1.types.GCPolicy"
    _fields = (
        (1, "all", "bool"),
        (2, "keepDuration", "int64"),
        (3, "reservedSpace", "int64"),
        (4, "filters", "repeated string"),
        (5, "maxUsedSpace", "int64"),
        (6, "minFreeSpace", "int64"),
    )

    def __init__(
        self,
        *,
        all: bool = False,
        keepDuration: int = 0,
        reservedSpace: int = 0,
        filters: Iterable[str] = (),
        maxUsedSpace: int = 0,
        minFreeSpace: int = 0,
    ) -> None:
        self.all = all
        self.keepDuration = keepDuration
        self.reservedSpace = reservedSpace
        self.filters = list(filters)
        self.maxUsedSpace = maxUsedSpace
        self.minFreeSpace = minFreeSpace


class BuildkitVersion(Message):
    """moby.buildkit.v1.types.BuildkitVersion"""

    __slots__ = ("dockerfileVersion", "package", "revision", "version")
    _name = "moby.buildkit.v1.types.BuildkitVersion"
    _fields = (
        (1, "package", "string"),
        (2, "version", "string"),
        (3, "revision", "string"),
        (4, "dockerfileVersion", "string"),
    )

    def __init__(
        self, *, package: str = "", version: str = "", revision: str = "", dockerfileVersion: str = ""
    ) -> None:
        self.package = package
        self.version = version
        self.revision = revision
        self.dockerfileVersion = dockerfileVersion


class CDIDevice(Message):
    """moby.buildkit.v1.types.CDIDevice"""

    __slots__ = ("Annotations", "AutoAllow", "Name", "OnDemand")
    _name = "moby.buildkit.v1.types.CDIDevice"
    _fields = (
        (1, "Name", "string"),
        (2, "AutoAllow", "bool"),
        (3, "Annotations", "map<string, string>"),
        (4, "OnDemand", "bool"),
    )

    def __init__(
        self,
        *,
        Name: str = "",
        AutoAllow: bool = False,
        Annotations: Mapping[str, str] | None = None,
        OnDemand: bool = False,
    ) -> None:
        self.Name = Name
        self.AutoAllow = AutoAllow
        self.Annotations = dict(Annotations) if Annotations else {}
        self.OnDemand = OnDemand
