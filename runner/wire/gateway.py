"""Generated from proto/gateway.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.wire import apicaps, fsutil, ops, rpcstatus, sourcepolicy, timestamp, worker

RESOLVE_IMAGE_CONFIG = "/moby.buildkit.v1.frontend.LLBBridge/ResolveImageConfig"
RESOLVE_SOURCE_META = "/moby.buildkit.v1.frontend.LLBBridge/ResolveSourceMeta"
SOLVE = "/moby.buildkit.v1.frontend.LLBBridge/Solve"
READ_FILE = "/moby.buildkit.v1.frontend.LLBBridge/ReadFile"
READ_DIR = "/moby.buildkit.v1.frontend.LLBBridge/ReadDir"
STAT_FILE = "/moby.buildkit.v1.frontend.LLBBridge/StatFile"
EVALUATE = "/moby.buildkit.v1.frontend.LLBBridge/Evaluate"
PING = "/moby.buildkit.v1.frontend.LLBBridge/Ping"
RETURN = "/moby.buildkit.v1.frontend.LLBBridge/Return"
INPUTS = "/moby.buildkit.v1.frontend.LLBBridge/Inputs"
NEW_CONTAINER = "/moby.buildkit.v1.frontend.LLBBridge/NewContainer"
RELEASE_CONTAINER = "/moby.buildkit.v1.frontend.LLBBridge/ReleaseContainer"
EXEC_PROCESS = "/moby.buildkit.v1.frontend.LLBBridge/ExecProcess"
READ_FILE_CONTAINER = "/moby.buildkit.v1.frontend.LLBBridge/ReadFileContainer"
READ_DIR_CONTAINER = "/moby.buildkit.v1.frontend.LLBBridge/ReadDirContainer"
STAT_FILE_CONTAINER = "/moby.buildkit.v1.frontend.LLBBridge/StatFileContainer"
WARN = "/moby.buildkit.v1.frontend.LLBBridge/Warn"


class AttestationKind:
    """Values of the enum; fields hold them as int."""

    InToto = 0
    Bundle = 1


class InTotoSubjectKind:
    """Values of the enum; fields hold them as int."""

    Self = 0
    Raw = 1


class Result(Message):
    """moby.buildkit.v1.frontend.Result"""

    __slots__ = ("attestations", "metadata", "ref", "refDeprecated", "refs", "refsDeprecated")
    _name = "moby.buildkit.v1.frontend.Result"
    _fields = (
        (1, "refDeprecated", "oneof result string"),
        (2, "refsDeprecated", "oneof result RefMapDeprecated"),
        (3, "ref", "oneof result Ref"),
        (4, "refs", "oneof result RefMap"),
        (10, "metadata", "map<string, bytes>"),
        (12, "attestations", "map<string, Attestations>"),
    )

    def __init__(
        self,
        *,
        refDeprecated: str | None = None,
        refsDeprecated: RefMapDeprecated | None = None,
        ref: Ref | None = None,
        refs: RefMap | None = None,
        metadata: Mapping[str, bytes] | None = None,
        attestations: Mapping[str, Attestations] | None = None,
    ) -> None:
        self.refDeprecated = refDeprecated
        self.refsDeprecated = refsDeprecated
        self.ref = ref
        self.refs = refs
        self.metadata = dict(metadata) if metadata else {}
        self.attestations = dict(attestations) if attestations else {}


class RefMapDeprecated(Message):
    """moby.buildkit.v1.frontend.RefMapDeprecated"""

    __slots__ = ("refs",)
    _name = "moby.buildkit.v1.frontend.RefMapDeprecated"
    _fields = ((1, "refs", "map<string, string>"),)

    def __init__(self, *, refs: Mapping[str, str] | None = None) -> None:
        self.refs = dict(refs) if refs else {}


class Ref(Message):
    """moby.buildkit.v1.frontend.Ref"""

    __slots__ = ("def_", "id")
    _name = "moby.buildkit.v1.frontend.Ref"
    _fields = (
        (1, "id", "string"),
        (2, "def_", "ops.Definition"),
    )

    def __init__(self, *, id: str = "", def_: ops.Definition | None = None) -> None:
        self.id = id
        self.def_ = def_


class RefMap(Message):
    """moby.buildkit.v1.frontend.RefMap"""

    __slots__ = ("refs",)
    _name = "moby.buildkit.v1.frontend.RefMap"
    _fields = ((1, "refs", "map<string, Ref>"),)

    def __init__(self, *, refs: Mapping[str, Ref] | None = None) -> None:
        self.refs = dict(refs) if refs else {}


class Attestations(Message):
    """moby.buildkit.v1.frontend.Attestations"""

    __slots__ = ("attestation",)
    _name = "moby.buildkit.v1.frontend.Attestations"
    _fields = ((1, "attestation", "repeated Attestation"),)

    def __init__(self, *, attestation: Iterable[Attestation] = ()) -> None:
        self.attestation = list(attestation)


class Attestation(Message):
    """moby.buildkit.v1.frontend.Attestation"""

    __slots__ = ("inTotoPredicateType", "inTotoSubjects", "kind", "metadata", "path", "ref")
    _name = "moby.buildkit.v1.frontend.Attestation"
    _fields = (
        (1, "kind", "enum"),
        (2, "metadata", "map<string, bytes>"),
        (3, "ref", "Ref"),
        (4, "path", "string"),
        (5, "inTotoPredicateType", "string"),
        (6, "inTotoSubjects", "repeated InTotoSubject"),
    )

    def __init__(
        self,
        *,
        kind: int = 0,
        metadata: Mapping[str, bytes] | None = None,
        ref: Ref | None = None,
        path: str = "",
        inTotoPredicateType: str = "",
        inTotoSubjects: Iterable[InTotoSubject] = (),
    ) -> None:
        self.kind = kind
        self.metadata = dict(metadata) if metadata else {}
        self.ref = ref
        self.path = path
        self.inTotoPredicateType = inTotoPredicateType
        self.inTotoSubjects = list(inTotoSubjects)


class InTotoSubject(Message):
    """moby.buildkit.v1.frontend.InTotoSubject"""

    __slots__ = ("digest", "kind", "name")
    _name = "moby.buildkit.v1.frontend.InTotoSubject"
    _fields = (
        (1, "kind", "enum"),
        (2, "digest", "repeated string"),
        (3, "name", "string"),
    )

    def __init__(self, *, kind: int = 0, digest: Iterable[str] = (), name: str = "") -> None:
        self.kind = kind
        self.digest = list(digest)
        self.name = name


class ReturnRequest(Message):
    """moby.buildkit.v1.frontend.ReturnRequest"""

    __slots__ = ("error", "result")
    _name = "moby.buildkit.v1.frontend.ReturnRequest"
    _fields = (
        (1, "result", "Result"),
        (2, "error", "rpcstatus.Status"),
    )

    def __init__(self, *, result: Result | None = None, error: rpcstatus.Status | None = None) -> None:
        self.result = result
        self.error = error


class ReturnResponse(Message):
    """moby.buildkit.v1.frontend.ReturnResponse"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.ReturnResponse"


