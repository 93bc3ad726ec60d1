"""Outputs: the attributes of BuildKit's image exporter, and buildx's shorthands."""

import pytest

from runner.errors import UsageError
from runner.specs.output import IMAGE_CHECKS, Output
from runner.specs.reference import Reference

APP = Reference.parse("h.io/app")

IN_BUILDKITS_WORDS = {
    "type=image": {},
    "type=image,push=false": {},
    "type=image,name=h.io/app:1,push=true": {"name": "h.io/app:1", "push": "true"},
    'type=image,"name=a,h.io/b:2"': {"name": "docker.io/library/a,h.io/b:2"},
    "type=registry,name=h.io/app:1": {"name": "h.io/app:1", "push": "true"},
    "type=registry,push=false,name=h.io/app:1": {"name": "h.io/app:1"},
    "type=image,compression=zstd,compression-level=22,force-compression=1": {
        "compression": "zstd",
        "compression-level": "22",
        "force-compression": "true",
    },
    "type=image,registry.insecure=true,push-by-digest=t,name=h.io/app": {
        "name": "h.io/app",
        "registry.insecure": "true",
        "push-by-digest": "true",
    },
    "type=image,rewrite-timestamp=true,source-date-epoch=0": {
        "rewrite-timestamp": "true",
        "source-date-epoch": "0",
    },
    "type=image,annotation.org.x=1,annotation-manifest[linux/amd64].k=v,annotation-index.i=j": {
        "annotation.org.x": "1",
        "annotation-manifest[linux/amd64].k": "v",
        "annotation-index.i": "j",
    },
}

REFUSED = {
    "./out": "not supported yet by this version: type=local",
    "-": "not supported yet by this version: type=tar",
    "type=local,dest=x": "not supported yet by this version: type=local",
    "type=oci": "not supported yet by this version: type=oci",
    "type=docker": "not supported yet by this version: type=docker",
    "type=imgae": "unknown type 'imgae'",
    "name=a": "it has no type=",
    "type=image,pusch=true": "unknown attribute 'pusch'",
    "type=image,push=yes": "push must be true or false, not 'yes'",
    "type=image,push": "'push' is not key=value",
    "type=image,name=A": "upper-case",
    "type=image,compression=lz4": "compression must be uncompressed or gzip or estargz or zstd",
    "type=image,compression-level=10": "compression-level of gzip is 0 to 9",
    "type=image,compression=zstd,compression-level=23": "compression-level of zstd is 0 to 22",
    "type=image,compression=zstd,oci-mediatypes=false": "compression=zstd needs oci-mediatypes=true",
    "type=image,oci-artifact=true,oci-mediatypes=false": "oci-artifact=true needs oci-mediatypes=true",
    "type=image,source-date-epoch=now": "source-date-epoch must be a number",
    "type=image,annotation-manifest[linux/x86].k=v": "'x86' is neither",
    "type=image,annotation-index[linux/amd64].k=v": "an index has no platform",
    "type=image,annotation-layer.k=v": "unknown attribute 'annotation-layer.k'",
    "type=cacheonly,name=a": "unknown attribute 'name'",
}


@pytest.mark.parametrize("text", IN_BUILDKITS_WORDS)
def test_attributes_go_out_in_buildkits_words(text: str) -> None:
    assert Output.parse(text).attributes() == IN_BUILDKITS_WORDS[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_done_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Output.parse(text)
    assert REFUSED[text] in caught.value.message


def test_every_attribute_of_the_exporter_is_known() -> None:
    values = {"compression": "gzip", "compression-level": "1", "source-date-epoch": "1", "name": "a"}
    for key in IMAGE_CHECKS:
        assert Output.parse(f"type=image,{key}={values.get(key, 'true')}").kind == "image"


def test_cacheonly_makes_nothing() -> None:
    assert Output.parse("type=cacheonly") == Output("cacheonly")


def test_names_given_beside_an_output_replace_its_own() -> None:
    output = Output.parse("type=image,name=h.io/app:1")
    assert output.named((), push=True).names == (Reference.parse("h.io/app:1"),)
    named = output.named((APP, Reference.parse("b:2")), push=False)
    assert named.attributes() == {"name": "h.io/app:latest,docker.io/library/b:2"}


def test_names_that_cannot_be_pushed_are_refused() -> None:
    digest = Reference.parse(f"h.io/app@sha256:{'a' * 64}")
    with pytest.raises(UsageError, match="cannot be given a digest"):
        Output("image").named((digest,), push=False)
    with pytest.raises(UsageError, match="it has no name"):
        Output("image").named((), push=True)
    by_digest = Output.parse("type=image,push-by-digest=true")
    assert by_digest.named((APP,), push=True).attributes()["name"] == "h.io/app"
    with pytest.raises(UsageError, match="pushes no tag"):
        by_digest.named((Reference.parse("h.io/app:1"),), push=True)


def test_what_needs_an_image_store_is_told_apart() -> None:
    assert Output.parse("type=image,unpack=true,name-canonical=true").idle == ("unpack", "name-canonical")
    assert Output.parse("type=image,unpack=false").idle == ()
