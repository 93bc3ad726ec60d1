"""`--cache` against a registry: what a new daemon finds by branch; nothing that is missing fails a build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import BuildRequest, errors
from runner.cache.auto import BRANCHES
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
    """A CI system builds each commit in a new daemon. Docker's registry may fail concurrent uploads of a blob
    to one repository, so the caches have one of their own."""
    name, repository, times = f"auto-{count}", f"auto/{count}", len(PLATFORMS[count])

    def commit(number: int, branch: str, copy: str) -> Built:
        request = BuildRequest(
            context(tmp_path, name, copy),
            platforms=PLATFORMS[count],
            tags=[f"{registry.host}/{repository}:{number}"],
            push=True,
            cache=f"auto,ref={registry.host}/{repository}-cache",
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
    assert registry.tags(f"{repository}-cache") == ["buildcache-main", "buildcache-new", "buildcache-third"]
    assert "layers" in registry.manifest(f"{repository}-cache", "buildcache-main").json


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
    """The cache lies beside the image, which is pushed before: no blob is uploaded twice at once."""
    source = context(tmp_path / "work", "auto-git")
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_text("ref: refs/heads/fix/it\n")
    words = ("build", "--addr", buildkitd.address, "-t", f"{registry.host}/auto/git:1", "--push", str(source))
    silent = dict.fromkeys(BRANCHES, "")
    for cache in ("off", "auto"):
        done = command(*words, "--cache", cache, env=silent)
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
