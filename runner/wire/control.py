"""Generated from proto/control.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.wire import ops, rpcstatus, sourcepolicy, timestamp, worker

DISK_USAGE = "/moby.buildkit.v1.Control/DiskUsage"
PRUNE = "/moby.buildkit.v1.Control/Prune"
SOLVE = "/moby.buildkit.v1.Control/Solve"
STATUS = "/moby.buildkit.v1.Control/Status"
SESSION = "/moby.buildkit.v1.Control/Session"
LIST_WORKERS = "/moby.buildkit.v1.Control/ListWorkers"
INFO = "/moby.buildkit.v1.Control/Info"
LISTEN_BUILD_HISTORY = "/moby.buildkit.v1.Control/ListenBuildHistory"
UPDATE_BUILD_HISTORY = "/moby.buildkit.v1.Control/UpdateBuildHistory"


class BuildHistoryEventType:
    """Values of the enum; fields hold them as int."""

    STARTED = 0
    COMPLETE = 1
    DELETED = 2


class PruneRequest(Message):
    """moby.buildkit.v1.PruneRequest"""

    __slots__ = ("all", "filter", "keepDuration", "maxUsedSpace", "minFreeSpace", "reservedSpace")
    _name = "moby.buildkit.v1.PruneRequest"
    _fields = (
        (1, "filter", "repeated string"),
        (2, "all", "bool"),
        (3, "keepDuration", "int64"),
        (4, "reservedSpace", "int64"),
        (5, "maxUsedSpace", "int64"),
        (6, "minFreeSpace", "int64"),
    )

    def __init__(
        self,
        *,
        filter: Iterable[str] = (),
        all: bool = False,
        keepDuration: int = 0,
        reservedSpace: int = 0,
        maxUsedSpace: int = 0,
        minFreeSpace: int = 0,
    ) -> None:
        self.filter = list(filter)
        self.all = all
        self.keepDuration = keepDuration
        self.reservedSpace = reservedSpace
        self.maxUsedSpace = maxUsedSpace
        self.minFreeSpace = minFreeSpace


class DiskUsageRequest(Message):
    """moby.buildkit.v1.DiskUsageRequest"""

    __slots__ = ("ageLimit", "filter")
    _name = "moby.buildkit.v1.DiskUsageRequest"
    _fields = (
        (1, "filter", "repeated string"),
        (2, "ageLimit", "int64"),
    )

    def __init__(self, *, filter: Iterable[str] = (), ageLimit: int = 0) -> None:
        self.filter = list(filter)
        self.ageLimit = ageLimit


class DiskUsageResponse(Message):
    """moby.buildkit.v1.DiskUsageResponse"""

    __slots__ = ("record",)
    _name = "moby.buildkit.v1.DiskUsageResponse"
    _fields = ((1, "record", "repeated UsageRecord"),)

    def __init__(self, *, record: Iterable[UsageRecord] = ()) -> None:
        self.record = list(record)


class UsageRecord(Message):
    """moby.buildkit.v1.UsageRecord"""

    __slots__ = (
        "CreatedAt",
        "Description",
        "ID",
        "InUse",
        "LastUsedAt",
        "Mutable",
        "Parent",
        "Parents",
        "RecordType",
        "Shared",
        "Size",
        "UsageCount",
    )
    _name = "moby.buildkit.v1.UsageRecord"
    _fields = (
        (1, "ID", "string"),
        (2, "Mutable", "bool"),
        (3, "InUse", "bool"),
        (4, "Size", "int64"),
        (5, "Parent", "string"),
        (6, "CreatedAt", "timestamp.Timestamp"),
        (7, "LastUsedAt", "timestamp.Timestamp"),
        (8, "UsageCount", "int64"),
        (9, "Description", "string"),
        (10, "RecordType", "string"),
        (11, "Shared", "bool"),
        (12, "Parents", "repeated string"),
    )

    def __init__(
        self,
        *,
        ID: str = "",
        Mutable: bool = False,
        InUse: bool = False,
        Size: int = 0,
        Parent: str = "",
        CreatedAt: timestamp.Timestamp | None = None,
        LastUsedAt: timestamp.Timestamp | None = None,
        UsageCount: int = 0,
        Description: str = "",
        RecordType: str = "",
        Shared: bool = False,
        Parents: Iterable[str] = (),
    ) -> None:
        self.ID = ID
        self.Mutable = Mutable
        self.InUse = InUse
        self.Size = Size
        self.Parent = Parent
        self.CreatedAt = CreatedAt
        self.LastUsedAt = LastUsedAt
        self.UsageCount = UsageCount
        self.Description = Description
        self.RecordType = RecordType
        self.Shared = Shared
        self.Parents = list(Parents)


class SolveRequest(Message):
    """moby.buildkit.v1.SolveRequest"""

    __slots__ = (
        "Cache",
        "CompatibilityVersion",
        "Definition",
        "EnableSessionExporter",
        "Entitlements",
        "ExporterAttrsDeprecated",
        "ExporterDeprecated",
        "Exporters",
        "Frontend",
        "FrontendAttrs",
        "FrontendInputs",
        "Internal",
        "ProxyNetwork",
        "Ref",
        "Session",
        "SourcePolicy",
        "SourcePolicySession",
    )
    _name = "moby.buildkit.v1.SolveRequest"
    _fields = (
        (1, "Ref", "string"),
        (2, "Definition", "ops.Definition"),
        (3, "ExporterDeprecated", "string"),
        (4, "ExporterAttrsDeprecated", "map<string, string>"),
        (5, "Session", "string"),
        (6, "Frontend", "string"),
        (7, "FrontendAttrs", "map<string, string>"),
        (8, "Cache", "CacheOptions"),
        (9, "Entitlements", "repeated string"),
        (10, "FrontendInputs", "map<string, ops.Definition>"),
        (11, "Internal", "bool"),
        (12, "SourcePolicy", "sourcepolicy.Policy"),
        (13, "Exporters", "repeated Exporter"),
        (14, "EnableSessionExporter", "bool"),
        (15, "SourcePolicySession", "string"),
        (16, "CompatibilityVersion", "int64"),
        (17, "ProxyNetwork", "bool"),
    )

    def __init__(
        self,
        *,
        Ref: str = "",
        Definition: ops.Definition | None = None,
        ExporterDeprecated: str = "",
        ExporterAttrsDeprecated: Mapping[str, str] | None = None,
        Session: str = "",
        Frontend: str = "",
        FrontendAttrs: Mapping[str, str] | None = None,
        Cache: CacheOptions | None = None,
        Entitlements: Iterable[str] = (),
        FrontendInputs: Mapping[str, ops.Definition] | None = None,
        Internal: bool = False,
        SourcePolicy: sourcepolicy.Policy | None = None,
        Exporters: Iterable[Exporter] = (),
        EnableSessionExporter: bool = False,
        SourcePolicySession: str = "",
        CompatibilityVersion: int = 0,
        ProxyNetwork: bool = False,
    ) -> None:
        self.Ref = Ref
        self.Definition = Definition
        self.ExporterDeprecated = ExporterDeprecated
        self.ExporterAttrsDeprecated = dict(ExporterAttrsDeprecated) if ExporterAttrsDeprecated else {}
        self.Session = Session
        self.Frontend = Frontend
        self.FrontendAttrs = dict(FrontendAttrs) if FrontendAttrs else {}
        self.Cache = Cache
        self.Entitlements = list(Entitlements)
        self.FrontendInputs = dict(FrontendInputs) if FrontendInputs else {}
        self.Internal = Internal
        self.SourcePolicy = SourcePolicy
        self.Exporters = list(Exporters)
        self.EnableSessionExporter = EnableSessionExporter
        self.SourcePolicySession = SourcePolicySession
        self.CompatibilityVersion = CompatibilityVersion
        self.ProxyNetwork = ProxyNetwork


class CacheOptions(Message):
    """moby.buildkit.v1.CacheOptions"""

    __slots__ = ("ExportAttrsDeprecated", "ExportRefDeprecated", "Exports", "ImportRefsDeprecated", "Imports")
    _name = "moby.buildkit.v1.CacheOptions"
    _fields = (
        (1, "ExportRefDeprecated", "string"),
        (2, "ImportRefsDeprecated", "repeated string"),
        (3, "ExportAttrsDeprecated", "map<string, string>"),
        (4, "Exports", "repeated CacheOptionsEntry"),
        (5, "Imports", "repeated CacheOptionsEntry"),
    )

    def __init__(
        self,
        *,
        ExportRefDeprecated: str = "",
        ImportRefsDeprecated: Iterable[str] = (),
        ExportAttrsDeprecated: Mapping[str, str] | None = None,
        Exports: Iterable[CacheOptionsEntry] = (),
        Imports: Iterable[CacheOptionsEntry] = (),
    ) -> None:
        self.ExportRefDeprecated = ExportRefDeprecated
        self.ImportRefsDeprecated = list(ImportRefsDeprecated)
        self.ExportAttrsDeprecated = dict(ExportAttrsDeprecated) if ExportAttrsDeprecated else {}
        self.Exports = list(Exports)
        self.Imports = list(Imports)


class CacheOptionsEntry(Message):
    """moby.buildkit.v1.CacheOptionsEntry"""

    __slots__ = ("Attrs", "Type")
    _name = "moby.buildkit.v1.CacheOptionsEntry"
    _fields = (
        (1, "Type", "string"),
        (2, "Attrs", "map<string, string>"),
    )

    def __init__(self, *, Type: str = "", Attrs: Mapping[str, str] | None = None) -> None:
        self.Type = Type
        self.Attrs = dict(Attrs) if Attrs else {}


class SolveResponse(Message):
    """moby.buildkit.v1.SolveResponse"""

    __slots__ = ("ExporterResponse",)
    _name = "moby.buildkit.v1.SolveResponse"
    _fields = ((1, "ExporterResponse", "map<string, string>"),)

    def __init__(self, *, ExporterResponse: Mapping[str, str] | None = None) -> None:
        self.ExporterResponse = dict(ExporterResponse) if ExporterResponse else {}


class StatusRequest(Message):
    """moby.buildkit.v1.StatusRequest"""

    __slots__ = ("Ref",)
    _name = "moby.buildkit.v1.StatusRequest"
    _fields = ((1, "Ref", "string"),)

    def __init__(self, *, Ref: str = "") -> None:
        self.Ref = Ref


class StatusResponse(Message):
    """moby.buildkit.v1.StatusResponse"""

    __slots__ = ("logs", "statuses", "vertexes", "warnings")
    _name = "moby.buildkit.v1.StatusResponse"
    _fields = (
        (1, "vertexes", "repeated Vertex"),
        (2, "statuses", "repeated VertexStatus"),
        (3, "logs", "repeated VertexLog"),
        (4, "warnings", "repeated VertexWarning"),
    )

    def __init__(
        self,
        *,
        vertexes: Iterable[Vertex] = (),
        statuses: Iterable[VertexStatus] = (),
        logs: Iterable[VertexLog] = (),
        warnings: Iterable[VertexWarning] = (),
    ) -> None:
        self.vertexes = list(vertexes)
        self.statuses = list(statuses)
        self.logs = list(logs)
        self.warnings = list(warnings)


class Vertex(Message):
    """moby.buildkit.v1.Vertex"""

    __slots__ = ("cached", "completed", "digest", "error", "inputs", "name", "progressGroup", "started")
    _name = "moby.buildkit.v1.Vertex"
    _fields = (
        (1, "digest", "string"),
        (2, "inputs", "repeated string"),
        (3, "name", "string"),
        (4, "cached", "bool"),
        (5, "started", "timestamp.Timestamp"),
        (6, "completed", "timestamp.Timestamp"),
        (7, "error", "string"),
        (8, "progressGroup", "ops.ProgressGroup"),
    )

    def __init__(
        self,
        *,
        digest: str = "",
        inputs: Iterable[str] = (),
        name: str = "",
        cached: bool = False,
        started: timestamp.Timestamp | None = None,
        completed: timestamp.Timestamp | None = None,
        error: str = "",
        progressGroup: ops.ProgressGroup | None = None,
    ) -> None:
        self.digest = digest
        self.inputs = list(inputs)
        self.name = name
        self.cached = cached
        self.started = started
        self.completed = completed
        self.error = error
        self.progressGroup = progressGroup


class VertexStatus(Message):
    """moby.buildkit.v1.VertexStatus"""

    __slots__ = ("ID", "completed", "current", "name", "started", "timestamp", "total", "vertex")
    _name = "moby.buildkit.v1.VertexStatus"
    _fields = (
        (1, "ID", "string"),
        (2, "vertex", "string"),
        (3, "name", "string"),
        (4, "current", "int64"),
        (5, "total", "int64"),
        (6, "timestamp", "timestamp.Timestamp"),
        (7, "started", "timestamp.Timestamp"),
        (8, "completed", "timestamp.Timestamp"),
    )

    def __init__(
        self,
        *,
        ID: str = "",
        vertex: str = "",
        name: str = "",
        current: int = 0,
        total: int = 0,
        timestamp: timestamp.Timestamp | None = None,
        started: timestamp.Timestamp | None = None,
        completed: timestamp.Timestamp | None = None,
    ) -> None:
        self.ID = ID
        self.vertex = vertex
        self.name = name
        self.current = current
        self.total = total
        self.timestamp = timestamp
        self.started = started
        self.completed = completed


class VertexLog(Message):
    """moby.buildkit.v1.VertexLog"""

    __slots__ = ("msg", "stream", "timestamp", "vertex")
    _name = "moby.buildkit.v1.VertexLog"
    _fields = (
        (1, "vertex", "string"),
        (2, "timestamp", "timestamp.Timestamp"),
        (3, "stream", "int64"),
        (4, "msg", "bytes"),
    )

    def __init__(
        self,
        *,
        vertex: str = "",
        timestamp: timestamp.Timestamp | None = None,
        stream: int = 0,
        msg: bytes = b"",
    ) -> None:
        self.vertex = vertex
        self.timestamp = timestamp
        self.stream = stream
        self.msg = msg


class VertexWarning(Message):
    """moby.buildkit.v1.VertexWarning"""

    __slots__ = ("detail", "info", "level", "ranges", "short", "url", "vertex")
    _name = "moby.buildkit.v1.VertexWarning"
    _fields = (
        (1, "vertex", "string"),
        (2, "level", "int64"),
        (3, "short", "bytes"),
        (4, "detail", "repeated bytes"),
        (5, "url", "string"),
        (6, "info", "ops.SourceInfo"),
        (7, "ranges", "repeated ops.Range"),
    )

    def __init__(
        self,
        *,
        vertex: str = "",
        level: int = 0,
        short: bytes = b"",
        detail: Iterable[bytes] = (),
        url: str = "",
        info: ops.SourceInfo | None = None,
        ranges: Iterable[ops.Range] = (),
    ) -> None:
        self.vertex = vertex
        self.level = level
        self.short = short
        self.detail = list(detail)
        self.url = url
        self.info = info
        self.ranges = list(ranges)


class BytesMessage(Message):
    """moby.buildkit.v1.BytesMessage"""

    __slots__ = ("data",)
    _name = "moby.buildkit.v1.BytesMessage"
    _fields = ((1, "data", "bytes"),)

    def __init__(self, *, data: bytes = b"") -> None:
        self.data = data


class ListWorkersRequest(Message):
    """moby.buildkit.v1.ListWorkersRequest"""

    __slots__ = ("filter",)
    _name = "moby.buildkit.v1.ListWorkersRequest"
    _fields = ((1, "filter", "repeated string"),)

    def __init__(self, *, filter: Iterable[str] = ()) -> None:
        self.filter = list(filter)


class ListWorkersResponse(Message):
    """moby.buildkit.v1.ListWorkersResponse"""

    __slots__ = ("record",)
    _name = "moby.buildkit.v1.ListWorkersResponse"
    _fields = ((1, "record", "repeated worker.WorkerRecord"),)

    def __init__(self, *, record: Iterable[worker.WorkerRecord] = ()) -> None:
        self.record = list(record)


class InfoRequest(Message):
    """moby.buildkit.v1.InfoRequest"""

    __slots__ = ()
    _name = "moby.buildkit.v1.InfoRequest"


class InfoResponse(Message):
    """moby.buildkit.v1.InfoResponse"""

    __slots__ = ("buildkitVersion",)
    _name = "moby.buildkit.v1.InfoResponse"
    _fields = ((1, "buildkitVersion", "worker.BuildkitVersion"),)

    def __init__(self, *, buildkitVersion: worker.BuildkitVersion | None = None) -> None:
        self.buildkitVersion = buildkitVersion


class BuildHistoryRequest(Message):
    """moby.buildkit.v1.BuildHistoryRequest"""

    __slots__ = ("ActiveOnly", "EarlyExit", "Filter", "Limit", "Ref")
    _name = "moby.buildkit.v1.BuildHistoryRequest"
    _fields = (
        (1, "ActiveOnly", "bool"),
        (2, "Ref", "string"),
        (3, "EarlyExit", "bool"),
        (4, "Filter", "repeated string"),
        (5, "Limit", "int32"),
    )

    def __init__(
        self,
        *,
        ActiveOnly: bool = False,
        Ref: str = "",
        EarlyExit: bool = False,
        Filter: Iterable[str] = (),
        Limit: int = 0,
    ) -> None:
        self.ActiveOnly = ActiveOnly
        self.Ref = Ref
        self.EarlyExit = EarlyExit
        self.Filter = list(Filter)
        self.Limit = Limit


class BuildHistoryEvent(Message):
    """moby.buildkit.v1.BuildHistoryEvent"""

    __slots__ = ("record", "type")
    _name = "moby.buildkit.v1.BuildHistoryEvent"
    _fields = (
        (1, "type", "enum"),
        (2, "record", "BuildHistoryRecord"),
    )

    def __init__(self, *, type: int = 0, record: BuildHistoryRecord | None = None) -> None:
        self.type = type
        self.record = record


class BuildHistoryRecord(Message):
    """moby.buildkit.v1.BuildHistoryRecord"""

    __slots__ = (
        "CompletedAt",
        "CreatedAt",
        "ExporterResponse",
        "Exporters",
        "Frontend",
        "FrontendAttrs",
        "Generation",
        "Ref",
        "Result",
        "Results",
        "error",
        "externalError",
        "logs",
        "numCachedSteps",
        "numCompletedSteps",
        "numTotalSteps",
        "numWarnings",
        "pinned",
        "trace",
    )
    _name = "moby.buildkit.v1.BuildHistoryRecord"
    _fields = (
        (1, "Ref", "string"),
        (2, "Frontend", "string"),
        (3, "FrontendAttrs", "map<string, string>"),
        (4, "Exporters", "repeated Exporter"),
        (5, "error", "rpcstatus.Status"),
        (6, "CreatedAt", "timestamp.Timestamp"),
        (7, "CompletedAt", "timestamp.Timestamp"),
        (8, "logs", "Descriptor"),
        (9, "ExporterResponse", "map<string, string>"),
        (10, "Result", "BuildResultInfo"),
        (11, "Results", "map<string, BuildResultInfo>"),
        (12, "Generation", "int32"),
        (13, "trace", "Descriptor"),
        (14, "pinned", "bool"),
        (15, "numCachedSteps", "int32"),
        (16, "numTotalSteps", "int32"),
        (17, "numCompletedSteps", "int32"),
        (18, "externalError", "Descriptor"),
        (19, "numWarnings", "int32"),
    )

    def __init__(
        self,
        *,
        Ref: str = "",
        Frontend: str = "",
        FrontendAttrs: Mapping[str, str] | None = None,
        Exporters: Iterable[Exporter] = (),
        error: rpcstatus.Status | None = None,
        CreatedAt: timestamp.Timestamp | None = None,
        CompletedAt: timestamp.Timestamp | None = None,
        logs: Descriptor | None = None,
        ExporterResponse: Mapping[str, str] | None = None,
        Result: BuildResultInfo | None = None,
        Results: Mapping[str, BuildResultInfo] | None = None,
        Generation: int = 0,
        trace: Descriptor | None = None,
        pinned: bool = False,
        numCachedSteps: int = 0,
        numTotalSteps: int = 0,
        numCompletedSteps: int = 0,
        externalError: Descriptor | None = None,
        numWarnings: int = 0,
    ) -> None:
        self.Ref = Ref
        self.Frontend = Frontend
        self.FrontendAttrs = dict(FrontendAttrs) if FrontendAttrs else {}
        self.Exporters = list(Exporters)
        self.error = error
        self.CreatedAt = CreatedAt
        self.CompletedAt = CompletedAt
        self.logs = logs
        self.ExporterResponse = dict(ExporterResponse) if ExporterResponse else {}
        self.Result = Result
        self.Results = dict(Results) if Results else {}
        self.Generation = Generation
        self.trace = trace
        self.pinned = pinned
        self.numCachedSteps = numCachedSteps
        self.numTotalSteps = numTotalSteps
        self.numCompletedSteps = numCompletedSteps
        self.externalError = externalError
        self.numWarnings = numWarnings


class UpdateBuildHistoryRequest(Message):
    """moby.buildkit.v1.UpdateBuildHistoryRequest"""

    __slots__ = ("Delete", "Finalize", "Pinned", "Ref")
    _name = "moby.buildkit.v1.UpdateBuildHistoryRequest"
    _fields = (
        (1, "Ref", "string"),
        (2, "Pinned", "bool"),
        (3, "Delete", "bool"),
        (4, "Finalize", "bool"),
    )

    def __init__(
        self, *, Ref: str = "", Pinned: bool = False, Delete: bool = False, Finalize: bool = False
    ) -> None:
        self.Ref = Ref
        self.Pinned = Pinned
        self.Delete = Delete
        self.Finalize = Finalize


class UpdateBuildHistoryResponse(Message):
    """moby.buildkit.v1.UpdateBuildHistoryResponse"""

    __slots__ = ()
    _name = "moby.buildkit.v1.UpdateBuildHistoryResponse"


class Descriptor(Message):
    """moby.buildkit.v1.Descriptor"""

    __slots__ = ("annotations", "digest", "media_type", "size")
    _name = "moby.buildkit.v1.Descriptor"
    _fields = (
        (1, "media_type", "string"),
        (2, "digest", "string"),
        (3, "size", "int64"),
        (5, "annotations", "map<string, string>"),
    )

    def __init__(
        self,
        *,
        media_type: str = "",
        digest: str = "",
        size: int = 0,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        self.media_type = media_type
        self.digest = digest
        self.size = size
        self.annotations = dict(annotations) if annotations else {}


class BuildResultInfo(Message):
    """moby.buildkit.v1.BuildResultInfo"""

    __slots__ = ("Attestations", "ResultDeprecated", "Results")
    _name = "moby.buildkit.v1.BuildResultInfo"
    _fields = (
        (1, "ResultDeprecated", "Descriptor"),
        (2, "Attestations", "repeated Descriptor"),
        (3, "Results", "map<int64, Descriptor>"),
    )

    def __init__(
        self,
        *,
        ResultDeprecated: Descriptor | None = None,
        Attestations: Iterable[Descriptor] = (),
        Results: Mapping[int, Descriptor] | None = None,
    ) -> None:
        self.ResultDeprecated = ResultDeprecated
        self.Attestations = list(Attestations)
        self.Results = dict(Results) if Results else {}


class Exporter(Message):
    """moby.buildkit.v1.Exporter"""

    __slots__ = ("Attrs", "Type")
    _name = "moby.buildkit.v1.Exporter"
    _fields = (
        (1, "Type", "string"),
        (2, "Attrs", "map<string, string>"),
    )

    def __init__(self, *, Type: str = "", Attrs: Mapping[str, str] | None = None) -> None:
        self.Type = Type
        self.Attrs = dict(Attrs) if Attrs else {}