class InputsRequest(Message):
    """moby.buildkit.v1.frontend.InputsRequest"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.InputsRequest"


class InputsResponse(Message):
    """moby.buildkit.v1.frontend.InputsResponse"""

    __slots__ = ("Definitions",)
    _name = "moby.buildkit.v1.frontend.InputsResponse"
    _fields = ((1, "Definitions", "map<string, ops.Definition>"),)

    def __init__(self, *, Definitions: Mapping[str, ops.Definition] | None = None) -> None:
        self.Definitions = dict(Definitions) if Definitions else {}


class ResolveImageConfigRequest(Message):
    """moby.buildkit.v1.frontend.ResolveImageConfigRequest"""

    __slots__ = (
        "LogName",
        "Platform",
        "Ref",
        "ResolveMode",
        "ResolverType",
        "SessionID",
        "SourcePolicies",
        "StoreID",
    )
    _name = "moby.buildkit.v1.frontend.ResolveImageConfigRequest"
    _fields = (
        (1, "Ref", "string"),
        (2, "Platform", "ops.Platform"),
        (3, "ResolveMode", "string"),
        (4, "LogName", "string"),
        (5, "ResolverType", "int32"),
        (6, "SessionID", "string"),
        (7, "StoreID", "string"),
        (8, "SourcePolicies", "repeated sourcepolicy.Policy"),
    )

    def __init__(
        self,
        *,
        Ref: str = "",
        Platform: ops.Platform | None = None,
        ResolveMode: str = "",
        LogName: str = "",
        ResolverType: int = 0,
        SessionID: str = "",
        StoreID: str = "",
        SourcePolicies: Iterable[sourcepolicy.Policy] = (),
    ) -> None:
        self.Ref = Ref
        self.Platform = Platform
        self.ResolveMode = ResolveMode
        self.LogName = LogName
        self.ResolverType = ResolverType
        self.SessionID = SessionID
        self.StoreID = StoreID
        self.SourcePolicies = list(SourcePolicies)


class ResolveImageConfigResponse(Message):
    """moby.buildkit.v1.frontend.ResolveImageConfigResponse"""

    __slots__ = ("Config", "Digest", "Ref")
    _name = "moby.buildkit.v1.frontend.ResolveImageConfigResponse"
    _fields = (
        (1, "Digest", "string"),
        (2, "Config", "bytes"),
        (3, "Ref", "string"),
    )

    def __init__(self, *, Digest: str = "", Config: bytes = b"", Ref: str = "") -> None:
        self.Digest = Digest
        self.Config = Config
        self.Ref = Ref


class ResolveSourceMetaRequest(Message):
    """moby.buildkit.v1.frontend.ResolveSourceMetaRequest"""

    __slots__ = ("Git", "HTTP", "Image", "LogName", "Platform", "ResolveMode", "Source", "SourcePolicies")
    _name = "moby.buildkit.v1.frontend.ResolveSourceMetaRequest"
    _fields = (
        (1, "Source", "ops.SourceOp"),
        (2, "Platform", "ops.Platform"),
        (3, "LogName", "string"),
        (4, "ResolveMode", "string"),
        (5, "Git", "ResolveSourceGitRequest"),
        (6, "Image", "ResolveSourceImageRequest"),
        (7, "HTTP", "ResolveSourceHTTPRequest"),
        (8, "SourcePolicies", "repeated sourcepolicy.Policy"),
    )

    def __init__(
        self,
        *,
        Source: ops.SourceOp | None = None,
        Platform: ops.Platform | None = None,
        LogName: str = "",
        ResolveMode: str = "",
        Git: ResolveSourceGitRequest | None = None,
        Image: ResolveSourceImageRequest | None = None,
        HTTP: ResolveSourceHTTPRequest | None = None,
        SourcePolicies: Iterable[sourcepolicy.Policy] = (),
    ) -> None:
        self.Source = Source
        self.Platform = Platform
        self.LogName = LogName
        self.ResolveMode = ResolveMode
        self.Git = Git
        self.Image = Image
        self.HTTP = HTTP
        self.SourcePolicies = list(SourcePolicies)


class ResolveSourceMetaResponse(Message):
    """moby.buildkit.v1.frontend.ResolveSourceMetaResponse"""

    __slots__ = ("Git", "HTTP", "Image", "Source")
    _name = "moby.buildkit.v1.frontend.ResolveSourceMetaResponse"
    _fields = (
        (1, "Source", "ops.SourceOp"),
        (2, "Image", "ResolveSourceImageResponse"),
        (3, "Git", "ResolveSourceGitResponse"),
        (4, "HTTP", "ResolveSourceHTTPResponse"),
    )

    def __init__(
        self,
        *,
        Source: ops.SourceOp | None = None,
        Image: ResolveSourceImageResponse | None = None,
        Git: ResolveSourceGitResponse | None = None,
        HTTP: ResolveSourceHTTPResponse | None = None,
    ) -> None:
        self.Source = Source
        self.Image = Image
        self.Git = Git
        self.HTTP = HTTP


class ResolveSourceImageRequest(Message):
    """moby.buildkit.v1.frontend.ResolveSourceImageRequest"""

    __slots__ = ("AttestationChain", "NoConfig", "ResolveAttestations")
    _name = "moby.buildkit.v1.frontend.ResolveSourceImageRequest"
    _fields = (
        (1, "NoConfig", "bool"),
        (2, "AttestationChain", "bool"),
        (3, "ResolveAttestations", "repeated string"),
    )

    def __init__(
        self,
        *,
        NoConfig: bool = False,
        AttestationChain: bool = False,
        ResolveAttestations: Iterable[str] = (),
    ) -> None:
        self.NoConfig = NoConfig
        self.AttestationChain = AttestationChain
        self.ResolveAttestations = list(ResolveAttestations)


class AttestationChain(Message):
    """moby.buildkit.v1.frontend.AttestationChain"""

    __slots__ = ("AttestationManifest", "Blobs", "ImageManifest", "Root", "SignatureManifests")
    _name = "moby.buildkit.v1.frontend.AttestationChain"
    _fields = (
        (1, "Root", "string"),
        (2, "ImageManifest", "string"),
        (3, "AttestationManifest", "string"),
        (4, "SignatureManifests", "repeated string"),
        (5, "Blobs", "map<string, Blob>"),
    )

    def __init__(
        self,
        *,
        Root: str = "",
        ImageManifest: str = "",
        AttestationManifest: str = "",
        SignatureManifests: Iterable[str] = (),
        Blobs: Mapping[str, Blob] | None = None,
    ) -> None:
        self.Root = Root
        self.ImageManifest = ImageManifest
        self.AttestationManifest = AttestationManifest
        self.SignatureManifests = list(SignatureManifests)
        self.Blobs = dict(Blobs) if Blobs else {}


class ResolveSourceImageResponse(Message):
    """moby.buildkit.v1.frontend.ResolveSourceImageResponse"""

    __slots__ = ("AttestationChain", "Config", "Digest")
    _name = "moby.buildkit.v1.frontend.ResolveSourceImageResponse"
    _fields = (
        (1, "Digest", "string"),
        (2, "Config", "bytes"),
        (3, "AttestationChain", "AttestationChain"),
    )

    def __init__(
        self, *, Digest: str = "", Config: bytes = b"", AttestationChain: AttestationChain | None = None
    ) -> None:
        self.Digest = Digest
        self.Config = Config
        self.AttestationChain = AttestationChain


class ResolveSourceGitRequest(Message):
    """moby.buildkit.v1.frontend.ResolveSourceGitRequest"""

    __slots__ = ("ReturnObject",)
    _name = "moby.buildkit.v1.frontend.ResolveSourceGitRequest"
    _fields = ((1, "ReturnObject", "bool"),)

    def __init__(self, *, ReturnObject: bool = False) -> None:
        self.ReturnObject = ReturnObject


class ResolveSourceGitResponse(Message):
    """moby.buildkit.v1.frontend.ResolveSourceGitResponse"""

    __slots__ = ("Checksum", "CommitChecksum", "CommitObject", "Ref", "TagObject")
    _name = "moby.buildkit.v1.frontend.ResolveSourceGitResponse"
    _fields = (
        (1, "Checksum", "string"),
        (2, "Ref", "string"),
        (3, "CommitChecksum", "string"),
        (4, "CommitObject", "bytes"),
        (5, "TagObject", "bytes"),
    )

    def __init__(
        self,
        *,
        Checksum: str = "",
        Ref: str = "",
        CommitChecksum: str = "",
        CommitObject: bytes = b"",
        TagObject: bytes = b"",
    ) -> None:
        self.Checksum = Checksum
        self.Ref = Ref
        self.CommitChecksum = CommitChecksum
        self.CommitObject = CommitObject
        self.TagObject = TagObject


class ResolveSourceHTTPResponse(Message):
    """moby.buildkit.v1.frontend.ResolveSourceHTTPResponse"""

    __slots__ = ("Checksum", "ChecksumResponse", "Filename", "LastModified")
    _name = "moby.buildkit.v1.frontend.ResolveSourceHTTPResponse"
    _fields = (
        (1, "Checksum", "string"),
        (2, "Filename", "string"),
        (3, "LastModified", "timestamp.Timestamp"),
        (4, "ChecksumResponse", "ChecksumResponse"),
    )

    def __init__(
        self,
        *,
        Checksum: str = "",
        Filename: str = "",
        LastModified: timestamp.Timestamp | None = None,
        ChecksumResponse: ChecksumResponse | None = None,
    ) -> None:
        self.Checksum = Checksum
        self.Filename = Filename
        self.LastModified = LastModified
        self.ChecksumResponse = ChecksumResponse


class ResolveSourceHTTPRequest(Message):
    """moby.buildkit.v1.frontend.ResolveSourceHTTPRequest"""

    __slots__ = ("ChecksumRequest",)
    _name = "moby.buildkit.v1.frontend.ResolveSourceHTTPRequest"
    _fields = ((1, "ChecksumRequest", "ChecksumRequest"),)

    def __init__(self, *, ChecksumRequest: ChecksumRequest | None = None) -> None:
        self.ChecksumRequest = ChecksumRequest


class ChecksumRequest(Message):
    """moby.buildkit.v1.frontend.ChecksumRequest"""

    class ChecksumAlgo:
        """Values of the enum; fields hold them as int."""

        CHECKSUM_ALGO_SHA256 = 0
        CHECKSUM_ALGO_SHA384 = 1
        CHECKSUM_ALGO_SHA512 = 2

    __slots__ = ("Algo", "Suffix")
    _name = "moby.buildkit.v1.frontend.ChecksumRequest"
    _fields = (
        (1, "Algo", "enum"),
        (2, "Suffix", "bytes"),
    )

    def __init__(self, *, Algo: int = 0, Suffix: bytes = b"") -> None:
        self.Algo = Algo
        self.Suffix = Suffix


class ChecksumResponse(Message):
    """moby.buildkit.v1.frontend.ChecksumResponse"""

    __slots__ = ("Digest", "Suffix")
    _name = "moby.buildkit.v1.frontend.ChecksumResponse"
    _fields = (
        (1, "Digest", "string"),
        (2, "Suffix", "bytes"),
    )

    def __init__(self, *, Digest: str = "", Suffix: bytes = b"") -> None:
        self.Digest = Digest
        self.Suffix = Suffix


class SolveRequest(Message):
    """moby.buildkit.v1.frontend.SolveRequest"""

    __slots__ = (
        "CacheImports",
        "Definition",
        "Evaluate",
        "ExporterAttr",
        "Final",
        "Frontend",
        "FrontendInputs",
        "FrontendOpt",
        "SourcePolicies",
        "allowResultArrayRef",
        "allowResultReturn",
    )
    _name = "moby.buildkit.v1.frontend.SolveRequest"
    _fields = (
        (1, "Definition", "ops.Definition"),
        (2, "Frontend", "string"),
        (3, "FrontendOpt", "map<string, string>"),
        (5, "allowResultReturn", "bool"),
        (6, "allowResultArrayRef", "bool"),
        (10, "Final", "bool"),
        (11, "ExporterAttr", "bytes"),
        (12, "CacheImports", "repeated CacheOptionsEntry"),
        (13, "FrontendInputs", "map<string, ops.Definition>"),
        (14, "Evaluate", "bool"),
        (15, "SourcePolicies", "repeated sourcepolicy.Policy"),
    )

    def __init__(
        self,
        *,
        Definition: ops.Definition | None = None,
        Frontend: str = "",
        FrontendOpt: Mapping[str, str] | None = None,
        allowResultReturn: bool = False,
        allowResultArrayRef: bool = False,
        Final: bool = False,
        ExporterAttr: bytes = b"",
        CacheImports: Iterable[CacheOptionsEntry] = (),
        FrontendInputs: Mapping[str, ops.Definition] | None = None,
        Evaluate: bool = False,
        SourcePolicies: Iterable[sourcepolicy.Policy] = (),
    ) -> None:
        self.Definition = Definition
        self.Frontend = Frontend
        self.FrontendOpt = dict(FrontendOpt) if FrontendOpt else {}
        self.allowResultReturn = allowResultReturn
        self.allowResultArrayRef = allowResultArrayRef
        self.Final = Final
        self.ExporterAttr = ExporterAttr
        self.CacheImports = list(CacheImports)
        self.FrontendInputs = dict(FrontendInputs) if FrontendInputs else {}
        self.Evaluate = Evaluate
        self.SourcePolicies = list(SourcePolicies)


class CacheOptionsEntry(Message):
    """moby.buildkit.v1.frontend.CacheOptionsEntry"""

    __slots__ = ("Attrs", "Type")
    _name = "moby.buildkit.v1.frontend.CacheOptionsEntry"
    _fields = (
        (1, "Type", "string"),
        (2, "Attrs", "map<string, string>"),
    )

    def __init__(self, *, Type: str = "", Attrs: Mapping[str, str] | None = None) -> None:
        self.Type = Type
        self.Attrs = dict(Attrs) if Attrs else {}


class SolveResponse(Message):
    """moby.buildkit.v1.frontend.SolveResponse"""

    __slots__ = ("ref", "result")
    _name = "moby.buildkit.v1.frontend.SolveResponse"
    _fields = (
        (1, "ref", "string"),
        (3, "result", "Result"),
    )

    def __init__(self, *, ref: str = "", result: Result | None = None) -> None:
        self.ref = ref
        self.result = result


class ReadFileRequest(Message):
    """moby.buildkit.v1.frontend.ReadFileRequest"""

    __slots__ = ("FilePath", "MountIndex", "Range", "Ref")
    _name = "moby.buildkit.v1.frontend.ReadFileRequest"
    _fields = (
        (1, "Ref", "string"),
        (2, "FilePath", "string"),
        (3, "Range", "FileRange"),
        (4, "MountIndex", "int32"),
    )

    def __init__(
        self, *, Ref: str = "", FilePath: str = "", Range: FileRange | None = None, MountIndex: int = 0
    ) -> None:
        self.Ref = Ref
        self.FilePath = FilePath
        self.Range = Range
        self.MountIndex = MountIndex


class FileRange(Message):
    """moby.buildkit.v1.frontend.FileRange"""

    __slots__ = ("Length", "Offset")
    _name = "moby.buildkit.v1.frontend.FileRange"
    _fields = (
        (1, "Offset", "int64"),
        (2, "Length", "int64"),
    )

    def __init__(self, *, Offset: int = 0, Length: int = 0) -> None:
        self.Offset = Offset
        self.Length = Length


class ReadFileResponse(Message):
    """moby.buildkit.v1.frontend.ReadFileResponse"""

    __slots__ = ("Data",)
    _name = "moby.buildkit.v1.frontend.ReadFileResponse"
    _fields = ((1, "Data", "bytes"),)

    def __init__(self, *, Data: bytes = b"") -> None:
        self.Data = Data


class ReadDirRequest(Message):
    """moby.buildkit.v1.frontend.ReadDirRequest"""

    __slots__ = ("DirPath", "IncludePattern", "MountIndex", "Ref")
    _name = "moby.buildkit.v1.frontend.ReadDirRequest"
    _fields = (
        (1, "Ref", "string"),
        (2, "DirPath", "string"),
        (3, "IncludePattern", "string"),
        (4, "MountIndex", "int32"),
    )

    def __init__(
        self, *, Ref: str = "", DirPath: str = "", IncludePattern: str = "", MountIndex: int = 0
    ) -> None:
        self.Ref = Ref
        self.DirPath = DirPath
        self.IncludePattern = IncludePattern
        self.MountIndex = MountIndex


class ReadDirResponse(Message):
    """moby.buildkit.v1.frontend.ReadDirResponse"""

    __slots__ = ("entries",)
    _name = "moby.buildkit.v1.frontend.ReadDirResponse"
    _fields = ((1, "entries", "repeated fsutil.Stat"),)

    def __init__(self, *, entries: Iterable[fsutil.Stat] = ()) -> None:
        self.entries = list(entries)


class StatFileRequest(Message):
    """moby.buildkit.v1.frontend.StatFileRequest"""

    __slots__ = ("MountIndex", "Path", "Ref")
    _name = "moby.buildkit.v1.frontend.StatFileRequest"
    _fields = (
        (1, "Ref", "string"),
        (2, "Path", "string"),
        (3, "MountIndex", "int32"),
    )

    def __init__(self, *, Ref: str = "", Path: str = "", MountIndex: int = 0) -> None:
        self.Ref = Ref
        self.Path = Path
        self.MountIndex = MountIndex


class StatFileResponse(Message):
    """moby.buildkit.v1.frontend.StatFileResponse"""

    __slots__ = ("stat",)
    _name = "moby.buildkit.v1.frontend.StatFileResponse"
    _fields = ((1, "stat", "fsutil.Stat"),)

    def __init__(self, *, stat: fsutil.Stat | None = None) -> None:
        self.stat = stat


class EvaluateRequest(Message):
    """moby.buildkit.v1.frontend.EvaluateRequest"""

    __slots__ = ("Ref",)
    _name = "moby.buildkit.v1.frontend.EvaluateRequest"
    _fields = ((1, "Ref", "string"),)

    def __init__(self, *, Ref: str = "") -> None:
        self.Ref = Ref


class EvaluateResponse(Message):
    """moby.buildkit.v1.frontend.EvaluateResponse"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.EvaluateResponse"


