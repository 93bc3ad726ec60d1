"""Caches to read and to write."""

import os
import re

import pytest

from runner.errors import UsageError
from runner.specs.cache import Cache, split_references

DIGEST = "sha256:" + "0" * 64

IMPORTS: dict[str, dict[str, str]] = {
    "user/app:cache": {"ref": "docker.io/user/app:cache"},
    "127.0.0.1:5000/app": {"ref": "127.0.0.1:5000/app:latest"},
    "type=registry,ref=h.io/app:1": {"ref": "h.io/app:1"},
    "type=registry,ref=h.io/app:1,registry.insecure=true": {"ref": "h.io/app:1", "registry.insecure": "true"},
    "type=local,src=/var/cache/app": {"src": "/var/cache/app"},
    f"type=local,src=/c,tag=feature/x,digest={DIGEST}": {"src": "/c", "tag": "feature/x", "digest": DIGEST},
    "type=gha": {},
    "type=gha,scope=main,timeout=90,version=2": {"scope": "main", "timeout": "90s", "version": "2"},
    "type=s3,bucket=b,region=r,use_path_style=1": {"bucket": "b", "region": "r", "use_path_style": "true"},
    "type=azblob,account_url=https://a.example.com,name=a;b": {
        "account_url": "https://a.example.com",
        "name": "a;b",
    },
}

EXPORTS: dict[str, dict[str, str]] = {
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
    "type=local,dest=/c,tag=main,mode=max,reset=1,compression=zstd,image-manifest=false,ignore-error=": {
        "dest": "/c",
        "tag": "main",
        "mode": "max",
        "reset": "true",
        "compression": "zstd",
        "image-manifest": "false",
        "ignore-error": "true",
    },
    "type=gha,mode=max,ignore-error=true": {"mode": "max", "ignore-error": "true"},
    "type=s3,bucket=b,region=r,touch_refresh=12h,upload_parallelism=8,retry_mode=adaptive,mode=max": {
        "bucket": "b",
        "region": "r",
        "touch_refresh": "12h",
        "upload_parallelism": "8",
        "retry_mode": "adaptive",
        "mode": "max",
    },
}

# The text, what is said, and the hint.
REFUSED_IMPORTS = {
    "type=inline": ("type=inline can only be written", "type=registry,ref=IMAGE"),
    "type=registry": ("it has no ref=", "ref=HOST/REPOSITORY:TAG"),
    "type=registry,ref=A": ("upper-case", ""),
    "type=registry,ref=h.io/a,mode=max": ("mode belongs to --cache-to", "ref"),
    "type=registry,ref=h.io/a,rev=b": ("unknown attribute 'rev'", "Did you mean ref?"),
    "ref=h.io/a": ("it has no type=", "local"),
    "type=local": ("it has no src=", "src=DIRECTORY"),
    "type=local,src=": ("src must be given", ""),
    "type=local,dest=/c": ("dest belongs to --cache-to", "src"),
    "type=local,src=/c,digest=sha256:1": ("digest must be a digest such as sha256:", ""),
    "type=local,src=/c,tag=../x": ("tag must be letters, digits", ""),
    "type=gha,timeout=soon": ("timeout must be a duration such as 90s", ""),
    "type=gha,version=3": ("version must be 1 or 2, not '3'", ""),
    "type=gha,ref=a": ("unknown attribute 'ref'", "scope"),
    "type=s3,retry_max_attempts=0": ("retry_max_attempts must be a positive number", ""),
    "type=azblob,mode=max": ("mode belongs to --cache-to", ""),
}

REFUSED_EXPORTS = {
    "type=regsitry,ref=a": ("unknown type 'regsitry'", "Did you mean registry?"),
    "type=disk,dest=a": ("unknown type 'disk'", "Known: azblob, gha, inline, local, registry, s3."),
    "type=registry,mode=max": ("it has no ref=", ""),
    "type=registry,ref=h.io/a,mode=maximum": ("mode must be min or max, not 'maximum'", ""),
    "type=inline,ref=h.io/a": ("unknown attribute 'ref'", ""),
    "type=registry,ref=h.io/a,image-manifest=true,oci-mediatypes=false": ("image-manifest=true needs", ""),
    "type=registry,ref=h.io/a,compression=estargz,oci-mediatypes=false": ("compression=estargz needs", ""),
    "type=registry,ref=h.io/a,compression-level=12": ("0 to 9", ""),
    "type=local,src=/c": ("src belongs to --cache-from", "dest"),
    "type=local,mode=max": ("it has no dest=", ""),
    "type=local,dest=/c,modus=max": ("unknown attribute 'modus'", "Did you mean mode?"),
    "type=local,dest=/c,reset=yes": ("reset must be true or false", ""),
    "type=local,dest=/c,digest=sha256:1": ("digest belongs to --cache-from", ""),
    "type=s3,upload_parallelism=many": ("upload_parallelism must be a positive number", ""),
    "type=s3,compression=zstd": ("unknown attribute 'compression'", ""),
    "type=s3,touch_refresh=1 day": ("touch_refresh must be a duration", ""),
}


