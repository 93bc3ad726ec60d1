"""The command against a real daemon and a real registry: what it prints, writes and returns."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.real.conftest import StartRegistry
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command, Ran
from tests.support.registry import Registry


class Build:
    """Runs `build` on the shared daemon, in a directory whose Dockerfile it writes."""

    def __init__(self, command: Command, address: str, folder: Path) -> None:
        self.folder = folder
        self.command = command
        self.address = address

    def __call__(self, dockerfile: str, *words: str, **env: str) -> Ran:
        (self.folder / "Dockerfile").write_text(dockerfile)
        return self.command("build", "--addr", self.address, *words, ".", cwd=self.folder, env=env)


@pytest.fixture
def build(command: Command, buildkitd: Buildkitd, tmp_path: Path) -> Build:
    folder = tmp_path / "context"
    folder.mkdir()
    return Build(command, buildkitd.address, folder)


def test_stdout_has_a_line_for_each_name(build: Build, registry: Registry) -> None:
    names = [f"{registry.host}/command/one:1", f"{registry.host}/command/two:latest"]
    done = build(
        "FROM busybox\nRUN echo hi\n", "-t", names[0], "-t", names[1].removesuffix(":latest"), "--push"
    )
    assert done.code == 0, done.stderr
    digest = registry.manifest("command/one", "1").digest
    assert done.stdout == f"{names[0]}@{digest}\n{names[1]}@{digest}\n"
    assert "RUN echo hi" in done.stderr


def test_quiet_prints_the_id_alone(build: Build, registry: Registry) -> None:
    done = build("FROM busybox\nLABEL a=quiet\n", "-qt", f"{registry.host}/command/quiet:1", "--push")
    assert (done.code, done.stderr) == (0, "")
    manifest = registry.manifest("command/quiet", "1")
    assert done.stdout == f"{manifest.json['config']['digest']}\n"


def test_nothing_made_prints_nothing(build: Build) -> None:
    empty = (
        "--cache-from=",
        "--cache-to=",
        "--secret=",
        "--output=",
        "--platform=",
        "--provenance=",
        "--file=",
    )
    for progress in ("none", "quiet"):
        done = build("FROM busybox\n", f"--progress={progress}", "-o", "type=cacheonly", *empty)
        assert done == Ran(0, "", "")


def test_result_files(build: Build, registry: Registry) -> None:
    name = f"{registry.host}/command/files:1"
    done = build(
        "FROM scratch\nCOPY Dockerfile /\n", "-t", name, "--push", "--platform", "linux/amd64,linux/arm64",
        "--metadata-file", "meta.json", "--iidfile", "iid", "--events", "events",
    )  # fmt: skip
    assert done.code == 0, done.stderr
    index = registry.manifest("command/files", "1")
    assert (build.folder / "iid").read_text() == index.digest
    found = json.loads((build.folder / "meta.json").read_text())
    assert found["containerimage.digest"] == index.digest
    assert found["containerimage.descriptor"]["digest"] == index.digest
    assert found["image.name"] == name
    platforms = found["buildkit-runner.build"]["exporters"][0]["platforms"]
    assert {p: d["digest"] for p, d in platforms.items()} == {
        f"linux/{entry['platform']['architecture']}": entry["digest"] for entry in index.json["manifests"]
    }
    last = json.loads((build.folder / "events").read_text().splitlines()[-1])
    assert (last["type"], last["digest"]) == ("Finished", index.digest)
    assert sorted(path.name for path in build.folder.iterdir()) == [
        "Dockerfile",
        "events",
        "iid",
        "meta.json",
    ]


def test_a_failed_build_leaves_no_result(build: Build) -> None:
    for name in ("meta.json", "iid"):
        (build.folder / name).write_text("old")
    done = build(
        "FROM busybox\nRUN echo why; exit 3\n", "-t", "a", "--metadata-file=meta.json", "--iidfile=iid"
    )
    assert (done.code, done.stdout) == (1, "")
    assert "why" in done.stderr
    assert "exit code: 3" in done.stderr.splitlines()[-1]
    assert not [path.name for path in build.folder.iterdir() if path.name != "Dockerfile"]


def test_a_build_that_takes_too_long(build: Build) -> None:
    done = build("FROM busybox\nRUN sleep 60\n", "--no-cache", "--timeout", "500ms")
    assert done.code == 1
    assert done.stderr.splitlines()[-1].startswith("error: the build did not end within 0.5 s")


def test_the_environment_gives_build_arguments(build: Build) -> None:
    config = build.folder / "config.json"
    config.write_text('{"proxies": {"default": {"httpProxy": "http://me:hunter22@proxy.example:1"}}}')
    dockerfile = (
        "FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo $SOURCE_DATE_EPOCH $http_proxy $HTTP_PROXY; false\n"
    )
    done = build(
        dockerfile,
        "--progress=plain",
        SOURCE_DATE_EPOCH="1700000000",
        DOCKER_CONFIG=str(build.folder),
        https_proxy="http://not-for-the-build.example",
    )
    assert done.code == 1
    assert "1700000000" in done.stderr
    assert "http://***@proxy.example:1" in done.stderr
    assert "hunter22" not in done.stderr
    assert "not-for-the-build" not in done.stderr


def test_secrets_reach_a_step(build: Build, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    done = build(
        "FROM busybox\nRUN --mount=type=secret,id=a --mount=type=secret,id=b,env=B "
        'test "$(cat /run/secrets/a) $B" = "one two"\n',
        "--secret", f"id=a,src={tmp_path}/token", "--secret", "id=b,env=SECOND",
        SECOND="two",
    )  # fmt: skip
    assert done.code == 0, done.stderr


def test_the_seeds_build_command_in_our_flags(build: Build, registry: Registry) -> None:
    image = f"{registry.host}/command/seed:1"
    words = (
        "--output", f"type=image,name={image},push=true,registry.insecure=true",
        "--cache-to", "type=inline", "--cache-from", f"type=registry,ref={image}",
    )  # fmt: skip
    dockerfile = "FROM busybox\nRUN head -c 20 /dev/urandom >/x\n"
    first = build(dockerfile, *words)
    assert first.code == 0, first.stderr
    again = build(dockerfile, *words)
    assert again.code == 0, again.stderr
    assert f"importing cache manifest from {image}" in again.stderr
    assert again.stdout == f"{image}@{registry.manifest('command/seed', '1').digest}\n"
    assert "moby.buildkit.cache.v0" in registry.config("command/seed", "1")


def test_a_registry_cache(build: Build, fresh_registry: StartRegistry, tmp_path: Path) -> None:
    plain = fresh_registry()
    ref = f"{plain.host}/cache:1"
    words = ("-o", "type=cacheonly", "--insecure-registry", plain.host)
    dockerfile = f"FROM busybox\nRUN echo {tmp_path} >/x\n"
    done = build(dockerfile, *words, "--cache-to", f"type=registry,ref={ref},mode=max,compression=zstd")
    assert done.code == 0, done.stderr
    assert plain.manifest("cache", "1").json["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    done = build(dockerfile, *words, "--cache-from", ref, "--no-cache=false")
    assert done.code == 0, done.stderr
    assert f"importing cache manifest from {ref}" in done.stderr


def test_attestations_are_made_only_when_asked_for(build: Build, registry: Registry) -> None:
    name = f"{registry.host}/command/attested"
    done = build("FROM busybox\nLABEL a=attest\n", "-t", f"{name}:none", "--push")
    assert done.code == 0, done.stderr
    done = build("FROM busybox\nLABEL a=attest\n", "-t", f"{name}:max", "--push", "--provenance", "mode=max")
    assert done.code == 0, done.stderr
    assert "manifests" not in registry.manifest("command/attested", "none").json
    kinds = [
        entry.get("annotations", {}).get("vnd.docker.reference.type")
        for entry in registry.manifest("command/attested", "max").json["manifests"]
    ]
    assert kinds == [None, "attestation-manifest"]


def test_notices_are_said_once(build: Build) -> None:
    done = build("FROM busybox\n", "-o", "type=image,name=a:1,unpack=true")
    assert done.code == 0, done.stderr
    assert done.stderr.count("unpack=true has no effect") == 1
    assert done.stderr.count("the image is not pushed") == 1


@pytest.mark.parametrize(("closed", "code"), [("2>&-", 0), (">&-", 1), (">&- 2>&-", 1)])
def test_closed_streams_do_not_end_a_build(
    build: Build, registry: Registry, closed: str, code: int, tmp_path: Path
) -> None:
    (build.folder / "Dockerfile").write_text(f"FROM scratch\nCOPY Dockerfile {tmp_path}\n")
    name = f"{registry.host}/command/closed:{tmp_path.name}"
    line = (
        f"exec {build.command.program} build --addr {build.address} -t {name} --push --iidfile iid . {closed}"
    )
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=build.folder,
        env=build.command.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    digest = registry.manifest("command/closed", tmp_path.name).digest
    assert done.stdout == ("" if ">&-" in closed.split() else f"{name}@{digest}\n")
    assert (build.folder / "iid").exists()


@pytest.mark.parametrize("flag", ["--metadata-file", "--events"])
def test_a_result_is_printed_although_a_file_cannot_be_written(
    build: Build, registry: Registry, flag: str
) -> None:
    name = f"{registry.host}/command/full:1"
    done = build("FROM scratch\nCOPY Dockerfile /full\n", "-t", name, "--push", flag, "/dev/full")
    assert done.code == 1
    assert done.stdout == f"{name}@{registry.manifest('command/full', '1').digest}\n"
    assert "/dev/full: No space left on device" in done.stderr.splitlines()[-1]


def test_names_at_secure_and_insecure_registries(
    build: Build, registry: Registry, fresh_registry: StartRegistry
) -> None:
    plain = fresh_registry()
    names = [f"{plain.host}/both/a:1", f"{registry.host}/both/b:1", f"{plain.host}/both/c:1"]
    tags = [word for name in names for word in ("-t", name)]
    insecure = ("--insecure-registry", plain.host)
    done = build("FROM busybox\n", *tags, "--push", *insecure, "--metadata-file=meta.json")
    assert done.code == 0, done.stderr
    digest = registry.manifest("both/b", "1").digest
    assert done.stdout == "".join(f"{name}@{digest}\n" for name in names)
    assert json.loads((build.folder / "meta.json").read_text())["image.name"] == ",".join(names)


def test_info(command: Command, buildkitd: Buildkitd) -> None:
    done = command("info", "--addr", buildkitd.address)
    assert done.code == 0, done.stderr
    assert done.stdout.startswith("BuildKit   v0.")
    assert "linux/amd64" in done.stdout or "linux/arm64" in done.stdout
    found = json.loads(command("info", "--format=json", env={"BUILDKIT_HOST": buildkitd.address}).stdout)
    assert found["version"].startswith("v0.")
    assert "linux/" in found["workers"][0]["platforms"][0]