class PingRequest(Message):
    """moby.buildkit.v1.frontend.PingRequest"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.PingRequest"


class PongResponse(Message):
    """moby.buildkit.v1.frontend.PongResponse"""

    __slots__ = ("FrontendAPICaps", "LLBCaps", "Workers")
    _name = "moby.buildkit.v1.frontend.PongResponse"
    _fields = (
        (1, "FrontendAPICaps", "repeated apicaps.APICap"),
        (2, "LLBCaps", "repeated apicaps.APICap"),
        (3, "Workers", "repeated worker.WorkerRecord"),
    )

    def __init__(
        self,
        *,
        FrontendAPICaps: Iterable[apicaps.APICap] = (),
        LLBCaps: Iterable[apicaps.APICap] = (),
        Workers: Iterable[worker.WorkerRecord] = (),
    ) -> None:
        self.FrontendAPICaps = list(FrontendAPICaps)
        self.LLBCaps = list(LLBCaps)
        self.Workers = list(Workers)


class WarnRequest(Message):
    """moby.buildkit.v1.frontend.WarnRequest"""

    __slots__ = ("detail", "digest", "info", "level", "ranges", "short", "url")
    _name = "moby.buildkit.v1.frontend.WarnRequest"
    _fields = (
        (1, "digest", "string"),
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
        digest: str = "",
        level: int = 0,
        short: bytes = b"",
        detail: Iterable[bytes] = (),
        url: str = "",
        info: ops.SourceInfo | None = None,
        ranges: Iterable[ops.Range] = (),
    ) -> None:
        self.digest = digest
        self.level = level
        self.short = short
        self.detail = list(detail)
        self.url = url
        self.info = info
        self.ranges = list(ranges)


class WarnResponse(Message):
    """moby.buildkit.v1.frontend.WarnResponse"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.WarnResponse"


