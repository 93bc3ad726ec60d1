"""`--cache` against a registry: what a new daemon finds by branch; nothing that is missing fails a build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner import BuildRequest, errors, events
from runner.cache.auto import BRANCHES
from runner.metadata import OURS
from tests.real.conftest import StartBuildkitd, StartRegistry
from tests.support import images
from tests.support.buildkitd import Buildkitd
from tests.support.caches import FIRST, PLATFORMS, SECOND, Built, build, context, steps
from tests.support.command import Command
from tests.support.registry import Registry


@pytest.fixture(scope="module", autouse=True)
def both(registry: Registry) -> None:
    """The image both:latest of docker.io, for two platforms."""
    images.push_busybox(registry, "library/both", platforms=PLATFORMS["two"])


@pytest.mark.parametrize("count", PLATFORMS)
def test_a_branch_has_its_cache_and_falls_back_to_the_default_branchs(
    count: str, fresh_buildkitd: StartBuildkitd, registry: Registry, tmp_path: Path
) -> None:
    """A CI system builds each commit in a new daemon. The cache lies beside the image: it is written after
    it, so that no blob is uploaded twice at once, which Docker's registry may refuse."""
    name, repository, times = f"auto-{count}", f"auto/{count}", len(PLATFORMS[count])

    def commit(number: int, branch: str, copy: str) -> Built:
        request = BuildRequest(
            context(tmp_path, name, copy),
            platforms=PLATFORMS[count],
            tags=[f"{registry.host}/{repository}:{number}"],
            push=True,
            cache="auto",
        ).with_environment({"GITHUB_REF_NAME": branch})
        daemon = fresh_buildkitd()
        try:
            return build(daemon.address, request)
        finally:
            daemon.stop()

    everything = steps(name, FIRST + SECOND, times=times)
    before = steps(name, FIRST, times=times)
    assert commit(1, "main", "copied").ran == everything
    assert commit(2, "main", "copied").cached == everything
    assert commit(3, "new", "copied").cached == everything
    changed = commit(4, "new", "other")
    assert (changed.cached, len(changed.ran)) == (before, 2 * times)
    assert commit(5, "new", "other").ran == []
    assert commit(6, "main", "copied").ran == []
    third = commit(7, "third", "other")
    assert (third.cached, len(third.ran)) == (before, 2 * times)
    caches = [tag for tag in registry.tags(repository) if tag.startswith("buildcache-")]
    assert caches == ["buildcache-main", "buildcache-new", "buildcache-third"]
    assert "layers" in registry.manifest(repository, "buildcache-main").json


@pytest.mark.parametrize("count", PLATFORMS)
def test_a_cache_that_holds_the_build_already_is_not_written(
    count: str, buildkitd: Buildkitd, registry: Registry, tmp_path: Path
) -> None:
    """The third build is all cached in the daemon, but its layers are not in the cache of the second one."""
    repository = f"auto/current-{count}"

    def commit(copy: str) -> events.CacheExported:
        request = BuildRequest(
            context(tmp_path, repository, copy),
            platforms=PLATFORMS[count],
            tags=[f"{registry.host}/{repository}:1"],
            push=True,
            cache="auto,branch=main",
        )
        (exported,) = build(buildkitd.address, request).result.cache.exports
        assert (exported.kind, exported.name, exported.error) == ("registry", name, "")
        return exported

    name = f"{registry.host}/{repository}:buildcache-main"
    first = commit("copied")
    assert (first.current, first.blobs_there, first.bytes_there) == (False, 0, 0)
    written = registry.manifest(repository, "buildcache-main")
    assert first.blobs == len({layer["digest"] for layer in written.json["layers"]}) + 1
    assert commit("copied")[5:] == (True, None, None, None, None)
    assert registry.manifest(repository, "buildcache-main") == written
    changed = commit("other")
    assert changed.blobs is not None
    assert changed.blobs_there is not None
    assert 0 < changed.blobs_there < changed.blobs
    assert not commit("copied").current
    assert commit("copied").current


