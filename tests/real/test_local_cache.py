"""Caches in local directories: several at once, several builds on one, builds that are killed, bad ones."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runner import BuildRequest, Client, errors
from tests.cache.exports import blobs, tags
from tests.real.conftest import StartBuildkitd
from tests.support import images
from tests.support.buildkitd import Buildkitd
from tests.support.caches import FIRST, SECOND, build, buildctl, cached_by_buildctl, context, steps
from tests.support.command import Command
from tests.support.registry import Registry

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module", autouse=True)
def both(registry: Registry) -> None:
    """The image both:latest of docker.io."""
    images.push_busybox(registry, "library/both")


def media_types(path: Path) -> list[str]:
    return [entry["mediaType"] for entry in json.loads((path / "index.json").read_text())["manifests"]]


def test_two_in_one_solve_have_a_manifest_each(
    tmp_path: Path, buildkitd: Buildkitd, fresh_buildkitd: StartBuildkitd
) -> None:
    """The daemon's answer has one manifest for both."""
    source, one, two = context(tmp_path / "context", "twins"), tmp_path / "one", tmp_path / "two"
    caches = [f"type=local,dest={one}", f"type=local,dest={two},image-manifest=false,tag=main"]
    made = build(buildkitd.address, BuildRequest(source, cache_to=caches))
    assert (media_types(one), media_types(two)) == ([MANIFEST], [INDEX])
    digests = {tags(one)["latest"], tags(two)["main"]}
    assert len(digests) == 2
    assert json.loads(made.result.response["cache.manifest"])["digest"] in digests
    assert tags(one)["latest"] not in blobs(two)
    for spec in (f"type=local,src={one}", f"type=local,src={two},tag=main"):
        again = build(fresh_buildkitd().address, BuildRequest(source, cache_from=[spec], tags=["x/y:1"]))
        assert (again.cached, again.ran) == (steps("twins", FIRST + SECOND), [])


@pytest.mark.parametrize("form", ["", ",image-manifest=false", ",oci-mediatypes=false"])
def test_what_buildctl_exported(
    form: str, tmp_path: Path, tools: Path, buildkitd: Buildkitd, fresh_buildkitd: StartBuildkitd
) -> None:
    name = f"buildctl{len(form)}"
    source = context(tmp_path / "context", name)
    done = buildctl(
        tools, buildkitd.address, source, f"--export-cache=type=local,dest={tmp_path}/cache,mode=max{form}"
    )
    assert done.returncode == 0, done.stderr
    again = build(
        fresh_buildkitd().address,
        BuildRequest(
            source,
            cache_from=[f"type=local,src={tmp_path}/cache"],
            cache_to=[f"type=local,dest={tmp_path}/cache,mode=max,tag=ours{form}"],
        ),
    )
    assert (again.cached, again.ran) == (steps(name, FIRST + SECOND), [])
    assert set(tags(tmp_path / "cache")) == {"latest", "ours"}
    assert again.notices == [
        "no output was asked for: the result stays in the build cache (-t names an image)"
    ]


def test_what_buildctl_exported_to_a_registry(
    tmp_path: Path, tools: Path, buildkitd: Buildkitd, fresh_buildkitd: StartBuildkitd, registry: Registry
) -> None:
    source, target = context(tmp_path, "registry"), f"{registry.host}/cache/buildctl:max"
    done = buildctl(tools, buildkitd.address, source, f"--export-cache=type=registry,ref={target},mode=max")
    assert done.returncode == 0, done.stderr
    again = build(fresh_buildkitd().address, BuildRequest(source, cache_from=[target], tags=["x/y:1"]))
    assert (again.cached, again.ran) == (steps("registry", FIRST + SECOND), [])


