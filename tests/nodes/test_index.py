"""One index of several: the images by platform, then their attestations."""

from __future__ import annotations

from typing import Any

import pytest

from runner.errors import ProtocolError
from runner.nodes.index import Published, joined
from runner.result import Descriptor, ExporterResult, response_descriptor

OCI = "application/vnd.oci.image.index.v1+json"


def image(architecture: str, variant: str = "", **more: Any) -> dict[str, Any]:
    platform = {"architecture": architecture, "os": "linux"} | ({"variant": variant} if variant else {})
    return {"digest": f"sha256:{architecture}{variant}", "platform": platform, **more}


def attestation(of: str, number: int = 1) -> dict[str, Any]:
    return {
        "digest": f"sha256:a{number}-{of}",
        "annotations": {"vnd.docker.reference.digest": f"sha256:{of}"},
        "platform": {"architecture": "unknown", "os": "unknown"},
    }


def index(*manifests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": OCI, "manifests": list(manifests), **more}


def test_images_by_platform_then_attestations() -> None:
    first = index(
        image("arm64", annotations={"d": "1"}), image("arm", "v7"), attestation("arm64"), attestation("armv7")
    )
    second = index(image("amd64"), attestation("amd64"), attestation("amd64", 2))
    assert joined([first, second], ["linux/arm/v7", "linux/amd64", "linux/arm64"]) == index(
        image("arm", "v7"),
        image("amd64"),
        image("arm64", annotations={"d": "1"}),
        attestation("armv7"),
        attestation("amd64"),
        attestation("amd64", 2),
        attestation("arm64"),
    )


def test_annotations_that_all_have_alike_are_kept() -> None:
    first = index(image("amd64"), annotations={"a": "1", "b": "2"})
    second = index(image("arm64"), annotations={"a": "1", "b": "3"})
    assert joined([first, second], ["linux/amd64", "linux/arm64"])["annotations"] == {"a": "1"}


WRONG = {
    "not an index": {"schemaVersion": 2, "mediaType": OCI},
    "another platform": index(image("s390x")),
    "no platform": index({"digest": "sha256:x"}),
    "an attestation of nothing": index(image("amd64"), attestation("other")),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_no_node_should_push(what: str) -> None:
    with pytest.raises(ProtocolError, match="making the index"):
        joined([WRONG[what]], ["linux/amd64"])


def test_the_response_tells_the_last_image() -> None:
    made = Descriptor(OCI, "sha256:2", 3, {"a": "b"})
    first = ExporterResult("image", ("h/a:1",), Descriptor(OCI, "sha256:1", 2))
    published = Published((first, ExporterResult("image", ("h/b:1", "h/b:2"), made)))
    assert published.digest == "sha256:1"
    response = published.response()
    assert (response["containerimage.digest"], response["image.name"]) == ("sha256:2", "h/b:1,h/b:2")
    assert response_descriptor(response) == made
