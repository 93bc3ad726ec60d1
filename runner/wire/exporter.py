"""Generated from proto/exporter.proto by `make proto`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.wire.codec import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


FIND_EXPORTERS = "/moby.exporter.v1.Exporter/FindExporters"
FINALIZE_EXPORT = "/moby.exporter.v1.Exporter/FinalizeExport"


class FindExportersRequest(Message):
    """moby.exporter.v1.FindExportersRequest"""

    __slots__ = ("metadata", "refs")
    _name = "moby.exporter.v1.FindExportersRequest"
    _fields = (
        (1, "metadata", "map<string, bytes>"),
        (2, "refs", "repeated string"),
    )

    def __init__(self, *, metadata: Mapping[str, bytes] | None = None, refs: Iterable[str] = ()) -> None:
        self.metadata = dict(metadata) if metadata else {}
        self.refs = list(refs)


class FindExportersResponse(Message):
    """moby.exporter.v1.FindExportersResponse"""

    __slots__ = ("exporters",)
    _name = "moby.exporter.v1.FindExportersResponse"
    _fields = ((1, "exporters", "repeated ExporterRequest"),)

    def __init__(self, *, exporters: Iterable[ExporterRequest] = ()) -> None:
        self.exporters = list(exporters)


class ExporterRequest(Message):
    """moby.exporter.v1.ExporterRequest"""

    __slots__ = ("Attrs", "Type")
    _name = "moby.exporter.v1.ExporterRequest"
    _fields = (
        (1, "Type", "string"),
        (2, "Attrs", "map<string, string>"),
    )

    def __init__(self, *, Type: str = "", Attrs: Mapping[str, str] | None = None) -> None:
        self.Type = Type
        self.Attrs = dict(Attrs) if Attrs else {}


class FinalizeExportRequest(Message):
    """moby.exporter.v1.FinalizeExportRequest"""

    __slots__ = ("exporter_response",)
    _name = "moby.exporter.v1.FinalizeExportRequest"
    _fields = ((1, "exporter_response", "map<string, string>"),)

    def __init__(self, *, exporter_response: Mapping[str, str] | None = None) -> None:
        self.exporter_response = dict(exporter_response) if exporter_response else {}


class FinalizeExportResponse(Message):
    """moby.exporter.v1.FinalizeExportResponse"""

    __slots__ = ()
    _name = "moby.exporter.v1.FinalizeExportResponse"
