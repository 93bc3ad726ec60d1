"""What `--metadata-file` and `--iidfile` hold."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from runner.metadata import image_id, metadata
from runner.result import BuildResult, Descriptor, ExporterResult, PlatformResult, Steps, Timing

INDEX = Descriptor("application/vnd.oci.image.index.v1+json", "sha256:aa", 7, {"k": "v"})
AMD64 = Descriptor("application/vnd.oci.image.manifest.v1+json", "sha256:bb", 8)


def result(exporters: tuple[ExporterResult, ...] = (), response: Mapping[str, str] = {}) -> BuildResult:
    digest = next((e.descriptor.digest for e in exporters if e.descriptor), "")
    return BuildResult("the-ref", digest, exporters, (), Steps(5, 2), Timing(1.23456), response)


def test_the_daemons_answer_is_decoded_as_buildx_does() -> None:
    descriptor = {"mediaType": "m", "digest": "sha256:aa", "size": 1}
    answer = {
        "image.name": "h.io/a:1",
        "containerimage.digest": "sha256:aa",
        "containerimage.descriptor": base64.b64encode(json.dumps(descriptor).encode()).decode(),
        "a.number": base64.b64encode(b"12").decode(),
        "like.base64": "abcd",
    }
    found = metadata(result(response=answer))
    assert {key: found[key] for key in answer} == answer | {"containerimage.descriptor": descriptor}


def test_our_own_key_has_every_exporter_and_platform() -> None:
    made = ExporterResult("image", ("h.io/a:1",), INDEX, (PlatformResult("linux/amd64", AMD64),))
    single = ExporterResult("image", ("h.io/b:1",), AMD64, (PlatformResult("", AMD64),))
    found = metadata(result((made, single)))["buildkit-runner.build"]
    index = {"mediaType": INDEX.media_type, "digest": "sha256:aa", "size": 7, "annotations": {"k": "v"}}
    amd64 = {"mediaType": AMD64.media_type, "digest": "sha256:bb", "size": 8}
    assert found == {
        "ref": "the-ref",
        "exporters": [
            {
                "type": "image",
                "names": ["h.io/a:1"],
                "descriptor": index,
                "platforms": {"linux/amd64": amd64},
            },
            {"type": "image", "names": ["h.io/b:1"], "descriptor": amd64, "platforms": {}},
        ],
        "steps": {"total": 5, "cached": 2},
        "seconds": 1.235,
        "cache": {"steps": 0, "cached": 0, "built": 0, "failed": 0, "imports": [], "exports": []},
    }
    assert json.loads(json.dumps(found)) == found


def test_the_image_id_is_the_configurations_digest_or_the_indexs() -> None:
    made = ExporterResult("image", ("h.io/a:1",), INDEX)
    assert image_id(result((made,))) == "sha256:aa"
    assert image_id(result((made,), {"containerimage.config.digest": "sha256:cc"})) == "sha256:cc"
    assert image_id(result()) == ""
