"""Generated from proto/errdefs.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.wire import ops


class Vertex(Message):
    """errdefs.Vertex"""

    __slots__ = ("digest",)
    _name = "errdefs.Vertex"
    _fields = ((1, "digest", "string"),)

    def __init__(self, *, digest: str = "") -> None:
        self.digest = digest


class Source(Message):
    """errdefs.Source"""

    __slots__ = ("info", "ranges")
    _name = "errdefs.Source"
    _fields = (
        (1, "info", "ops.SourceInfo"),
        (2, "ranges", "repeated ops.Range"),
    )

    def __init__(self, *, info: ops.SourceInfo | None = None, ranges: Iterable[ops.Range] = ()) -> None:
        self.info = info
        self.ranges = list(ranges)


class Frontend(Message):
    """errdefs.Frontend"""

    __slots__ = ("name", "source")
    _name = "errdefs.Frontend"
    _fields = (
        (1, "name", "string"),
        (2, "source", "string"),
    )

    def __init__(self, *, name: str = "", source: str = "") -> None:
        self.name = name
        self.source = source


class FrontendCap(Message):
    """errdefs.FrontendCap"""

    __slots__ = ("name",)
    _name = "errdefs.FrontendCap"
    _fields = ((1, "name", "string"),)

    def __init__(self, *, name: str = "") -> None:
        self.name = name


class CompatibilityFeature(Message):
    """errdefs.CompatibilityFeature"""

    __slots__ = ("feature", "version")
    _name = "errdefs.CompatibilityFeature"
    _fields = (
        (1, "version", "int64"),
        (2, "feature", "string"),
    )

    def __init__(self, *, version: int = 0, feature: str = "") -> None:
        self.version = version
        self.feature = feature


class Subrequest(Message):
    """errdefs.Subrequest"""

    __slots__ = ("name",)
    _name = "errdefs.Subrequest"
    _fields = ((1, "name", "string"),)

    def __init__(self, *, name: str = "") -> None:
        self.name = name


class Solve(Message):
    """errdefs.Solve"""

    __slots__ = ("cache", "description", "file", "inputIDs", "mountIDs", "op")
    _name = "errdefs.Solve"
    _fields = (
        (1, "inputIDs", "repeated string"),
        (2, "mountIDs", "repeated string"),
        (3, "op", "ops.Op"),
        (4, "file", "oneof subject FileAction"),
        (5, "cache", "oneof subject ContentCache"),
        (6, "description", "map<string, string>"),
    )

    def __init__(
        self,
        *,
        inputIDs: Iterable[str] = (),
        mountIDs: Iterable[str] = (),
        op: ops.Op | None = None,
        file: FileAction | None = None,
        cache: ContentCache | None = None,
        description: Mapping[str, str] | None = None,
    ) -> None:
        self.inputIDs = list(inputIDs)
        self.mountIDs = list(mountIDs)
        self.op = op
        self.file = file
        self.cache = cache
        self.description = dict(description) if description else {}


class FileAction(Message):
    """errdefs.FileAction"""

    __slots__ = ("index",)
    _name = "errdefs.FileAction"
    _fields = ((1, "index", "int64"),)

    def __init__(self, *, index: int = 0) -> None:
        self.index = index


class ContentCache(Message):
    """errdefs.ContentCache"""

    __slots__ = ("index",)
    _name = "errdefs.ContentCache"
    _fields = ((1, "index", "int64"),)

    def __init__(self, *, index: int = 0) -> None:
        self.index = index


class ProvenanceMaterialsIncomplete(Message):
    """errdefs.ProvenanceMaterialsIncomplete"""

    __slots__ = ("incomplete",)
    _name = "errdefs.ProvenanceMaterialsIncomplete"
    _fields = ((1, "incomplete", "repeated ProvenanceMaterialIncomplete"),)

    def __init__(self, *, incomplete: Iterable[ProvenanceMaterialIncomplete] = ()) -> None:
        self.incomplete = list(incomplete)


class ProvenanceMaterialIncomplete(Message):
    """errdefs.ProvenanceMaterialIncomplete"""

    __slots__ = ("final_uri", "method", "name", "op", "reason", "uri")
    _name = "errdefs.ProvenanceMaterialIncomplete"
    _fields = (
        (1, "op", "string"),
        (2, "name", "string"),
        (3, "method", "string"),
        (4, "uri", "string"),
        (5, "final_uri", "string"),
        (6, "reason", "string"),
    )

    def __init__(
        self,
        *,
        op: str = "",
        name: str = "",
        method: str = "",
        uri: str = "",
        final_uri: str = "",
        reason: str = "",
    ) -> None:
        self.op = op
        self.name = name
        self.method = method
        self.uri = uri
        self.final_uri = final_uri
        self.reason = reason