def test_a_daemon_that_began_empty_knows_what_a_cache_saved(
    command: Command, registry: Registry, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM busybox\nCOPY file /\nRUN sleep 0.3\nRUN cat /file\n")
    (source / "file").write_text("one")
    name = f"{registry.host}/auto/saved"
    words = ["build", "--daemon", "own", "-t", f"{name}:1", "--push", "--cache", "auto,branch=main"]
    words += ["--insecure-registry", registry.host, "--registry-mirror", f"docker.io={registry.host}"]

    def commit(root: str) -> tuple[dict[str, Any], str]:
        metadata = tmp_path / "metadata"
        done = command(*words, "--root", tmp_path / root, "--metadata-file", metadata, source)
        assert done.code == 0, done.stderr
        return json.loads(metadata.read_text())[OURS]["cache"], done.stderr

    first, _ = commit("a")
    assert (first["built"], first["sources"]) == (3, [])
    again, _ = commit("a")
    assert (again["cached"], again["sources"]) == (3, [])  # its own store may have given them
    second, shown = commit("b")
    (found,) = second["sources"]
    assert (found["name"], found["steps"]) == (f"{name}:buildcache-main", 3)
    assert 0.3 <= found["saved"] < 30
    assert f" s saved; imported {name}:buildcache-main; {name}:buildcache-main is up to date\n" in shown
    (source / "file").write_text("two")
    third, shown = commit("c")
    assert (third["cached"], third["sources"]) == (0, [])
    assert f"; exported {name}:buildcache-main (" in shown
    fourth, _ = commit("d")
    assert fourth["sources"][0]["steps"] == 3
    assert fourth["sources"][0]["saved"] >= 0.3


def test_an_inline_cache_is_found_under_the_branchs_tag(
    fresh_buildkitd: StartBuildkitd, registry: Registry, tmp_path: Path
) -> None:
    def commit(number: int, branch: str) -> Built:
        tag = branch.replace("/", "-")
        request = BuildRequest(
            context(tmp_path, "auto-inline"),
            tags=[f"{registry.host}/auto/inline:{number}", f"{registry.host}/auto/inline:{tag}"],
            push=True,
            cache=f"inline,branch={branch}",
        )
        daemon = fresh_buildkitd()
        try:
            return build(daemon.address, request)
        finally:
            daemon.stop()

    everything = steps("auto-inline", FIRST + SECOND)
    assert commit(1, "feature/x").ran == everything
    assert commit(2, "feature/x").cached == everything
    assert commit(3, "main").ran == everything
    assert commit(4, "other").cached == everything


def test_a_cache_that_cannot_be_written_fails_only_if_asked(
    buildkitd: Buildkitd, fresh_registry: StartRegistry, tmp_path: Path
) -> None:
    """A registry that only reads, under another name than the image's."""
    readonly = fresh_registry({"REGISTRY_STORAGE_MAINTENANCE_READONLY": "{enabled: true}"})
    source, cache = context(tmp_path, "auto-readonly"), f"auto,ref={readonly.host}/app-cache"
    done = build(buildkitd.address, BuildRequest(source, cache=cache))
    assert done.ran == steps("auto-readonly", FIRST + SECOND)
    with pytest.raises(errors.Error, match="cache"):
        build(buildkitd.address, BuildRequest(source, cache=f"{cache},ignore-error=false"))
    assert readonly.tags("app-cache") == []


def test_the_command_reads_the_branch_from_git(
    command: Command, buildkitd: Buildkitd, registry: Registry, tmp_path: Path
) -> None:
    source = context(tmp_path / "work", "auto-git")
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_text("ref: refs/heads/fix/it\n")
    words = ("build", "--addr", buildkitd.address, "-t", f"{registry.host}/auto/git:1", "--push", str(source))
    silent = dict.fromkeys(BRANCHES, "")
    done = command(*words, "--cache", "auto", env=silent)
    assert done.code == 0, done.stderr
    [cache] = [tag for tag in registry.tags("auto/git") if tag != "1"]
    assert cache.startswith("buildcache-fix-it-")


def test_the_pair_of_an_inline_cache_and_the_pushed_name(
    command: Command, fresh_buildkitd: StartBuildkitd, registry: Registry, tmp_path: Path
) -> None:
    """As workflows have it that push one name: it hits once that name was pushed with a cache in it."""
    source, name = context(tmp_path / "work", "auto-pair"), f"{registry.host}/auto/pair:latest"
    output = f"type=image,name={name},push=true,registry.insecure=true"
    cached = []
    for number in range(2):
        daemon, events = fresh_buildkitd(), tmp_path / f"events-{number}"
        words = ("build", "--addr", daemon.address, "--events", events, "--output", output)
        pair = ("--cache-to", "type=inline", "--cache-from", f"type=registry,ref={name}")
        done = command(*words, *pair, str(source))
        assert done.code == 0, done.stderr
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        cached.append(sum(line.get("type") == "CacheHit" for line in lines))
        daemon.stop()
    assert cached[0] == 0
    assert cached[1] >= len(FIRST + SECOND)
