"""The index of what several nodes pushed by digest."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import Cancelled, Error, ProtocolError, TransientError
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


class _Image(NamedTuple):
    """What is to be pushed for one output. annotations: those of its descriptor."""

    output: Output
    places: list[Placed]
    annotations: dict[str, str]

    def made(self, descriptor: dict[str, Any]) -> ExporterResult:
        return ExporterResult(
            self.output.kind,
            tuple(map(str, self.output.names)),
            descriptor_from_json({**descriptor, "annotations": self.annotations}),
            platforms_of_index(json.dumps(self.places[0].content).encode()),
        )


class Publisher:
    """Makes and pushes indexes.

    parts: whose the results are, as people know them. platforms: their order. put: takes the events that
    tell of it. stopped: whether it was cancelled meanwhile; once tags are moved it is not asked any more.
    """

    def __init__(
        self,
        client: RegistryClient,
        parts: Sequence[str],
        platforms: Iterable[Platform],
        put: Callable[[Event], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._client = client
        self._parts = parts
        self._order = [str(platform._replace(os_version="")) for platform in platforms]
        self._put = put
        self._stopped = stopped

    def publish(self, outputs: Sequence[Output], made: Sequence[BuildResult]) -> Published:
        """Push an index for each output, under its digest and then under its tags: all of them, or none.

        made: what each part made of the same outputs. Raises AccessError, TransientError, ProtocolError,
        Cancelled.
        """
        with _step(f"[index] pushing the index of {', '.join(self._order)}", self._put) as vertex:
            images = [
                self._image(output, [result.exporters[number] for result in made])
                for number, output in enumerate(outputs)
            ]
            if self._stopped():
                raise Cancelled
            places = [place for image in images for place in image.places]
            pushed = publish_indexes(self._client, places)
            for place, descriptor in zip(places, pushed, strict=True):
                self._tell(vertex, place, descriptor["digest"])
        exporters = []
        for image in images:
            exporters.append(image.made(pushed[0]))
            pushed = pushed[len(image.places) :]
        return Published(tuple(exporters))

    def _image(self, output: Output, made: Sequence[ExporterResult]) -> _Image:
        pushed = [one.descriptor for one in made if one.descriptor]
        if len(pushed) != len(made):
            raise ProtocolError("making the index: a node does not tell what it pushed")
        places = [
            Placed(repository, tags, self._index(repository, pushed))
            for repository, tags in _repositories(output)
        ]
        return _Image(output, places, _common([one.annotations for one in pushed]))

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
