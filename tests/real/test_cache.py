"""Caches of every kind: what a fresh daemon finds in them, and what buildctl finds in ours."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from runner import BuildRequest
from tests.real.conftest import StartBuildkitd
from tests.support import images
from tests.support.buildkitd import Buildkitd
from tests.support.caches import FIRST, PLATFORMS, SECOND, build, buildctl, cached_by_buildctl, context, steps
from tests.support.registry import Registry


@pytest.fixture(scope="module", autouse=True)
def both(registry: Registry) -> None:
    """The image both:latest of docker.io, for two platforms."""
    images.push_busybox(registry, "library/both", platforms=PLATFORMS["two"])


class Exported(NamedTuple):
    """A build's caches by kind, as imports name them; the platforms of the build and the image's layers."""

    platforms: list[str]
    name: str
    sources: dict[str, str]
    layers: list[str]


def layers(registry: Registry, repository: str, tag: str) -> list[str]:
    """The digests of all layers of an image, or of those of its platforms."""
    manifest = registry.manifest(repository, tag).json
    if "layers" in manifest:
        return [layer["digest"] for layer in manifest["layers"]]
    return [d for part in manifest["manifests"] for d in layers(registry, repository, part["digest"])]


@pytest.fixture(scope="module", params=PLATFORMS)
def exported(
    request: pytest.FixtureRequest,
    buildkitd: Buildkitd,
    registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Exported:
    """One Solve exports to what holds the image's layers only, a second one to what holds everything."""
    name, folder = str(request.param), tmp_path_factory.mktemp("exported")
    repository, platforms = f"cache/{name}", PLATFORMS[str(request.param)]
    source, host = context(folder / "context", name), registry.host
    target = f"{host}/{repository}"
    small = ["type=inline", f"type=registry,ref={target}-min", f"type=local,dest={folder}/min"]
    large = [
        f"{kind},mode=max" for kind in (f"type=registry,ref={target}-max", f"type=local,dest={folder}/max")
    ]
    first = BuildRequest(source, platforms=platforms, cache_to=small, tags=[f"{target}:image"], push=True)
    assert build(buildkitd.address, first).ran == steps(name, FIRST + SECOND, times=len(platforms))
    build(buildkitd.address, BuildRequest(source, platforms=platforms, cache_to=large))
    sources = {
        "inline": f"{target}:image",
        "registry-min": f"{target}-min",
        "registry-max": f"type=registry,ref={target}-max",
        "local-min": f"type=local,src={folder}/min",
        "local-max": f"type=local,src={folder}/max",
    }
    return Exported(platforms, name, sources, layers(registry, repository, "image"))


@pytest.mark.parametrize("kind", ["inline", "registry-min", "registry-max", "local-min", "local-max"])
def test_a_fresh_daemon_finds_every_step(
    kind: str, exported: Exported, fresh_buildkitd: StartBuildkitd, registry: Registry, tmp_path: Path
) -> None:
    daemon, times = fresh_buildkitd(), len(exported.platforms)
    source, target = exported.sources[kind], f"cache/{exported.name}-again"
    request = BuildRequest(
        context(tmp_path, exported.name),
        platforms=exported.platforms,
        cache_from=[source],
        tags=[f"{registry.host}/{target}:{kind}"],
        push=True,
    )
    same = build(daemon.address, request)
    assert (same.cached, same.ran) == (steps(exported.name, FIRST + SECOND, times=times), [])
    assert layers(registry, target, kind) == exported.layers
    changed = build(
        daemon.address,
        BuildRequest(
            context(tmp_path, exported.name, "other"),
            platforms=exported.platforms,
            cache_from=[source],
            tags=["x/y:1"],
        ),
    )
    first = steps(exported.name, FIRST, times=times)
    assert set(changed.cached) == (set(first) if kind.endswith("max") else set())
    assert changed.notices == [
        "the image is not pushed: it stays in the daemon until its cache is pruned (--push pushes it)"
    ]


def test_buildctl_finds_what_we_exported(
    exported: Exported, fresh_buildkitd: StartBuildkitd, tools: Path, tmp_path: Path
) -> None:
    source = context(tmp_path, exported.name)
    for kind in ("registry-max", "local-min"):
        spec = exported.sources[kind]
        spec = spec if "=" in spec else f"type=registry,ref={spec}"
        done = buildctl(
            tools,
            fresh_buildkitd().address,
            source,
            f"--import-cache={spec}",
            f"--opt=platform={','.join(exported.platforms)}",
            "--output=type=image,name=x/y:1",
        )
        assert cached_by_buildctl(done) == steps(exported.name, FIRST + SECOND, times=len(exported.platforms))
