"""Generated from proto/content.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.wire import field_mask, timestamp

INFO = "/containerd.services.content.v1.Content/Info"
UPDATE = "/containerd.services.content.v1.Content/Update"
LIST = "/containerd.services.content.v1.Content/List"
DELETE = "/containerd.services.content.v1.Content/Delete"
READ = "/containerd.services.content.v1.Content/Read"
STATUS = "/containerd.services.content.v1.Content/Status"
LIST_STATUSES = "/containerd.services.content.v1.Content/ListStatuses"
WRITE = "/containerd.services.content.v1.Content/Write"
ABORT = "/containerd.services.content.v1.Content/Abort"


class WriteAction:
    """Values of the enum; fields hold them as int."""

    STAT = 0
    WRITE = 1
    COMMIT = 2


class Info(Message):
    """containerd.services.content.v1.Info"""

    __slots__ = ("created_at", "digest", "labels", "size", "updated_at")
    _name = "containerd.services.content.v1.Info"
    _fields = (
        (1, "digest", "string"),
        (2, "size", "int64"),
        (3, "created_at", "timestamp.Timestamp"),
        (4, "updated_at", "timestamp.Timestamp"),
        (5, "labels", "map<string, string>"),
    )

    def __init__(
        self,
        *,
        digest: str = "",
        size: int = 0,
        created_at: timestamp.Timestamp | None = None,
        updated_at: timestamp.Timestamp | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.digest = digest
        self.size = size
        self.created_at = created_at
        self.updated_at = updated_at
        self.labels = dict(labels) if labels else {}


class InfoRequest(Message):
    """containerd.services.content.v1.InfoRequest"""

    __slots__ = ("digest",)
    _name = "containerd.services.content.v1.InfoRequest"
    _fields = ((1, "digest", "string"),)

    def __init__(self, *, digest: str = "") -> None:
        self.digest = digest


class InfoResponse(Message):
    """containerd.services.content.v1.InfoResponse"""

    __slots__ = ("info",)
    _name = "containerd.services.content.v1.InfoResponse"
    _fields = ((1, "info", "Info"),)

    def __init__(self, *, info: Info | None = None) -> None:
        self.info = info


class UpdateRequest(Message):
    """containerd.services.content.v1.UpdateRequest"""

    __slots__ = ("info", "update_mask")
    _name = "containerd.services.content.v1.UpdateRequest"
    _fields = (
        (1, "info", "Info"),
        (2, "update_mask", "field_mask.FieldMask"),
    )

    def __init__(self, *, info: Info | None = None, update_mask: field_mask.FieldMask | None = None) -> None:
        self.info = info
        self.update_mask = update_mask


class UpdateResponse(Message):
    """containerd.services.content.v1.UpdateResponse"""

    __slots__ = ("info",)
    _name = "containerd.services.content.v1.UpdateResponse"
    _fields = ((1, "info", "Info"),)

    def __init__(self, *, info: Info | None = None) -> None:
        self.info = info


class ListContentRequest(Message):
    """containerd.services.content.v1.ListContentRequest"""

    __slots__ = ("filters",)
    _name = "containerd.services.content.v1.ListContentRequest"
    _fields = ((1, "filters", "repeated string"),)

    def __init__(self, *, filters: Iterable[str] = ()) -> None:
        self.filters = list(filters)


class ListContentResponse(Message):
    """containerd.services.content.v1.ListContentResponse"""

    __slots__ = ("info",)
    _name = "containerd.services.content.v1.ListContentResponse"
    _fields = ((1, "info", "repeated Info"),)

    def __init__(self, *, info: Iterable[Info] = ()) -> None:
        self.info = list(info)


class DeleteContentRequest(Message):
    """containerd.services.content.v1.DeleteContentRequest"""

    __slots__ = ("digest",)
    _name = "containerd.services.content.v1.DeleteContentRequest"
    _fields = ((1, "digest", "string"),)

    def __init__(self, *, digest: str = "") -> None:
        self.digest = digest


class ReadContentRequest(Message):
    """containerd.services.content.v1.ReadContentRequest"""

    __slots__ = ("digest", "offset", "size")
    _name = "containerd.services.content.v1.ReadContentRequest"
    _fields = (
        (1, "digest", "string"),
        (2, "offset", "int64"),
        (3, "size", "int64"),
    )

    def __init__(self, *, digest: str = "", offset: int = 0, size: int = 0) -> None:
        self.digest = digest
        self.offset = offset
        self.size = size


class ReadContentResponse(Message):
    """containerd.services.content.v1.ReadContentResponse"""

    __slots__ = ("data", "offset")
    _name = "containerd.services.content.v1.ReadContentResponse"
    _fields = (
        (1, "offset", "int64"),
        (2, "data", "bytes"),
    )

    def __init__(self, *, offset: int = 0, data: bytes = b"") -> None:
        self.offset = offset
        self.data = data


class Status(Message):
    """containerd.services.content.v1.Status"""

    __slots__ = ("expected", "offset", "ref", "started_at", "total", "updated_at")
    _name = "containerd.services.content.v1.Status"
    _fields = (
        (1, "started_at", "timestamp.Timestamp"),
        (2, "updated_at", "timestamp.Timestamp"),
        (3, "ref", "string"),
        (4, "offset", "int64"),
        (5, "total", "int64"),
        (6, "expected", "string"),
    )

    def __init__(
        self,
        *,
        started_at: timestamp.Timestamp | None = None,
        updated_at: timestamp.Timestamp | None = None,
        ref: str = "",
        offset: int = 0,
        total: int = 0,
        expected: str = "",
    ) -> None:
        self.started_at = started_at
        self.updated_at = updated_at
        self.ref = ref
        self.offset = offset
        self.total = total
        self.expected = expected


class StatusRequest(Message):
    """containerd.services.content.v1.StatusRequest"""

    __slots__ = ("ref",)
    _name = "containerd.services.content.v1.StatusRequest"
    _fields = ((1, "ref", "string"),)

    def __init__(self, *, ref: str = "") -> None:
        self.ref = ref


class StatusResponse(Message):
    """containerd.services.content.v1.StatusResponse"""

    __slots__ = ("status",)
    _name = "containerd.services.content.v1.StatusResponse"
    _fields = ((1, "status", "Status"),)

    def __init__(self, *, status: Status | None = None) -> None:
        self.status = status


class ListStatusesRequest(Message):
    """containerd.services.content.v1.ListStatusesRequest"""

    __slots__ = ("filters",)
    _name = "containerd.services.content.v1.ListStatusesRequest"
    _fields = ((1, "filters", "repeated string"),)

    def __init__(self, *, filters: Iterable[str] = ()) -> None:
        self.filters = list(filters)


class ListStatusesResponse(Message):
    """containerd.services.content.v1.ListStatusesResponse"""

    __slots__ = ("statuses",)
    _name = "containerd.services.content.v1.ListStatusesResponse"
    _fields = ((1, "statuses", "repeated Status"),)

    def __init__(self, *, statuses: Iterable[Status] = ()) -> None:
        self.statuses = list(statuses)


class WriteContentRequest(Message):
    """containerd.services.content.v1.WriteContentRequest"""

    __slots__ = ("action", "data", "expected", "labels", "offset", "ref", "total")
    _name = "containerd.services.content.v1.WriteContentRequest"
    _fields = (
        (1, "action", "enum"),
        (2, "ref", "string"),
        (3, "total", "int64"),
        (4, "expected", "string"),
        (5, "offset", "int64"),
        (6, "data", "bytes"),
        (7, "labels", "map<string, string>"),
    )

    def __init__(
        self,
        *,
        action: int = 0,
        ref: str = "",
        total: int = 0,
        expected: str = "",
        offset: int = 0,
        data: bytes = b"",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.action = action
        self.ref = ref
        self.total = total
        self.expected = expected
        self.offset = offset
        self.data = data
        self.labels = dict(labels) if labels else {}


class WriteContentResponse(Message):
    """containerd.services.content.v1.WriteContentResponse"""

    __slots__ = ("action", "digest", "offset", "started_at", "total", "updated_at")
    _name = "containerd.services.content.v1.WriteContentResponse"
    _fields = (
        (1, "action", "enum"),
        (2, "started_at", "timestamp.Timestamp"),
        (3, "updated_at", "timestamp.Timestamp"),
        (4, "offset", "int64"),
        (5, "total", "int64"),
        (6, "digest", "string"),
    )

    def __init__(
        self,
        *,
        action: int = 0,
        started_at: timestamp.Timestamp | None = None,
        updated_at: timestamp.Timestamp | None = None,
        offset: int = 0,
        total: int = 0,
        digest: str = "",
    ) -> None:
        self.action = action
        self.started_at = started_at
        self.updated_at = updated_at
        self.offset = offset
        self.total = total
        self.digest = digest


class AbortRequest(Message):
    """containerd.services.content.v1.AbortRequest"""

    __slots__ = ("ref",)
    _name = "containerd.services.content.v1.AbortRequest"
    _fields = ((1, "ref", "string"),)

    def __init__(self, *, ref: str = "") -> None:
        self.ref = ref
