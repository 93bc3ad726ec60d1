"""Which daemons are too old for what a build asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.features import too_new, uses_new_features
from runner.request import BuildRequest, plan
from runner.wire import control


def solve(**fields: Any) -> control.SolveRequest:
    return plan(BuildRequest(".", **fields), ref="r", session="s").solve


S3 = "type=s3,bucket=b,region=r,access_key_id=a,secret_access_key=s"
NEW: list[tuple[dict[str, Any], str, str]] = [
    ({"attestations": ["type=provenance,mode=max,version=v1"]}, "v0.22.0", "--provenance version=v1"),
    ({"attestations": ["type=provenance,complete-materials=true"]}, "v0.30.9", "--provenance complete-mat"),
    ({"outputs": ["type=image,name=a,danging-name-empty-only=true"]}, "v0.20.2", "--output danging-name"),
    ({"cache_from": [f"{S3},retry_mode=adaptive"]}, "v0.29.0", "--cache-from retry_mode"),
    ({"cache_to": [f"{S3},retry_max_attempts=3"]}, "v0.29.0", "--cache-to retry_max_attempts"),
    ({"cache_to": [f"{S3},disable_accept_encoding=true"]}, "v0.29.0", "--cache-to disable_accept"),
    ({"build_args": {"SOURCE_DATE_EPOCH": "context"}}, "v0.29.0", "SOURCE_DATE_EPOCH=context"),
]


@pytest.mark.parametrize(("fields", "last", "feature"), NEW)
def test_an_older_daemon_does_not_know_it(fields: dict[str, Any], last: str, feature: str) -> None:
    asked = solve(**fields)
    assert uses_new_features(asked)
    first = f"v0.{int(last.split('.')[1]) + 1}"
    told = too_new(asked, last)
    assert told
    assert told.startswith(feature)
    assert told.endswith(f" needs {first} or newer")
    for version in (f"{first}.0", f"{first}.0-rc1", f"{first}.2+ds1", "v1.0.0"):
        assert too_new(asked, version) is None


@pytest.mark.parametrize("version", ["v0.0.0+unknown", "", "v2-dev", "moby"])
def test_a_version_that_says_nothing_counts_as_new(version: str) -> None:
    assert too_new(solve(attestations=["type=provenance,version=v1"]), version) is None


def test_the_newest_of_several_is_told() -> None:
    asked = solve(attestations=["type=provenance,version=v1,complete-materials=true"])
    assert too_new(asked, "v0.20.2") == "--provenance complete-materials needs v0.31 or newer"
    assert too_new(asked, "v0.25.0") == "--provenance complete-materials needs v0.31 or newer"


def test_what_every_daemon_knows_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    asked = solve(
        tags=["h.io/a"],
        push=True,
        outputs=["type=image,name=h.io/a,push=true,compression=zstd,oci-artifact=true"],
        build_args={"SOURCE_DATE_EPOCH": "17", "BUILDKIT_SYNTAX": "docker/dockerfile:1"},
        cache_from=["h.io/a", S3],
        cache_to=["type=inline", "type=registry,ref=h.io/c,mode=max,image-manifest=true", S3],
        attestations=["type=provenance,mode=max,version=v0.2", "type=sbom"],
        secrets=[f"id=s,src={tmp_path}/s"],
        platforms=["linux/amd64"],
    )
    assert not uses_new_features(asked)
    assert too_new(asked, "v0.20.2") is None
