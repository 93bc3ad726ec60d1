"""What `--metadata-file` and `--iidfile` hold, under the keys that docker buildx build writes."""

from typing import TYPE_CHECKING, Any

from runner.result import BuildResult, Descriptor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.cache.report import CacheUse
    from runner.progress.events import CacheExported, CacheImported, CacheSummary

OURS = "buildkit-runner.build"


def metadata(result: BuildResult, order: "Sequence[str]") -> dict[str, Any]:
    """The daemon's answer, its base64 JSON decoded as buildx does; and under our own key all that we know.

    order: as `images` takes it; `image.name` has all names of `containerimage.digest`, also those of another
    exporter.
    Ours: ref, exporters (type, names, descriptor, and the descriptors of an index's platforms), steps (total,
    cached), seconds, cache (steps, cached, built, failed, and what became of each import and export).
    """
    found: dict[str, Any] = {key: _decoded(value) for key, value in sorted(result.response.items())}
    if "image.name" in found:
        digest = found.get("containerimage.digest")
        names = [name for name, of in images(result, order) if of == digest]
        found["image.name"] = ",".join(names) or found["image.name"]
    found[OURS] = {
        "ref": result.ref,
        "exporters": [
            {
                "type": exporter.type,
                "names": list(exporter.names),
                "descriptor": exporter.descriptor and _descriptor(exporter.descriptor),
                "platforms": {
                    made.platform: _descriptor(made.descriptor)
                    for made in exporter.platforms
                    if made.platform
                },
            }
            for exporter in result.exporters
        ],
        "steps": result.steps._asdict(),
        "seconds": round(result.timing.total, 3),
        "cache": _cache(result.cache),
    }
    return found


def images(result: BuildResult, order: "Sequence[str]") -> list[tuple[str, str]]:
    """Each name of an image with its digest. order: the names as the request has them.

    Several exporters may stand for one output, so that their own order is another.
    """
    made = [
        (name, exporter.descriptor.digest if exporter.descriptor else result.digest)
        for exporter in result.exporters
        for name in exporter.names
    ]
    return sorted(made, key=lambda image: order.index(image[0]))


def image_id(result: BuildResult) -> str:
    """The image's ID as buildx gives it: its configuration's digest, or its index's; "" without an image."""
    return result.response.get("containerimage.config.digest", result.digest)


def _cache(use: "CacheUse") -> dict[str, Any]:
    def told(event: "CacheSummary | CacheImported | CacheExported") -> dict[str, Any]:
        found = {key: value for key, value in event._asdict().items() if key not in ("time", "imported")}
        if "sources" in found:
            found["sources"] = [source._asdict() for source in found["sources"]]
        return found

    return told(use.summary) | {
        "imports": [told(imported) for imported in use.imports],
        "exports": [told(exported) for exported in use.exports],
    }


def _descriptor(found: Descriptor) -> dict[str, Any]:
    names = {"mediaType": found.media_type, "digest": found.digest, "size": found.size}
    return names | ({"annotations": dict(found.annotations)} if found.annotations else {})


def _decoded(value: str) -> Any:
    """buildx decodes values that are base64 of a JSON object or of a list of them."""
    import base64
    import json

    try:
        found = json.loads(base64.b64decode(value, validate=True))
    except ValueError:
        return value
    return found if found and isinstance(found, dict | list) else value
