"""What the environment gives caches: the same as in docker buildx."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.specs.cache import Cache

CACHE, RESULTS = "https://cache.example.com/", "https://results.example.com/"
GITHUB = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_RESULTS_URL": RESULTS}
AWS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "session"}

FILLED: list[tuple[str, Mapping[str, str], dict[str, str]]] = [
    ("type=gha", {}, {}),
    ("type=gha", {**GITHUB, "ACTIONS_CACHE_URL": CACHE}, {"token": "t", "url": CACHE}),
    ("type=gha", GITHUB, {"token": "t", "url": RESULTS}),
    ("type=gha,version=2", GITHUB, {"token": "t", "url": RESULTS, "url_v2": RESULTS, "version": "2"}),
    (
        "type=gha",
        {**GITHUB, "ACTIONS_CACHE_URL": CACHE, "ACTIONS_CACHE_SERVICE_V2": "True"},
        {"token": "t", "url": CACHE, "url_v2": RESULTS},
    ),
    (
        "type=gha,version=1",
        {**GITHUB, "ACTIONS_CACHE_SERVICE_V2": "1"},
        {"token": "t", "url": RESULTS, "version": "1"},
    ),
    ("type=gha", {**GITHUB, "ACTIONS_CACHE_SERVICE_V2": "yes"}, {"token": "t", "url": RESULTS}),
    ("type=gha,token=mine,url=https://a", GITHUB, {"token": "mine", "url": "https://a"}),
    (
        "type=s3,bucket=b",
        AWS,
        {"bucket": "b", "access_key_id": "id", "secret_access_key": "key", "session_token": "session"},
    ),
    ("type=s3,access_key_id=a,secret_access_key=b", AWS, {"access_key_id": "a", "secret_access_key": "b"}),
    ("type=s3,bucket=b", {"AWS_ACCESS_KEY_ID": "half"}, {"bucket": "b"}),
    ("type=registry,ref=h.io/a:1", {**AWS, **GITHUB}, {"ref": "h.io/a:1"}),
]


@pytest.mark.parametrize(("text", "environ", "attrs"), FILLED)
def test_filled(text: str, environ: Mapping[str, str], attrs: dict[str, str], tmp_path: Path) -> None:
    found = Cache.parse_import(text).with_environment({"HOME": str(tmp_path), **environ})
    assert found.attributes() == attrs


def test_the_file_of_aws(tmp_path: Path) -> None:
    file = tmp_path / ".aws" / "credentials"
    file.parent.mkdir()
    file.write_text(
        "[default]\naws_access_key_id = one\naws_secret_access_key = p%ss\n"
        "[ci]\naws_access_key_id = two\naws_secret_access_key = other\naws_session_token = s\n"
    )
    cache = Cache.parse_export("type=s3,bucket=b")

    def keys(**environ: str) -> dict[str, str]:
        found = cache.with_environment({"HOME": str(tmp_path), **environ}).attributes()
        return {key: value for key, value in found.items() if key != "bucket"}

    assert keys() == {"access_key_id": "one", "secret_access_key": "p%ss"}
    assert keys(AWS_PROFILE="ci") == {
        "access_key_id": "two",
        "secret_access_key": "other",
        "session_token": "s",
    }
    assert keys(AWS_PROFILE="none") == {}
    assert keys(**AWS)["access_key_id"] == "id"
    file.write_text("secret")
    with pytest.raises(UsageError) as caught:
        keys()
    assert str(file) in caught.value.message


def test_a_github_cache_without_a_token_cannot_work() -> None:
    cache = Cache.parse_export("type=gha")
    assert "ACTIONS_RUNTIME_TOKEN" in cache.lacks
    assert "ACTIONS_CACHE_URL" in cache.with_environment({"ACTIONS_RUNTIME_TOKEN": "t"}).lacks
    assert cache.with_environment(GITHUB).lacks == ""
    assert Cache.parse_export("type=s3").lacks == ""
