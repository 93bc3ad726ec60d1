"""The index of what several nodes pushed by digest."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import Error, ProtocolError, TransientError
from runner.progress.events import Transfer, Vertex, VertexAdded, VertexDone, VertexFailed, VertexStarted
from runner.registry.index import Placed, publish_indexes
from runner.result import Descriptor, ExporterResult, descriptor_from_json, platforms_of_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from runner.progress.events import Event
    from runner.registry.client import RegistryClient
    from runner.result import BuildResult
    from runner.specs.output import Output
    from runner.specs.platform import Platform
    from runner.specs.reference import Reference

REFERENCE = "vnd.docker.reference.digest"


class Published(NamedTuple):
    """What was pushed: an entry for each image of the build, as the daemon would tell it of one solve."""

    exporters: tuple[ExporterResult, ...]

    @property
    def digest(self) -> str:
        """Of the first index."""
        return next(made.descriptor.digest for made in self.exporters if made.descriptor)

    def response(self) -> dict[str, str]:
        """As a Solve's exporter response: the last image counts."""
        from base64 import b64encode

        last = self.exporters[-1]
        if last.descriptor is None:
            return {}
        made = last.descriptor
        fields: dict[str, Any] = {"mediaType": made.media_type, "digest": made.digest, "size": made.size}
        if made.annotations:
            fields["annotations"] = dict(made.annotations)
        return {
            "containerimage.descriptor": b64encode(json.dumps(fields).encode()).decode(),
            "containerimage.digest": made.digest,
            "image.name": ",".join(last.names),
        }


class Publisher:
    """Makes and pushes indexes.

    parts: whose the results are, as people know them. platforms: their order. put: takes the events that
    tell of it.
    """

    def __init__(
        self,
        client: RegistryClient,
        parts: Sequence[str],
        platforms: Iterable[Platform],
        put: Callable[[Event], None],
    ) -> None:
        self._client = client
        self._parts = parts
        self._order = [str(platform._replace(os_version="")) for platform in platforms]
        self._put = put

    def publish(self, outputs: Sequence[Output], made: Sequence[BuildResult]) -> Published:
        """Push an index for each output, under its digest and then under its tags: all of them, or none.

        made: what each part made of the same outputs. Raises AccessError, TransientError and ProtocolError.
        """
        pushed, placed = [], []
        with _step(f"[index] pushing the index of {', '.join(self._order)}", self._put) as vertex:
            for number, output in enumerate(outputs):
                pushed.append([_descriptor(result.exporters[number]) for result in made])
                placed.append([self._placed(*place, pushed[-1]) for place in _repositories(output)])
            found = iter(publish_indexes(self._client, [place for places in placed for place in places]))
            exporters = []
            for output, descriptors, places in zip(outputs, pushed, placed, strict=True):
                whole = [next(found) for _ in places]
                for place, one in zip(places, whole, strict=True):
                    self._tell(vertex, place, one["digest"])
                annotations = _common([one.annotations for one in descriptors])
                images = platforms_of_index(json.dumps(places[0].content).encode())
                exporters.append(
                    ExporterResult(
                        output.kind,
                        tuple(map(str, output.names)),
                        descriptor_from_json({**whole[0], "annotations": annotations}),
                        images,
                    )
                )
        return Published(tuple(exporters))

    def _placed(self, repository: Reference, tags: Sequence[str], pushed: Sequence[Descriptor]) -> Placed:
        return Placed(repository, tags, self._index(repository, pushed))

    def _tell(self, vertex: str, place: Placed, digest: str) -> None:
        now = time.time_ns()
        names = [place.repository._replace(tag=tag) for tag in place.tags] or [place.repository]
        for name in names:
            self._put(Transfer(vertex, f"pushing manifest for {name}@{digest}", "", 0, 0, now, now, now))

    def _index(self, repository: Reference, pushed: Sequence[Descriptor]) -> dict[str, Any]:
        """The index of what every part pushed there, all of which the registry still has."""
        indexes = []
        for part, descriptor in zip(self._parts, pushed, strict=True):
            index = json.loads(self._manifest(part, repository, descriptor.digest))
            for entry in index.get("manifests", ()):
                self._manifest(part, repository, entry["digest"])
            indexes.append(index)
        return joined(indexes, self._order)

    def _manifest(self, part: str, repository: Reference, digest: str) -> bytes:
        found = self._client.manifest(repository._replace(digest=digest))
        if found is None:
            raise TransientError(
                f"making the index: {repository}@{digest} of {part} was pushed, but is not in the registry",
                hint="No tag was moved. Look at what the registry deletes, and try again.",
            )
        return found.data


def joined(indexes: Sequence[dict[str, Any]], order: Sequence[str]) -> dict[str, Any]:
    """Several indexes as the one that BuildKit makes of all: the images by platform, then their attestations.

    order: the platforms as `os/arch[/variant]`. What all have alike is kept. Raises ProtocolError.
    """
    try:
        entries = [entry for index in indexes for entry in index["manifests"]]
        images = [entry for entry in entries if REFERENCE not in (entry.get("annotations") or {})]
        attestations = [entry for entry in entries if entry not in images]
        images.sort(key=lambda entry: order.index(_platform(entry)))
        places = [entry["digest"] for entry in images]
        attestations.sort(key=lambda entry: places.index(entry["annotations"][REFERENCE]))
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        raise ProtocolError(
            "making the index: what a node pushed is not an index of its platforms"
        ) from cause
    first = indexes[0]
    index = {key: first[key] for key in ("schemaVersion", "mediaType")}
    index["manifests"] = [*images, *attestations]
    if annotations := _common([one.get("annotations") or {} for one in indexes]):
        index["annotations"] = annotations
    return index


def _descriptor(exporter: ExporterResult) -> Descriptor:
    if exporter.descriptor is None:
        raise ProtocolError("making the index: a node does not tell what it pushed")
    return exporter.descriptor


def _repositories(output: Output) -> Iterable[tuple[Reference, list[str]]]:
    """The repositories that an output goes to, with its tags in each."""
    found: dict[Reference, list[str]] = {}
    for name in output.names:
        tags = found.setdefault(name._replace(tag=""), [])
        if name.tag:
            tags.append(name.tag)
    return found.items()


def _platform(entry: dict[str, Any]) -> str:
    platform = entry["platform"]
    return "/".join(filter(None, (platform["os"], platform["architecture"], platform.get("variant"))))


def _common(pairs: Sequence[Any]) -> dict[str, str]:
    """What all of several mappings say alike."""
    first, *others = pairs
    return {key: value for key, value in first.items() if all(one.get(key) == value for one in others)}


@contextmanager
def _step(name: str, put: Callable[[Event], None]) -> Iterator[str]:
    """Tell of work of our own as of a vertex; gives its digest."""
    vertex = Vertex(f"sha256:{sha256(name.encode()).hexdigest()}", name)
    started = time.time_ns()
    put(VertexAdded(vertex))
    put(VertexStarted(vertex, started))
    try:
        yield vertex.digest
    except Error as error:
        put(VertexFailed(vertex, started, time.time_ns(), error.message))
        raise
    put(VertexDone(vertex, started, time.time_ns()))