def test_reset_keeps_the_directory_from_growing(tmp_path: Path, buildkitd: Buildkitd) -> None:
    cache = tmp_path / "cache"
    sizes = []
    for number in range(3):
        source = context(tmp_path / "context", f"reset-{number}")
        build(
            buildkitd.address, BuildRequest(source, cache_to=[f"type=local,dest={cache},mode=max,reset=true"])
        )
        sizes.append(len(blobs(cache)))
    assert sizes == [sizes[0]] * 3


def test_a_hundred_builds_in_parallel_and_buildctl_on_one_directory(
    tmp_path: Path, tools: Path, buildkitd: Buildkitd, fresh_buildkitd: StartBuildkitd
) -> None:
    cache, rounds = tmp_path / "cache", {"one": 100, "two": 100, "three": 5}
    failures: list[object] = []

    def ours(name: str, number: int) -> None:
        spec = f"dest={cache},mode=max,tag={name},reset=true"
        source = context(tmp_path / name, f"{name}-{number}")
        build(
            buildkitd.address,
            BuildRequest(
                source, cache_to=[f"type=local,{spec}"], cache_from=[f"type=local,src={cache},tag={name}"]
            ),
        )

    def theirs(name: str, number: int) -> None:
        source = context(tmp_path / name, f"{name}-{number}")
        specs = (f"dest={cache},mode=max,tag={name}", f"src={cache},tag={name}")
        arguments = (f"--export-cache=type=local,{specs[0]}", f"--import-cache=type=local,{specs[1]}")
        done = buildctl(tools, buildkitd.address, source, *arguments)
        if "could not lock" in done.stderr:  # It never waits, not for another buildctl either.
            done = buildctl(tools, buildkitd.address, source, *arguments)
        assert done.returncode == 0, done.stderr

    def run(work: Callable[[str, int], None], name: str) -> None:
        try:
            for number in range(rounds[name]):
                work(name, number)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=run, args=given)
        for given in ((ours, "one"), (ours, "two"), (theirs, "three"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(tags(cache)) == {"one", "two", "three"}
    fresh = fresh_buildkitd()
    for name in tags(cache):
        last = f"{name}-{rounds[name] - 1}"
        source = context(tmp_path / "last", last)
        done = buildctl(tools, fresh.address, source, f"--import-cache=type=local,src={cache},tag={name}")
        assert cached_by_buildctl(done) == steps(last, FIRST + SECOND), done.stderr
        again = build(
            fresh.address,
            BuildRequest(source, cache_from=[f"type=local,src={cache},tag={name}"], tags=["x/y:1"]),
        )
        assert again.ran == []


def test_a_build_killed_in_the_middle_of_an_export_leaves_the_old_cache(
    tmp_path: Path, buildkitd: Buildkitd, fresh_buildkitd: StartBuildkitd, command: Command, tools: Path
) -> None:
    cache, source = tmp_path / "cache", context(tmp_path / "context", "kept")
    build(buildkitd.address, BuildRequest(source, cache_to=[f"type=local,dest={cache},mode=max"]))
    before = tags(cache)
    large = tmp_path / "large"
    large.mkdir()
    (large / "Dockerfile").write_text("FROM both\nRUN head -c 300000000 /dev/zero > /large\n")
    spec = f"type=local,dest={cache},mode=max,compression=uncompressed,force-compression=true,reset=true"
    words = ("build", "--addr", buildkitd.address, "--cache-to", spec, large)
    with command.popen(*words) as process:
        until = time.monotonic() + 30
        while max(half_blobs(cache), default=0) < 8 << 20:
            assert process.poll() is None
            assert time.monotonic() < until
        process.kill()
    assert tags(cache) == before
    assert 8 << 20 <= max(half_blobs(cache)) < 300_000_000
    fresh = fresh_buildkitd()
    done = buildctl(tools, fresh.address, source, f"--import-cache=type=local,src={cache}")
    assert cached_by_buildctl(done) == steps("kept", FIRST + SECOND)
    assert command(*words).code == 0
    assert tags(cache) != before
    assert half_blobs(cache) == []
    again = build(
        fresh_buildkitd().address, BuildRequest(large, cache_from=[f"type=local,src={cache}"], tags=["x/y:1"])
    )
    assert again.ran == []


def half_blobs(cache: Path) -> list[int]:
    """The sizes of blobs that are being written, or were. Files may go while this looks."""
    sizes = []
    for name in os.listdir(cache / "ingest"):
        with suppress(FileNotFoundError):
            sizes.append((cache / "ingest" / name / "data").stat().st_size)
    return sizes


def test_a_directory_whose_name_no_header_can_hold(
    tmp_path: Path, buildkitd: Buildkitd, fresh_buildkitd: StartBuildkitd
) -> None:
    source, cache = context(tmp_path / "context", "named"), tmp_path / "cachés & 100% more"
    build(buildkitd.address, BuildRequest(source, cache_to=[f"type=local,dest={cache}"]))
    request = BuildRequest(source, cache_from=[f"type=local,src={cache}"], tags=["x/y:1"])
    assert build(fresh_buildkitd().address, request).ran == []


def test_nothing_to_import_is_a_notice(tmp_path: Path, buildkitd: Buildkitd) -> None:
    source = context(tmp_path / "context", "first")
    made = build(buildkitd.address, BuildRequest(source, cache_from=[f"type=local,src={tmp_path}/none"]))
    assert (
        f"--cache-from: nothing is imported from {tmp_path}/none: there is no such directory yet"
        in made.notices
    )
    assert not (tmp_path / "none").exists()


def test_a_directory_that_goes_away_during_the_build_fails_it_with_its_name(
    tmp_path: Path, buildkitd: Buildkitd
) -> None:
    cache, source = tmp_path / "cache", context(tmp_path / "context", "away")
    with Client(buildkitd.address) as client:
        build = client.start(BuildRequest(source, cache_to=[f"type=local,dest={cache}"]))
        (cache / "ingest").rmdir()
        (cache / "ingest").write_text("")
        with pytest.raises(errors.Error) as caught:
            build.result()
    assert caught.value.message == f"writing the cache in {cache}: Not a directory"


BAD = {
    "--cache-to=type=local,dest={tmp}/c,modus=max": ("unknown attribute 'modus'", "Did you mean mode?"),
    "--cache-to=type=locale,dest={tmp}/c": ("unknown type 'locale'", "Did you mean local?"),
    "--cache-to=type=local,dest={tmp}/c,mode=maximum": ("mode must be min or max, not 'maximum'", ""),
    "--cache-to=type=registry,mode=max": ("it has no ref=", "Such as ref="),
    "--cache-to=type=local,dest={tmp}/file/c": ("/file/c: Not a directory", "Name a directory of its own."),
    "--cache-to=type=local,dest={tmp}": ("it is not a cache, but has", "Name a directory of its own."),
    "--cache-to=type=local,dest=/proc/c": ("in /proc/c: ", "Name a directory of its own."),
    "--cache-from=type=local,src={tmp}": ("it is not a cache, but has", ""),
    "--cache-from=type=local,src={tmp}/damaged": ("index.json is not valid JSON", "Remove the directory"),
    "--cache-from=type=local,dest={tmp}/c": ("dest belongs to --cache-to", ""),
}


@pytest.mark.parametrize("flag", BAD)
def test_bad_ones_end_the_command_before_anything_starts(flag: str, tmp_path: Path, command: Command) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/index.json").write_text("{")
    source = context(tmp_path / "context", "bad")
    before = sorted(os.listdir(tmp_path))
    done = command("build", "--addr", f"unix://{tmp_path}/none.sock", flag.format(tmp=tmp_path), source)
    assert (done.code, done.stdout) == (2, "")
    why, hint = BAD[flag]
    assert why in done.stderr
    assert hint in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert sorted(os.listdir(tmp_path)) == before
