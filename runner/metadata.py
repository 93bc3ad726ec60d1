"""What `--metadata-file` and `--iidfile` hold, under the keys that docker buildx build writes."""

from typing import TYPE_CHECKING, Any

from runner.result import BuildResult, Descriptor

if TYPE_CHECKING:
    from runner.cache.report import CacheUse
    from runner.progress.events import CacheExported, CacheImported, CacheSummary

OURS = "buildkit-runner.build"


def metadata(result: BuildResult) -> dict[str, Any]:
    """The daemon's answer, its base64 JSON decoded as buildx does; and under our own key all that we know.

    Ours: ref, exporters (type, names, descriptor, and the descriptors of an index's platforms), steps (total,
    cached), seconds, cache (steps, cached, built, failed, and what became of each import and export).
    """
    found: dict[str, Any] = {key: _decoded(value) for key, value in sorted(result.response.items())}
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


def image_id(result: BuildResult) -> str:
    """The image's ID as buildx gives it: its configuration's digest, or its index's; "" without an image."""
    return result.response.get("containerimage.config.digest", result.digest)


def _cache(use: "CacheUse") -> dict[str, Any]:
    def told(event: "CacheSummary | CacheImported | CacheExported") -> dict[str, Any]:
        return {key: value for key, value in event._asdict().items() if key not in ("time", "imported")}

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
