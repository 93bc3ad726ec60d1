"""Caches to read and to write."""

import pytest

from runner.errors import UsageError
from runner.specs.cache import Cache, split_references

IMPORTS = {
    "user/app:cache": {"ref": "docker.io/user/app:cache"},
    "127.0.0.1:5000/app": {"ref": "127.0.0.1:5000/app:latest"},
    "type=registry,ref=h.io/app:1": {"ref": "h.io/app:1"},
    "type=registry,ref=h.io/app:1,registry.insecure=true": {"ref": "h.io/app:1", "registry.insecure": "true"},
}

EXPORTS = {
    "h.io/app:cache": {"ref": "h.io/app:cache"},
    "type=inline": {},
    "type=inline,mode=min": {"mode": "min"},
    "type=registry,ref=h.io/a:1,mode=max": {"ref": "h.io/a:1", "mode": "max"},
    "type=registry,mode=min,ref=h.io/a:1,ignore-error=T,oci-mediatypes=false,image-manifest=0": {
        "ref": "h.io/a:1",
        "mode": "min",
        "ignore-error": "true",
        "oci-mediatypes": "false",
        "image-manifest": "false",
    },
    "type=registry,ref=h.io/a:1,compression=zstd,compression-level=3,force-compression=true": {
        "ref": "h.io/a:1",
        "compression": "zstd",
        "compression-level": "3",
        "force-compression": "true",
    },
}

REFUSED_IMPORTS = {
    "type=inline": "type=inline can only be written",
    "type=local,src=x": "not supported yet by this version: type=local",
    "type=registry": "it has no ref=",
    "type=registry,ref=A": "upper-case",
    "type=registry,ref=h.io/a,mode=max": "mode belongs to --cache-to",
    "type=registry,ref=h.io/a,rev=b": "unknown attribute 'rev'",
    "ref=h.io/a": "it has no type=",
}

REFUSED_EXPORTS = {
    "type=gha": "not supported yet by this version: type=gha",
    "type=s3,bucket=b": "not supported yet by this version: type=s3",
    "type=regsitry,ref=a": "unknown type 'regsitry'",
    "type=registry,mode=max": "it has no ref=",
    "type=registry,ref=h.io/a,mode=all": "mode must be min or max, not 'all'",
    "type=inline,ref=h.io/a": "unknown attribute 'ref'",
    "type=registry,ref=h.io/a,image-manifest=true,oci-mediatypes=false": "image-manifest=true needs",
    "type=registry,ref=h.io/a,compression=estargz,oci-mediatypes=false": "compression=estargz needs",
    "type=registry,ref=h.io/a,compression-level=12": "0 to 9",
}


@pytest.mark.parametrize("text", IMPORTS)
def test_imports(text: str) -> None:
    found = Cache.parse_import(text)
    assert (found.kind, found.attributes()) == ("registry", IMPORTS[text])


@pytest.mark.parametrize("text", EXPORTS)
def test_exports(text: str) -> None:
    found = Cache.parse_export(text)
    assert found.kind == ("inline" if "inline" in text else "registry")
    assert found.attributes() == EXPORTS[text]


@pytest.mark.parametrize("text", REFUSED_IMPORTS)
def test_refused_imports(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cache.parse_import(text)
    assert REFUSED_IMPORTS[text] in caught.value.message


@pytest.mark.parametrize("text", REFUSED_EXPORTS)
def test_refused_exports(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cache.parse_export(text)
    assert REFUSED_EXPORTS[text] in caught.value.message


def test_references_may_be_listed_in_one_text() -> None:
    assert split_references(["a,b:1", "type=registry,ref=c"]) == ["a", "b:1", "type=registry,ref=c"]


def test_an_inline_cache_has_one_mode() -> None:
    assert Cache.parse_export("type=inline,mode=max").idle == ("mode=max",)
    assert Cache.parse_export("type=registry,ref=a,mode=max").idle == ()
