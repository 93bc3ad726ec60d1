"""What a build made: the typed result of a solve, and how the daemon's answers become it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from runner.cache.report import CacheUse
from runner.errors import ProtocolError
from runner.progress.events import Warning

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Descriptor(NamedTuple):
    """What a digest names (an OCI descriptor). size is in bytes. platform: as `os/arch`, "" if not told."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = {}
    platform: str = ""


class PlatformResult(NamedTuple):
    """The image of one platform, such as linux/arm64."""

    platform: str
    descriptor: Descriptor


class ExporterResult(NamedTuple):
    """What one exporter of the request made.

    names: the references under which it stands, as the daemon normalised them.
    descriptor: None for an exporter that makes no image.
    platforms: one entry for each platform's image; "" is a platform that the daemon does not tell.
    """

    type: str
    names: tuple[str, ...] = ()
    descriptor: Descriptor | None = None
    platforms: tuple[PlatformResult, ...] = ()


class Timing(NamedTuple):
    """Seconds, by the caller's clock. The upload counts what the daemon asked for, not what it had."""

    total: float
    upload_files: int = 0
    upload_bytes: int = 0


class Steps(NamedTuple):
    """How many steps the build had, and how many of them came from a cache."""

    total: int
    cached: int


class BuildResult(NamedTuple):
    """A build that succeeded.

    ref: the build's name in the daemon's history.
    digest: of the first image that was made (of its index where there are several platforms), or "".
    exporters: in the order of the request's outputs.
    response: the daemon's answer as it came: one map in which the last exporter wins.
    cache: what the caches did: its summary, its imports and exports.
    """

    ref: str
    digest: str
    exporters: tuple[ExporterResult, ...]
    warnings: tuple[Warning, ...]
    steps: Steps
    timing: Timing
    response: Mapping[str, str]
    cache: CacheUse = CacheUse()

    @property
    def names(self) -> tuple[str, ...]:
        """Every reference under which an image now stands."""
        return tuple(name for exporter in self.exporters for name in exporter.names)

    @property
    def platforms(self) -> tuple[PlatformResult, ...]:
        """The platforms of the first image that was made."""
        return next((e.platforms for e in self.exporters if e.descriptor), ())


def response_descriptor(response: Mapping[str, str]) -> Descriptor | None:
    """The descriptor in a Solve's exporter response, or None where no image was made.

    Raises ProtocolError when the daemon's value is not a descriptor.
    """
    import base64
    import json

    encoded = response.get("containerimage.descriptor", "")
    if not encoded:
        return None
    try:
        return descriptor_from_json(json.loads(base64.b64decode(encoded)))
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise ProtocolError("reading the image descriptor in the daemon's answer: it is not valid") from cause


def descriptor_from_json(value: Any) -> Descriptor:
    """An OCI descriptor's JSON object as a Descriptor. Raises KeyError, TypeError or ValueError."""
    return Descriptor(
        media_type=str(value["mediaType"]),
        digest=str(value["digest"]),
        size=int(value["size"]),
        annotations={str(k): str(v) for k, v in (value.get("annotations") or {}).items()},
        platform=platform_text(value.get("platform")),
    )


def platforms_of_index(index: bytes) -> tuple[PlatformResult, ...]:
    """The images in an index, attestation manifests left out.

    Raises ProtocolError when it is not an index.
    """
    import json

    try:
        found = []
        for entry in json.loads(index)["manifests"]:
            annotations = entry.get("annotations") or {}
            if entry["mediaType"] not in MANIFEST_TYPES or "vnd.docker.reference.type" in annotations:
                continue
            descriptor = descriptor_from_json(entry)
            found.append(PlatformResult(descriptor.platform, descriptor))
        return tuple(found)
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise ProtocolError("reading the image index that the daemon stored: it is not valid") from cause


def platform_text(platform: Any) -> str:
    """An OCI platform object as `os/arch[/variant]`, "" where there is none."""
    if not platform:
        return ""
    parts = [platform.get("os", ""), platform.get("architecture", ""), platform.get("variant", "")]
    return "/".join(part for part in parts if part)