def kind_of(text: str) -> str:
    found = re.search(r"type=(\w+)", text)
    return found[1] if found else "registry"


@pytest.mark.parametrize("text", IMPORTS)
def test_imports(text: str) -> None:
    found = Cache.parse_import(text)
    assert (found.kind, found.attributes()) == (kind_of(text), IMPORTS[text])


@pytest.mark.parametrize("text", EXPORTS)
def test_exports(text: str) -> None:
    found = Cache.parse_export(text)
    assert (found.kind, found.attributes()) == (kind_of(text), EXPORTS[text])


@pytest.mark.parametrize("text", REFUSED_IMPORTS)
def test_refused_imports(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cache.parse_import(text)
    why, hint = REFUSED_IMPORTS[text]
    assert why in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", REFUSED_EXPORTS)
def test_refused_exports(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cache.parse_export(text)
    why, hint = REFUSED_EXPORTS[text]
    assert why in caught.value.message
    assert hint in caught.value.hint


def test_references_may_be_listed_in_one_text() -> None:
    assert split_references(["a,b:1", "type=registry,ref=c"]) == ["a", "b:1", "type=registry,ref=c"]


def test_an_inline_cache_has_one_mode() -> None:
    assert Cache.parse_export("type=inline,mode=max").idle == ("mode=max",)
    assert Cache.parse_export("type=registry,ref=a,mode=max").idle == ()


def test_a_local_directory_is_absolute_and_its_store_has_a_name_for_a_header() -> None:
    cache = Cache.parse_import("type=local,src=some/cache")
    assert cache.directory == os.path.abspath("some/cache")
    assert cache.store == f"local:{cache.directory}"
    assert cache.tag == "latest"
    odd = Cache.parse_export('type=local,"dest=/my caché,100%",tag=main')
    assert odd.directory == "/my caché,100%"
    assert odd.store == "local:/my%20cach%C3%A9%2C100%25"
    assert odd.attributes()["dest"] == odd.store.removeprefix("local:")
    assert odd.tag == "main"


SECRET = "swordfish"
TOLD: list[str] = [
    f"type=s3,bucket=b,regionn=r,secret_access_key={SECRET}",
    f"type=s3,bucket=b,secret_acess_key={SECRET}",
    f"type=s3,SESSION_TOKEN={SECRET},retry_mode=never",
    f'type=gha,"token={SECRET},{SECRET}",scoop=a',
    f"type=gha,token=abc,{SECRET}",
    f'type=gha,token=a"b,{SECRET}"',
    f'type=gha,"token={SECRET}',
    f'type=gha,x"token={SECRET},y"',
    f"tpye=azblob,secret_access_key={SECRET}",
    f"type=s3,endpoint_url=https://user:{SECRET}@s3.example.com,region=",
]


@pytest.mark.parametrize("text", TOLD)
def test_an_error_tells_no_secret(text: str) -> None:
    for parse in (Cache.parse_import, Cache.parse_export):
        with pytest.raises(UsageError) as caught:
            parse(text)
        assert SECRET not in str(caught.value)
        assert "***" in caught.value.message
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_repr_tells_no_secret_and_the_masks_have_it() -> None:
    cache = Cache.parse_export(
        f"type=s3,bucket=b,secret_access_key={SECRET},endpoint_url=https://user:{SECRET}-2@s3.example.com"
    )
    assert SECRET not in repr(cache)
    assert "bucket=b" in repr(cache)
    assert {SECRET, f"{SECRET}-2"} <= set(cache.masks())
    assert cache.attributes()["secret_access_key"] == SECRET