class NewContainerRequest(Message):
    """moby.buildkit.v1.frontend.NewContainerRequest"""

    __slots__ = ("ContainerID", "Mounts", "Network", "constraints", "extraHosts", "hostname", "platform")
    _name = "moby.buildkit.v1.frontend.NewContainerRequest"
    _fields = (
        (1, "ContainerID", "string"),
        (2, "Mounts", "repeated ops.Mount"),
        (3, "Network", "enum"),
        (4, "platform", "ops.Platform"),
        (5, "constraints", "ops.WorkerConstraints"),
        (6, "extraHosts", "repeated ops.HostIP"),
        (7, "hostname", "string"),
    )

    def __init__(
        self,
        *,
        ContainerID: str = "",
        Mounts: Iterable[ops.Mount] = (),
        Network: int = 0,
        platform: ops.Platform | None = None,
        constraints: ops.WorkerConstraints | None = None,
        extraHosts: Iterable[ops.HostIP] = (),
        hostname: str = "",
    ) -> None:
        self.ContainerID = ContainerID
        self.Mounts = list(Mounts)
        self.Network = Network
        self.platform = platform
        self.constraints = constraints
        self.extraHosts = list(extraHosts)
        self.hostname = hostname


class NewContainerResponse(Message):
    """moby.buildkit.v1.frontend.NewContainerResponse"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.NewContainerResponse"


class ReleaseContainerRequest(Message):
    """moby.buildkit.v1.frontend.ReleaseContainerRequest"""

    __slots__ = ("ContainerID",)
    _name = "moby.buildkit.v1.frontend.ReleaseContainerRequest"
    _fields = ((1, "ContainerID", "string"),)

    def __init__(self, *, ContainerID: str = "") -> None:
        self.ContainerID = ContainerID


class ReleaseContainerResponse(Message):
    """moby.buildkit.v1.frontend.ReleaseContainerResponse"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.ReleaseContainerResponse"


