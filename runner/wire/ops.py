"""Generated from proto/ops.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class NetMode:
    """Values of the enum; fields hold them as int."""

    UNSET = 0
    HOST = 1
    NONE = 2


class SecurityMode:
    """Values of the enum; fields hold them as int."""

    SANDBOX = 0
    INSECURE = 1


class MountType:
    """Values of the enum; fields hold them as int."""

    BIND = 0
    SECRET = 1
    SSH = 2
    CACHE = 3
    TMPFS = 4


class MountContentCache:
    """Values of the enum; fields hold them as int."""

    DEFAULT = 0
    ON = 1
    OFF = 2


class CacheSharingOpt:
    """Values of the enum; fields hold them as int."""

    SHARED = 0
    PRIVATE = 1
    LOCKED = 2


class Op(Message):
    """pb.Op"""

    __slots__ = (
        "build",
        "constraints",
        "diff",
        "exec",
        "file",
        "inputs",
        "merge",
        "passthrough",
        "platform",
        "source",
    )
    _name = "pb.Op"
    _fields = (
        (1, "inputs", "repeated Input"),
        (2, "exec", "oneof op ExecOp"),
        (3, "source", "oneof op SourceOp"),
        (4, "file", "oneof op FileOp"),
        (5, "build", "oneof op BuildOp"),
        (6, "merge", "oneof op MergeOp"),
        (7, "diff", "oneof op DiffOp"),
        (8, "passthrough", "oneof op PassthroughOp"),
        (10, "platform", "Platform"),
        (11, "constraints", "WorkerConstraints"),
    )

    def __init__(
        self,
        *,
        inputs: Iterable[Input] = (),
        exec: ExecOp | None = None,
        source: SourceOp | None = None,
        file: FileOp | None = None,
        build: BuildOp | None = None,
        merge: MergeOp | None = None,
        diff: DiffOp | None = None,
        passthrough: PassthroughOp | None = None,
        platform: Platform | None = None,
        constraints: WorkerConstraints | None = None,
    ) -> None:
        self.inputs = list(inputs)
        self.exec = exec
        self.source = source
        self.file = file
        self.build = build
        self.merge = merge
        self.diff = diff
        self.passthrough = passthrough
        self.platform = platform
        self.constraints = constraints


class Platform(Message):
    """pb.Platform"""

    __slots__ = ("Architecture", "OS", "OSFeatures", "OSVersion", "Variant")
    _name = "pb.Platform"
    _fields = (
        (1, "Architecture", "string"),
        (2, "OS", "string"),
        (3, "Variant", "string"),
        (4, "OSVersion", "string"),
        (5, "OSFeatures", "repeated string"),
    )

    def __init__(
        self,
        *,
        Architecture: str = "",
        OS: str = "",
        Variant: str = "",
        OSVersion: str = "",
        OSFeatures: Iterable[str] = (),
    ) -> None:
        self.Architecture = Architecture
        self.OS = OS
        self.Variant = Variant
        self.OSVersion = OSVersion
        self.OSFeatures = list(OSFeatures)


class Input(Message):
    """pb.Input"""

    __slots__ = ("digest", "index")
    _name = "pb.Input"
    _fields = (
        (1, "digest", "string"),
        (2, "index", "int64"),
    )

    def __init__(self, *, digest: str = "", index: int = 0) -> None:
        self.digest = digest
        self.index = index


class ExecOp(Message):
    """pb.ExecOp"""

    __slots__ = ("cdiDevices", "meta", "mounts", "network", "secretenv", "security")
    _name = "pb.ExecOp"
    _fields = (
        (1, "meta", "Meta"),
        (2, "mounts", "repeated Mount"),
        (3, "network", "enum"),
        (4, "security", "enum"),
        (5, "secretenv", "repeated SecretEnv"),
        (6, "cdiDevices", "repeated CDIDevice"),
    )

    def __init__(
        self,
        *,
        meta: Meta | None = None,
        mounts: Iterable[Mount] = (),
        network: int = 0,
        security: int = 0,
        secretenv: Iterable[SecretEnv] = (),
        cdiDevices: Iterable[CDIDevice] = (),
    ) -> None:
        self.meta = meta
        self.mounts = list(mounts)
        self.network = network
        self.security = security
        self.secretenv = list(secretenv)
        self.cdiDevices = list(cdiDevices)


class Meta(Message):
    """pb.Meta"""

    __slots__ = (
        "args",
        "cgroupParent",
        "cwd",
        "env",
        "extraHosts",
        "hostname",
        "proxy_env",
        "removeMountStubsRecursive",
        "ulimit",
        "user",
        "validExitCodes",
    )
    _name = "pb.Meta"
    _fields = (
        (1, "args", "repeated string"),
        (2, "env", "repeated string"),
        (3, "cwd", "string"),
        (4, "user", "string"),
        (5, "proxy_env", "ProxyEnv"),
        (6, "extraHosts", "repeated HostIP"),
        (7, "hostname", "string"),
        (9, "ulimit", "repeated Ulimit"),
        (10, "cgroupParent", "string"),
        (11, "removeMountStubsRecursive", "bool"),
        (12, "validExitCodes", "repeated int32"),
    )

    def __init__(
        self,
        *,
        args: Iterable[str] = (),
        env: Iterable[str] = (),
        cwd: str = "",
        user: str = "",
        proxy_env: ProxyEnv | None = None,
        extraHosts: Iterable[HostIP] = (),
        hostname: str = "",
        ulimit: Iterable[Ulimit] = (),
        cgroupParent: str = "",
        removeMountStubsRecursive: bool = False,
        validExitCodes: Iterable[int] = (),
    ) -> None:
        self.args = list(args)
        self.env = list(env)
        self.cwd = cwd
        self.user = user
        self.proxy_env = proxy_env
        self.extraHosts = list(extraHosts)
        self.hostname = hostname
        self.ulimit = list(ulimit)
        self.cgroupParent = cgroupParent
        self.removeMountStubsRecursive = removeMountStubsRecursive
        self.validExitCodes = list(validExitCodes)


class HostIP(Message):
    """pb.HostIP"""

    __slots__ = ("Host", "IP")
    _name = "pb.HostIP"
    _fields = (
        (1, "Host", "string"),
        (2, "IP", "string"),
    )

    def __init__(self, *, Host: str = "", IP: str = "") -> None:
        self.Host = Host
        self.IP = IP


class Ulimit(Message):
    """pb.Ulimit"""

    __slots__ = ("Hard", "Name", "Soft")
    _name = "pb.Ulimit"
    _fields = (
        (1, "Name", "string"),
        (2, "Soft", "int64"),
        (3, "Hard", "int64"),
    )

    def __init__(self, *, Name: str = "", Soft: int = 0, Hard: int = 0) -> None:
        self.Name = Name
        self.Soft = Soft
        self.Hard = Hard


class SecretEnv(Message):
    """pb.SecretEnv"""

    __slots__ = ("ID", "name", "optional")
    _name = "pb.SecretEnv"
    _fields = (
        (1, "ID", "string"),
        (2, "name", "string"),
        (3, "optional", "bool"),
    )

    def __init__(self, *, ID: str = "", name: str = "", optional: bool = False) -> None:
        self.ID = ID
        self.name = name
        self.optional = optional


class CDIDevice(Message):
    """pb.CDIDevice"""

    __slots__ = ("name", "optional")
    _name = "pb.CDIDevice"
    _fields = (
        (1, "name", "string"),
        (2, "optional", "bool"),
    )

    def __init__(self, *, name: str = "", optional: bool = False) -> None:
        self.name = name
        self.optional = optional


class Mount(Message):
    """pb.Mount"""

    __slots__ = (
        "SSHOpt",
        "TmpfsOpt",
        "cacheOpt",
        "contentCache",
        "dest",
        "input",
        "mountType",
        "output",
        "readonly",
        "resultID",
        "secretOpt",
        "selector",
    )
    _name = "pb.Mount"
    _fields = (
        (1, "input", "int64"),
        (2, "selector", "string"),
        (3, "dest", "string"),
        (4, "output", "int64"),
        (5, "readonly", "bool"),
        (6, "mountType", "enum"),
        (19, "TmpfsOpt", "TmpfsOpt"),
        (20, "cacheOpt", "CacheOpt"),
        (21, "secretOpt", "SecretOpt"),
        (22, "SSHOpt", "SSHOpt"),
        (23, "resultID", "string"),
        (24, "contentCache", "enum"),
    )

    def __init__(
        self,
        *,
        input: int = 0,
        selector: str = "",
        dest: str = "",
        output: int = 0,
        readonly: bool = False,
        mountType: int = 0,
        TmpfsOpt: TmpfsOpt | None = None,
        cacheOpt: CacheOpt | None = None,
        secretOpt: SecretOpt | None = None,
        SSHOpt: SSHOpt | None = None,
        resultID: str = "",
        contentCache: int = 0,
    ) -> None:
        self.input = input
        self.selector = selector
        self.dest = dest
        self.output = output
        self.readonly = readonly
        self.mountType = mountType
        self.TmpfsOpt = TmpfsOpt
        self.cacheOpt = cacheOpt
        self.secretOpt = secretOpt
        self.SSHOpt = SSHOpt
        self.resultID = resultID
        self.contentCache = contentCache


class TmpfsOpt(Message):
    """pb.TmpfsOpt"""

    __slots__ = ("size",)
    _name = "pb.TmpfsOpt"
    _fields = ((1, "size", "int64"),)

    def __init__(self, *, size: int = 0) -> None:
        self.size = size


class CacheOpt(Message):
    """pb.CacheOpt"""

    __slots__ = ("ID", "sharing")
    _name = "pb.CacheOpt"
    _fields = (
        (1, "ID", "string"),
        (2, "sharing", "enum"),
    )

    def __init__(self, *, ID: str = "", sharing: int = 0) -> None:
        self.ID = ID
        self.sharing = sharing


class SecretOpt(Message):
    """pb.SecretOpt"""

    __slots__ = ("ID", "gid", "mode", "optional", "uid")
    _name = "pb.SecretOpt"
    _fields = (
        (1, "ID", "string"),
        (2, "uid", "uint32"),
        (3, "gid", "uint32"),
        (4, "mode", "uint32"),
        (5, "optional", "bool"),
    )

    def __init__(
        self, *, ID: str = "", uid: int = 0, gid: int = 0, mode: int = 0, optional: bool = False
    ) -> None:
        self.ID = ID
        self.uid = uid
        self.gid = gid
        self.mode = mode
        self.optional = optional


class SSHOpt(Message):
    """pb.SSHOpt"""

    __slots__ = ("ID", "gid", "mode", "optional", "uid")
    _name = "pb.SSHOpt"
    _fields = (
        (1, "ID", "string"),
        (2, "uid", "uint32"),
        (3, "gid", "uint32"),
        (4, "mode", "uint32"),
        (5, "optional", "bool"),
    )

    def __init__(
        self, *, ID: str = "", uid: int = 0, gid: int = 0, mode: int = 0, optional: bool = False
    ) -> None:
        self.ID = ID
        self.uid = uid
        self.gid = gid
        self.mode = mode
        self.optional = optional


class SourceOp(Message):
    """pb.SourceOp"""

    __slots__ = ("attrs", "identifier")
    _name = "pb.SourceOp"
    _fields = (
        (1, "identifier", "string"),
        (2, "attrs", "map<string, string>"),
    )

    def __init__(self, *, identifier: str = "", attrs: Mapping[str, str] | None = None) -> None:
        self.identifier = identifier
        self.attrs = dict(attrs) if attrs else {}


class BuildOp(Message):
    """pb.BuildOp"""

    __slots__ = ("attrs", "builder", "def_", "inputs")
    _name = "pb.BuildOp"
    _fields = (
        (1, "builder", "int64"),
        (2, "inputs", "map<string, BuildInput>"),
        (3, "def_", "Definition"),
        (4, "attrs", "map<string, string>"),
    )

    def __init__(
        self,
        *,
        builder: int = 0,
        inputs: Mapping[str, BuildInput] | None = None,
        def_: Definition | None = None,
        attrs: Mapping[str, str] | None = None,
    ) -> None:
        self.builder = builder
        self.inputs = dict(inputs) if inputs else {}
        self.def_ = def_
        self.attrs = dict(attrs) if attrs else {}


class BuildInput(Message):
    """pb.BuildInput"""

    __slots__ = ("input",)
    _name = "pb.BuildInput"
    _fields = ((1, "input", "int64"),)

    def __init__(self, *, input: int = 0) -> None:
        self.input = input


class OpMetadata(Message):
    """pb.OpMetadata"""

    __slots__ = ("caps", "description", "export_cache", "ignore_cache", "linux_resources", "progress_group")
    _name = "pb.OpMetadata"
    _fields = (
        (1, "ignore_cache", "bool"),
        (2, "description", "map<string, string>"),
        (4, "export_cache", "ExportCache"),
        (5, "caps", "map<string, bool>"),
        (6, "progress_group", "ProgressGroup"),
        (7, "linux_resources", "LinuxResources"),
    )

    def __init__(
        self,
        *,
        ignore_cache: bool = False,
        description: Mapping[str, str] | None = None,
        export_cache: ExportCache | None = None,
        caps: Mapping[str, bool] | None = None,
        progress_group: ProgressGroup | None = None,
        linux_resources: LinuxResources | None = None,
    ) -> None:
        self.ignore_cache = ignore_cache
        self.description = dict(description) if description else {}
        self.export_cache = export_cache
        self.caps = dict(caps) if caps else {}
        self.progress_group = progress_group
        self.linux_resources = linux_resources


class Source(Message):
    """pb.Source"""

    __slots__ = ("infos", "locations")
    _name = "pb.Source"
    _fields = (
        (1, "locations", "map<string, Locations>"),
        (2, "infos", "repeated SourceInfo"),
    )

    def __init__(
        self, *, locations: Mapping[str, Locations] | None = None, infos: Iterable[SourceInfo] = ()
    ) -> None:
        self.locations = dict(locations) if locations else {}
        self.infos = list(infos)


class Locations(Message):
    """pb.Locations"""

    __slots__ = ("locations",)
    _name = "pb.Locations"
    _fields = ((1, "locations", "repeated Location"),)

    def __init__(self, *, locations: Iterable[Location] = ()) -> None:
        self.locations = list(locations)


class SourceInfo(Message):
    """pb.SourceInfo"""

    __slots__ = ("data", "definition", "filename", "language")
    _name = "pb.SourceInfo"
    _fields = (
        (1, "filename", "string"),
        (2, "data", "bytes"),
        (3, "definition", "Definition"),
        (4, "language", "string"),
    )

    def __init__(
        self,
        *,
        filename: str = "",
        data: bytes = b"",
        definition: Definition | None = None,
        language: str = "",
    ) -> None:
        self.filename = filename
        self.data = data
        self.definition = definition
        self.language = language


class Location(Message):
    """pb.Location"""

    __slots__ = ("ranges", "sourceIndex")
    _name = "pb.Location"
    _fields = (
        (1, "sourceIndex", "int32"),
        (2, "ranges", "repeated Range"),
    )

    def __init__(self, *, sourceIndex: int = 0, ranges: Iterable[Range] = ()) -> None:
        self.sourceIndex = sourceIndex
        self.ranges = list(ranges)


class Range(Message):
    """pb.Range"""

    __slots__ = ("end", "start")
    _name = "pb.Range"
    _fields = (
        (1, "start", "Position"),
        (2, "end", "Position"),
    )

    def __init__(self, *, start: Position | None = None, end: Position | None = None) -> None:
        self.start = start
        self.end = end


class Position(Message):
    """pb.Position"""

    __slots__ = ("character", "line")
    _name = "pb.Position"
    _fields = (
        (1, "line", "int32"),
        (2, "character", "int32"),
    )

    def __init__(self, *, line: int = 0, character: int = 0) -> None:
        self.line = line
        self.character = character


class ExportCache(Message):
    """pb.ExportCache"""

    __slots__ = ("Value",)
    _name = "pb.ExportCache"
    _fields = ((1, "Value", "bool"),)

    def __init__(self, *, Value: bool = False) -> None:
        self.Value = Value


class ProgressGroup(Message):
    """pb.ProgressGroup"""

    __slots__ = ("id", "name", "weak")
    _name = "pb.ProgressGroup"
    _fields = (
        (1, "id", "string"),
        (2, "name", "string"),
        (3, "weak", "bool"),
    )

    def __init__(self, *, id: str = "", name: str = "", weak: bool = False) -> None:
        self.id = id
        self.name = name
        self.weak = weak


class LinuxResources(Message):
    """pb.LinuxResources"""

    __slots__ = ("cpuPeriod", "cpuQuota", "cpuShares", "cpusetCpus", "cpusetMems", "memory", "memorySwap")
    _name = "pb.LinuxResources"
    _fields = (
        (1, "memory", "int64"),
        (2, "memorySwap", "int64"),
        (3, "cpuShares", "uint64"),
        (4, "cpuPeriod", "uint64"),
        (5, "cpuQuota", "int64"),
        (6, "cpusetCpus", "string"),
        (7, "cpusetMems", "string"),
    )

    def __init__(
        self,
        *,
        memory: int = 0,
        memorySwap: int = 0,
        cpuShares: int = 0,
        cpuPeriod: int = 0,
        cpuQuota: int = 0,
        cpusetCpus: str = "",
        cpusetMems: str = "",
    ) -> None:
        self.memory = memory
        self.memorySwap = memorySwap
        self.cpuShares = cpuShares
        self.cpuPeriod = cpuPeriod
        self.cpuQuota = cpuQuota
        self.cpusetCpus = cpusetCpus
        self.cpusetMems = cpusetMems


class ProxyEnv(Message):
    """pb.ProxyEnv"""

    __slots__ = ("all_proxy", "ftp_proxy", "http_proxy", "https_proxy", "no_proxy")
    _name = "pb.ProxyEnv"
    _fields = (
        (1, "http_proxy", "string"),
        (2, "https_proxy", "string"),
        (3, "ftp_proxy", "string"),
        (4, "no_proxy", "string"),
        (5, "all_proxy", "string"),
    )

    def __init__(
        self,
        *,
        http_proxy: str = "",
        https_proxy: str = "",
        ftp_proxy: str = "",
        no_proxy: str = "",
        all_proxy: str = "",
    ) -> None:
        self.http_proxy = http_proxy
        self.https_proxy = https_proxy
        self.ftp_proxy = ftp_proxy
        self.no_proxy = no_proxy
        self.all_proxy = all_proxy


class WorkerConstraints(Message):
    """pb.WorkerConstraints"""

    __slots__ = ("filter",)
    _name = "pb.WorkerConstraints"
    _fields = ((1, "filter", "repeated string"),)

    def __init__(self, *, filter: Iterable[str] = ()) -> None:
        self.filter = list(filter)


class Definition(Message):
    """pb.Definition"""

    __slots__ = ("Source", "def_", "metadata")
    _name = "pb.Definition"
    _fields = (
        (1, "def_", "repeated bytes"),
        (2, "metadata", "map<string, OpMetadata>"),
        (3, "Source", "Source"),
    )

    def __init__(
        self,
        *,
        def_: Iterable[bytes] = (),
        metadata: Mapping[str, OpMetadata] | None = None,
        Source: Source | None = None,
    ) -> None:
        self.def_ = list(def_)
        self.metadata = dict(metadata) if metadata else {}
        self.Source = Source


class FileOp(Message):
    """pb.FileOp"""

    __slots__ = ("actions",)
    _name = "pb.FileOp"
    _fields = ((2, "actions", "repeated FileAction"),)

    def __init__(self, *, actions: Iterable[FileAction] = ()) -> None:
        self.actions = list(actions)


class FileAction(Message):
    """pb.FileAction"""

    __slots__ = ("copy", "input", "mkdir", "mkfile", "output", "rm", "secondaryInput", "symlink")
    _name = "pb.FileAction"
    _fields = (
        (1, "input", "int64"),
        (2, "secondaryInput", "int64"),
        (3, "output", "int64"),
        (4, "copy", "oneof action FileActionCopy"),
        (5, "mkfile", "oneof action FileActionMkFile"),
        (6, "mkdir", "oneof action FileActionMkDir"),
        (7, "rm", "oneof action FileActionRm"),
        (8, "symlink", "oneof action FileActionSymlink"),
    )

    def __init__(
        self,
        *,
        input: int = 0,
        secondaryInput: int = 0,
        output: int = 0,
        copy: FileActionCopy | None = None,
        mkfile: FileActionMkFile | None = None,
        mkdir: FileActionMkDir | None = None,
        rm: FileActionRm | None = None,
        symlink: FileActionSymlink | None = None,
    ) -> None:
        self.input = input
        self.secondaryInput = secondaryInput
        self.output = output
        self.copy = copy
        self.mkfile = mkfile
        self.mkdir = mkdir
        self.rm = rm
        self.symlink = symlink


class FileActionCopy(Message):
    """pb.FileActionCopy"""

    __slots__ = (
        "allowEmptyWildcard",
        "allowWildcard",
        "alwaysReplaceExistingDestPaths",
        "attemptUnpackDockerCompatibility",
        "createDestPath",
        "dest",
        "dirCopyContents",
        "exclude_patterns",
        "followSymlink",
        "include_patterns",
        "mode",
        "modeStr",
        "owner",
        "required_paths",
        "src",
        "timestamp",
    )
    _name = "pb.FileActionCopy"
    _fields = (
        (1, "src", "string"),
        (2, "dest", "string"),
        (3, "owner", "ChownOpt"),
        (4, "mode", "int32"),
        (5, "followSymlink", "bool"),
        (6, "dirCopyContents", "bool"),
        (7, "attemptUnpackDockerCompatibility", "bool"),
        (8, "createDestPath", "bool"),
        (9, "allowWildcard", "bool"),
        (10, "allowEmptyWildcard", "bool"),
        (11, "timestamp", "int64"),
        (12, "include_patterns", "repeated string"),
        (13, "exclude_patterns", "repeated string"),
        (14, "alwaysReplaceExistingDestPaths", "bool"),
        (15, "modeStr", "string"),
        (16, "required_paths", "repeated string"),
    )

    def __init__(
        self,
        *,
        src: str = "",
        dest: str = "",
        owner: ChownOpt | None = None,
        mode: int = 0,
        followSymlink: bool = False,
        dirCopyContents: bool = False,
        attemptUnpackDockerCompatibility: bool = False,
        createDestPath: bool = False,
        allowWildcard: bool = False,
        allowEmptyWildcard: bool = False,
        timestamp: int = 0,
        include_patterns: Iterable[str] = (),
        exclude_patterns: Iterable[str] = (),
        alwaysReplaceExistingDestPaths: bool = False,
        modeStr: str = "",
        required_paths: Iterable[str] = (),
    ) -> None:
        self.src = src
        self.dest = dest
        self.owner = owner
        self.mode = mode
        self.followSymlink = followSymlink
        self.dirCopyContents = dirCopyContents
        self.attemptUnpackDockerCompatibility = attemptUnpackDockerCompatibility
        self.createDestPath = createDestPath
        self.allowWildcard = allowWildcard
        self.allowEmptyWildcard = allowEmptyWildcard
        self.timestamp = timestamp
        self.include_patterns = list(include_patterns)
        self.exclude_patterns = list(exclude_patterns)
        self.alwaysReplaceExistingDestPaths = alwaysReplaceExistingDestPaths
        self.modeStr = modeStr
        self.required_paths = list(required_paths)


class FileActionMkFile(Message):
    """pb.FileActionMkFile"""

    __slots__ = ("data", "mode", "owner", "path", "timestamp")
    _name = "pb.FileActionMkFile"
    _fields = (
        (1, "path", "string"),
        (2, "mode", "int32"),
        (3, "data", "bytes"),
        (4, "owner", "ChownOpt"),
        (5, "timestamp", "int64"),
    )

    def __init__(
        self,
        *,
        path: str = "",
        mode: int = 0,
        data: bytes = b"",
        owner: ChownOpt | None = None,
        timestamp: int = 0,
    ) -> None:
        self.path = path
        self.mode = mode
        self.data = data
        self.owner = owner
        self.timestamp = timestamp


class FileActionSymlink(Message):
    """pb.FileActionSymlink"""

    __slots__ = ("newpath", "oldpath", "owner", "timestamp")
    _name = "pb.FileActionSymlink"
    _fields = (
        (1, "oldpath", "string"),
        (2, "newpath", "string"),
        (3, "owner", "ChownOpt"),
        (4, "timestamp", "int64"),
    )

    def __init__(
        self, *, oldpath: str = "", newpath: str = "", owner: ChownOpt | None = None, timestamp: int = 0
    ) -> None:
        self.oldpath = oldpath
        self.newpath = newpath
        self.owner = owner
        self.timestamp = timestamp


class FileActionMkDir(Message):
    """pb.FileActionMkDir"""

    __slots__ = ("makeParents", "mode", "owner", "path", "timestamp")
    _name = "pb.FileActionMkDir"
    _fields = (
        (1, "path", "string"),
        (2, "mode", "int32"),
        (3, "makeParents", "bool"),
        (4, "owner", "ChownOpt"),
        (5, "timestamp", "int64"),
    )

    def __init__(
        self,
        *,
        path: str = "",
        mode: int = 0,
        makeParents: bool = False,
        owner: ChownOpt | None = None,
        timestamp: int = 0,
    ) -> None:
        self.path = path
        self.mode = mode
        self.makeParents = makeParents
        self.owner = owner
        self.timestamp = timestamp


class FileActionRm(Message):
    """pb.FileActionRm"""

    __slots__ = ("allowNotFound", "allowWildcard", "path")
    _name = "pb.FileActionRm"
    _fields = (
        (1, "path", "string"),
        (2, "allowNotFound", "bool"),
        (3, "allowWildcard", "bool"),
    )

    def __init__(self, *, path: str = "", allowNotFound: bool = False, allowWildcard: bool = False) -> None:
        self.path = path
        self.allowNotFound = allowNotFound
        self.allowWildcard = allowWildcard


class ChownOpt(Message):
    """pb.ChownOpt"""

    __slots__ = ("group", "user")
    _name = "pb.ChownOpt"
    _fields = (
        (1, "user", "UserOpt"),
        (2, "group", "UserOpt"),
    )

    def __init__(self, *, user: UserOpt | None = None, group: UserOpt | None = None) -> None:
        self.user = user
        self.group = group


class UserOpt(Message):
    """pb.UserOpt"""

    __slots__ = ("byID", "byName")
    _name = "pb.UserOpt"
    _fields = (
        (1, "byName", "oneof user NamedUserOpt"),
        (2, "byID", "oneof user uint32"),
    )

    def __init__(self, *, byName: NamedUserOpt | None = None, byID: int | None = None) -> None:
        self.byName = byName
        self.byID = byID


class NamedUserOpt(Message):
    """pb.NamedUserOpt"""

    __slots__ = ("input", "name")
    _name = "pb.NamedUserOpt"
    _fields = (
        (1, "name", "string"),
        (2, "input", "int64"),
    )

    def __init__(self, *, name: str = "", input: int = 0) -> None:
        self.name = name
        self.input = input


class MergeInput(Message):
    """pb.MergeInput"""

    __slots__ = ("input",)
    _name = "pb.MergeInput"
    _fields = ((1, "input", "int64"),)

    def __init__(self, *, input: int = 0) -> None:
        self.input = input


class MergeOp(Message):
    """pb.MergeOp"""

    __slots__ = ("inputs",)
    _name = "pb.MergeOp"
    _fields = ((1, "inputs", "repeated MergeInput"),)

    def __init__(self, *, inputs: Iterable[MergeInput] = ()) -> None:
        self.inputs = list(inputs)


class LowerDiffInput(Message):
    """pb.LowerDiffInput"""

    __slots__ = ("input",)
    _name = "pb.LowerDiffInput"
    _fields = ((1, "input", "int64"),)

    def __init__(self, *, input: int = 0) -> None:
        self.input = input


class UpperDiffInput(Message):
    """pb.UpperDiffInput"""

    __slots__ = ("input",)
    _name = "pb.UpperDiffInput"
    _fields = ((1, "input", "int64"),)

    def __init__(self, *, input: int = 0) -> None:
        self.input = input


class DiffOp(Message):
    """pb.DiffOp"""

    __slots__ = ("lower", "upper")
    _name = "pb.DiffOp"
    _fields = (
        (1, "lower", "LowerDiffInput"),
        (2, "upper", "UpperDiffInput"),
    )

    def __init__(self, *, lower: LowerDiffInput | None = None, upper: UpperDiffInput | None = None) -> None:
        self.lower = lower
        self.upper = upper


class PassthroughOp(Message):
    """pb.PassthroughOp"""

    __slots__ = ("id", "outputs")
    _name = "pb.PassthroughOp"
    _fields = (
        (1, "id", "string"),
        (2, "outputs", "repeated int64"),
    )

    def __init__(self, *, id: str = "", outputs: Iterable[int] = ()) -> None:
        self.id = id
        self.outputs = list(outputs)
