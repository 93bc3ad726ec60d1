"""The oldest daemon that is supported: a build, its session, and its cancelling work on it too."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from runner import BuildRequest, Client, errors, events
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command
from tests.support.registry import Registry


def test_its_version_is_the_one_that_readme_names(oldest_buildkitd: Buildkitd) -> None:
    with Client(oldest_buildkitd.address) as client:
        assert client.info().version.startswith("v0.20.")


def test_it_builds_and_pushes(tmp_path: Path, oldest_buildkitd: Buildkitd, registry: Registry) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox\nCOPY a /\nRUN --mount=type=secret,id=s,required=true cmp /a /run/secrets/s\n"
    )
    (tmp_path / "a").write_text("the same")
    request = BuildRequest(
        tmp_path,
        tags=[f"{registry.host}/oldest/image:1"],
        push=True,
        secrets=[f"id=s,src={tmp_path}/a"],
        platforms=["linux/amd64"],
    )
    with Client(oldest_buildkitd.address) as client:
        result = client.build(request)
    assert result.digest == registry.manifest("oldest/image", "1").digest


def test_it_tells_of_each_exporter(tmp_path: Path, oldest_buildkitd: Buildkitd, registry: Registry) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    outputs = [
        f"type=image,name={registry.host}/oldest/{name}:1,push=true,registry.insecure=true,compression={name},"
        "force-compression=true"
        for name in ("gzip", "zstd")
    ]
    with Client(oldest_buildkitd.address) as client:
        result = client.build(BuildRequest(tmp_path, outputs=outputs))
    made = [exporter.descriptor for exporter in result.exporters]
    pushed = [registry.manifest(f"oldest/{name}", "1").digest for name in ("gzip", "zstd")]
    assert [descriptor.digest for descriptor in made if descriptor] == pushed


def test_a_build_on_it_can_be_cancelled(tmp_path: Path, oldest_buildkitd: Buildkitd) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM busybox\nRUN echo begun; sleep {time.monotonic_ns()}\n")
    began = time.monotonic()
    with Client(oldest_buildkitd.address) as client, client.start(BuildRequest(tmp_path)) as build:
        for event in build:
            if isinstance(event, events.VertexLog):
                threading.Thread(target=build.cancel).start()
        with pytest.raises(errors.Cancelled):
            build.result()
    assert time.monotonic() - began < 10


def test_a_failed_step_is_reported(tmp_path: Path, oldest_buildkitd: Buildkitd) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo why && exit 3\n")
    with Client(oldest_buildkitd.address) as client, pytest.raises(errors.BuildFailed) as caught:
        client.build(BuildRequest(tmp_path))
    assert "exit code: 3" in str(caught.value)
    assert "why" in caught.value.report


def test_what_it_does_not_know_is_refused_before_the_build(
    tmp_path: Path, oldest_buildkitd: Buildkitd, command: Command
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo not-run\n")
    words = ("build", "--addr", oldest_buildkitd.address, "-t", "a", str(tmp_path))
    done = command(*words, "--provenance", "mode=max,version=v1")
    assert (done.code, done.stdout) == (2, "")
    assert "not-run" not in done.stderr
    version = "error: the daemon at .* is BuildKit v0.20.[0-9]+; --provenance version=v1 needs v0.23 or newer"
    assert re.search(f"^{version}$", done.stderr, re.MULTILINE), done.stderr
    done = command(*words, "--provenance", "mode=max,version=v0.2")
    assert done.code == 0, done.stderr
