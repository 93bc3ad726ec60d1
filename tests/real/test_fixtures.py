"""The fixtures themselves: what other tests stand on."""

from __future__ import annotations

import os
from pathlib import Path

from tests.real.conftest import Buildctl, StartBuildkitd, StartRegistry
from tests.support import images
from tests.support.buildkitd import Buildkitd
from tests.support.registry import Registry


def test_buildctl_builds_and_pushes_from_the_base_image(
    buildctl: Buildctl, registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo hello > /made\nCMD cat /made\n")
    name = f"{registry.host}/fixtures/first:1"
    sources = (f"--local=context={tmp_path}", f"--local=dockerfile={tmp_path}")
    buildctl("build", "--frontend=dockerfile.v0", *sources, f"--output=type=image,name={name},push=true")
    assert registry.tags("fixtures/first") == ["1"]
    assert len(registry.manifest("fixtures/first", "1").json["layers"]) == 2
    assert registry.config("fixtures/first", "1")["config"]["Cmd"] == ["/bin/sh", "-c", "cat /made"]


def test_a_base_image_for_several_platforms_is_an_index(fresh_registry: StartRegistry) -> None:
    registry = fresh_registry()
    digest = images.push_busybox(registry, "library/many", ("1", "2"), ("linux/amd64", "linux/arm64"))
    index = registry.manifest("library/many", "2")
    assert index.digest == digest
    assert [one["platform"]["architecture"] for one in index.json["manifests"]] == ["amd64", "arm64"]


def test_nothing_of_a_daemon_is_left(fresh_buildkitd: StartBuildkitd) -> None:
    killed, stopped = fresh_buildkitd(), fresh_buildkitd()
    pids = [killed.pid, stopped.pid]
    killed.kill()
    killed.stop()
    stopped.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not killed.root.exists()
    assert str(stopped.root) not in Path("/proc/self/mountinfo").read_text()


def test_the_oldest_daemon_answers(oldest_buildkitd: Buildkitd) -> None:
    assert oldest_buildkitd.alive
    assert os.path.exists(oldest_buildkitd.address.removeprefix("unix://"))
