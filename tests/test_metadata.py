"""What `--metadata-file` and `--iidfile` hold."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from runner.metadata import image_id, images, metadata
from runner.result import BuildResult, Descriptor, ExporterResult, PlatformResult, Steps, Timing

INDEX = Descriptor("application/vnd.oci.image.index.v1+json", "sha256:aa", 7, {"k": "v"})
AMD64 = Descriptor("application/vnd.oci.image.manifest.v1+json", "sha256:bb", 8)


ORDER = ("h.io/a:1", "h.io/b:1")


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
    found = metadata(result((ExporterResult("image", ("h.io/a:1",), INDEX),), answer), ORDER)
    assert {key: found[key] for key in answer} == answer | {"containerimage.descriptor": descriptor}


def test_our_own_key_has_every_exporter_and_platform() -> None:
    made = ExporterResult("image", ("h.io/a:1",), INDEX, (PlatformResult("linux/amd64", AMD64),))
    single = ExporterResult("image", ("h.io/b:1",), AMD64, (PlatformResult("", AMD64),))
    found = metadata(result((made, single)), ORDER)["buildkit-runner.build"]
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
        "cache": {
            "steps": 0,
            "cached": 0,
            "built": 0,
            "failed": 0,
            "sources": [],
            "imports": [],
            "exports": [],
        },
    }
    assert json.loads(json.dumps(found)) == found


def test_the_names_of_one_image_come_in_the_order_of_the_request() -> None:
    tags = ["p.io/a:1", "h.io/a:1", "p.io/b:1"]
    split = (
        ExporterResult("image", ("h.io/a:1",), INDEX),
        ExporterResult("image", ("p.io/a:1", "p.io/b:1"), INDEX),
    )
    made = result(split, {"image.name": "p.io/a:1,p.io/b:1", "containerimage.digest": "sha256:aa"})
    assert images(made, tags) == [(name, "sha256:aa") for name in tags]
    assert metadata(made, tags)["image.name"] == "p.io/a:1,h.io/a:1,p.io/b:1"


def test_the_names_of_another_image_are_not_those_of_the_digest() -> None:
    two = (ExporterResult("image", ("h.io/a:1",), INDEX), ExporterResult("image", ("h.io/b:1",), AMD64))
    made = result(two, {"image.name": "h.io/b:1", "containerimage.digest": "sha256:bb"})
    assert images(made, ORDER) == [("h.io/a:1", "sha256:aa"), ("h.io/b:1", "sha256:bb")]
    assert metadata(made, ORDER)["image.name"] == "h.io/b:1"


def test_the_image_id_is_the_configurations_digest_or_the_indexs() -> None:
    made = ExporterResult("image", ("h.io/a:1",), INDEX)
    assert image_id(result((made,))) == "sha256:aa"
    assert image_id(result((made,), {"containerimage.config.digest": "sha256:cc"})) == "sha256:cc"
    assert image_id(result()) == ""