class ExecMessage(Message):
    """moby.buildkit.v1.frontend.ExecMessage"""

    __slots__ = ("Done", "Exit", "File", "Init", "ProcessID", "Resize", "Signal", "Started")
    _name = "moby.buildkit.v1.frontend.ExecMessage"
    _fields = (
        (1, "ProcessID", "string"),
        (2, "Init", "oneof Input InitMessage"),
        (3, "File", "oneof Input FdMessage"),
        (4, "Resize", "oneof Input ResizeMessage"),
        (5, "Started", "oneof Input StartedMessage"),
        (6, "Exit", "oneof Input ExitMessage"),
        (7, "Done", "oneof Input DoneMessage"),
        (8, "Signal", "oneof Input SignalMessage"),
    )

    def __init__(
        self,
        *,
        ProcessID: str = "",
        Init: InitMessage | None = None,
        File: FdMessage | None = None,
        Resize: ResizeMessage | None = None,
        Started: StartedMessage | None = None,
        Exit: ExitMessage | None = None,
        Done: DoneMessage | None = None,
        Signal: SignalMessage | None = None,
    ) -> None:
        self.ProcessID = ProcessID
        self.Init = Init
        self.File = File
        self.Resize = Resize
        self.Started = Started
        self.Exit = Exit
        self.Done = Done
        self.Signal = Signal


class InitMessage(Message):
    """moby.buildkit.v1.frontend.InitMessage"""

    __slots__ = ("ContainerID", "Fds", "Meta", "Security", "Tty", "secretenv")
    _name = "moby.buildkit.v1.frontend.InitMessage"
    _fields = (
        (1, "ContainerID", "string"),
        (2, "Meta", "ops.Meta"),
        (3, "Fds", "repeated uint32"),
        (4, "Tty", "bool"),
        (5, "Security", "enum"),
        (6, "secretenv", "repeated ops.SecretEnv"),
    )

    def __init__(
        self,
        *,
        ContainerID: str = "",
        Meta: ops.Meta | None = None,
        Fds: Iterable[int] = (),
        Tty: bool = False,
        Security: int = 0,
        secretenv: Iterable[ops.SecretEnv] = (),
    ) -> None:
        self.ContainerID = ContainerID
        self.Meta = Meta
        self.Fds = list(Fds)
        self.Tty = Tty
        self.Security = Security
        self.secretenv = list(secretenv)


class ExitMessage(Message):
    """moby.buildkit.v1.frontend.ExitMessage"""

    __slots__ = ("Code", "Error")
    _name = "moby.buildkit.v1.frontend.ExitMessage"
    _fields = (
        (1, "Code", "uint32"),
        (2, "Error", "rpcstatus.Status"),
    )

    def __init__(self, *, Code: int = 0, Error: rpcstatus.Status | None = None) -> None:
        self.Code = Code
        self.Error = Error


class StartedMessage(Message):
    """moby.buildkit.v1.frontend.StartedMessage"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.StartedMessage"


class DoneMessage(Message):
    """moby.buildkit.v1.frontend.DoneMessage"""

    __slots__ = ()
    _name = "moby.buildkit.v1.frontend.DoneMessage"


class FdMessage(Message):
    """moby.buildkit.v1.frontend.FdMessage"""

    __slots__ = ("Data", "EOF", "Fd")
    _name = "moby.buildkit.v1.frontend.FdMessage"
    _fields = (
        (1, "Fd", "uint32"),
        (2, "EOF", "bool"),
        (3, "Data", "bytes"),
    )

    def __init__(self, *, Fd: int = 0, EOF: bool = False, Data: bytes = b"") -> None:
        self.Fd = Fd
        self.EOF = EOF
        self.Data = Data


class ResizeMessage(Message):
    """moby.buildkit.v1.frontend.ResizeMessage"""

    __slots__ = ("Cols", "Rows")
    _name = "moby.buildkit.v1.frontend.ResizeMessage"
    _fields = (
        (1, "Rows", "uint32"),
        (2, "Cols", "uint32"),
    )

    def __init__(self, *, Rows: int = 0, Cols: int = 0) -> None:
        self.Rows = Rows
        self.Cols = Cols


class SignalMessage(Message):
    """moby.buildkit.v1.frontend.SignalMessage"""

    __slots__ = ("Name",)
    _name = "moby.buildkit.v1.frontend.SignalMessage"
    _fields = ((1, "Name", "string"),)

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name


class Blob(Message):
    """moby.buildkit.v1.frontend.Blob"""

    __slots__ = ("data", "descriptor")
    _name = "moby.buildkit.v1.frontend.Blob"
    _fields = (
        (1, "descriptor", "Descriptor"),
        (2, "data", "bytes"),
    )

    def __init__(self, *, descriptor: Descriptor | None = None, data: bytes = b"") -> None:
        self.descriptor = descriptor
        self.data = data


class Descriptor(Message):
    """moby.buildkit.v1.frontend.Descriptor"""

    __slots__ = ("annotations", "digest", "media_type", "size")
    _name = "moby.buildkit.v1.frontend.Descriptor"
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
