"""Several daemons build one image: each its platform, one index, and what happens when one of them fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import BuildRequest, Client, errors, events
from runner.registry.settings import parse_settings
from tests.real.conftest import Buildctl, StartBuildkitd, StartRegistry, state_directory
from tests.real.test_auth import BASIC, HTPASSWD, PASSWORD
from tests.registry.certificates import self_signed
from tests.support import images
from tests.support.buildkitd import Buildkitd, registry_tables
from tests.support.command import Command
from tests.support.process import free_port, processes_with, soon
from tests.support.registry import Registry

BOTH = ("linux/amd64", "linux/arm64")
PLATFORMS = ",".join(BOTH)
DOCKERFILE = """\
FROM both AS made
RUN cat /etc/platform > /made
FROM both
COPY --from=made /made /made
LABEL a=b
"""
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": "https://spdx.dev/Document",
    "predicate": {},
}
SCAN = f"echo '{json.dumps(STATEMENT)}' > $BUILDKIT_SCAN_DESTINATION/scan.spdx.json"
REFERENCE = "vnd.docker.reference.digest"


@pytest.fixture(scope="module", autouse=True)
def both(registry: Registry) -> None:
    """The image both:latest of docker.io, for two platforms, and one that makes SBOMs."""
    images.push_busybox(registry, "library/both", platforms=BOTH)
    scanner = {"Entrypoint": ["/bin/sh", "-c", SCAN]}
    layers = dict.fromkeys(BOTH, images.busybox_layer())
    images.push(registry, "library/scanner", ("latest",), layers, scanner)


@pytest.fixture(scope="module")
def arm_node(tools: Path, registry: Registry) -> Iterator[Buildkitd]:
    """A daemon that says it is an arm64 machine; arm64 base images have this machine's programs."""
    tables = registry_tables(registry.host)
    with Buildkitd(tools, state_directory(), registries=tables, platforms=["linux/arm64"]) as running:
        yield running


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return folder


class Build:
    """Our command with `buildkitd` as its own daemon, for both platforms. `nodes` may be replaced."""

    def __init__(self, command: Command, own: Buildkitd, node: Buildkitd, registry: Registry) -> None:
        self._command = command
        self.own = ["--addr", own.address, "--insecure-registry", registry.host]
        self.nodes = ["--node", f"linux/arm64={node.address}"]

    def __call__(self, *words: str | Path, code: int = 0, env: dict[str, str] | None = None) -> Any:
        ran = self._command("build", *self.own, *self.nodes, "--platform", PLATFORMS, *words, env=env)
        assert ran.code == code, ran.stderr
        return ran


@pytest.fixture
def build(command: Command, buildkitd: Buildkitd, arm_node: Buildkitd, registry: Registry) -> Build:
    return Build(command, buildkitd, arm_node, registry)


# --- one index


def test_the_index_is_byte_for_byte_that_of_one_daemon(
    build: Build, registry: Registry, context: Path
) -> None:
    words = ["--build-arg", "SOURCE_DATE_EPOCH=7", "-o", "type=image,push=true,rewrite-timestamp=true"]
    ran = build(*words, "-t", f"{registry.host}/nodes/bytes:nodes", context)
    wanted = registry.manifest("nodes/bytes", "nodes")
    assert ran.stdout == f"{registry.host}/nodes/bytes:nodes@{wanted.digest}\n"
    build.nodes = []
    ran = build(*words, "-t", f"{registry.host}/nodes/bytes:one", context)
    assert registry.manifest("nodes/bytes", "one") == wanted
    assert [entry["platform"]["architecture"] for entry in wanted.json["manifests"]] == ["amd64", "arm64"]


FORMS: dict[str, list[str]] = {
    "docker": ["-o", "type=image,push=true,oci-mediatypes=false"],
    "annotated": [
        "-o",
        "type=image,push=true,annotation-index.i=1,annotation-manifest[linux/arm64].m=2,"
        "annotation-manifest-descriptor.d=3,annotation-index-descriptor.x=4",
    ],
    "provenance": ["--push", "--provenance", "mode=max"],
    "sbom": ["--push", "--provenance", "mode=min", "--sbom", "generator=scanner"],
    "artifact": ["-o", "type=image,push=true,oci-artifact=true", "--provenance", "mode=min"],
}


def shape(registry: Registry, repository: str, tag: str) -> Any:
    """An index, its manifests and attestations, with what differs from build to build made alike."""
    index = registry.manifest(repository, tag)
    places = {entry["digest"]: f"image {n}" for n, entry in enumerate(index.json["manifests"])}
    entries = []
    for entry in index.json["manifests"]:
        manifest = registry.manifest(repository, entry["digest"])
        assert manifest.media_type == entry["mediaType"]
        assert len(manifest.data) == entry["size"]
        inside = manifest.json
        predicates = (
            [layer.get("annotations") for layer in inside["layers"]] if REFERENCE in str(entry) else []
        )
        annotations = entry.get("annotations", {})
        if REFERENCE in annotations:
            annotations[REFERENCE] = places[annotations[REFERENCE]]
        subject = inside.get("subject")
        entries.append(
            entry
            | {"digest": places[entry["digest"]], "size": 0}
            | {"inside": (sorted(inside), inside.get("annotations"), inside.get("artifactType"), predicates)}
            | {"subject": subject and places[subject["digest"]]}
        )
    return (index.media_type, list(index.json), {**index.json, "manifests": entries})


@pytest.mark.parametrize("form", FORMS)
def test_the_index_has_the_structure_of_one_daemons(
    form: str, build: Build, registry: Registry, context: Path, tmp_path: Path
) -> None:
    name, nodes = f"{registry.host}/nodes/{form}", build.nodes
    told = {}
    for kind in ("nodes", "one"):
        build.nodes = nodes if kind == "nodes" else []
        build(*FORMS[form], "-t", f"{name}:{kind}", "--metadata-file", tmp_path / kind, context)
        told[kind] = json.loads((tmp_path / kind).read_text())
    assert shape(registry, f"nodes/{form}", "nodes") == shape(registry, f"nodes/{form}", "one")
    assert registry.tags(f"nodes/{form}") == ["nodes", "one"]
    # What the metadata file says of it, too.
    for made in told.values():
        made["containerimage.descriptor"].pop("size")
        for key in ("containerimage.digest", "image.name"):
            made[key] = made[key].removesuffix(":nodes").removesuffix(":one")
    digest = told["nodes"].pop("containerimage.digest")
    assert told["one"].pop("containerimage.digest") != digest
    assert told["nodes"]["containerimage.descriptor"].pop("digest") == digest
    told["one"]["containerimage.descriptor"].pop("digest")
    ours, theirs = (told[kind].pop("buildkit-runner.build") for kind in ("nodes", "one"))
    assert told["nodes"] == told["one"]
    assert set(ours) == set(theirs)
    assert list(ours["exporters"][0]["platforms"]) == list(BOTH)


def test_others_read_both_platforms(
    build: Build, registry: Registry, buildctl: Buildctl, context: Path, tmp_path: Path
) -> None:
    name = f"{registry.host}/nodes/read:1"
    build("-t", name, "--push", "--provenance", "mode=min", context)
    for architecture in ("amd64", "arm64"):
        done = subprocess.run(
            ["skopeo", "--override-arch", architecture, "inspect", "--tls-verify=false", f"docker://{name}"],
            check=True,
            capture_output=True,
            text=True,
        )
        assert json.loads(done.stdout)["Architecture"] == architecture
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\nRUN cp /made /read\n")
    output = tmp_path / "out"
    words = ["--frontend", "dockerfile.v0", "--opt", f"platform={PLATFORMS}", "--output"]
    local = ["--local", f"context={tmp_path}", "--local", f"dockerfile={tmp_path}"]
    buildctl("build", *words, f"type=local,dest={output}", *local)
    read = {folder.name: (folder / "read").read_text() for folder in output.iterdir()}
    assert read == {"linux_amd64": "linux/amd64\n", "linux_arm64": "linux/arm64\n"}


def test_every_name_gets_the_index_and_the_files_say_so(
    build: Build, registry: Registry, context: Path, tmp_path: Path
) -> None:
    names = [f"{registry.host}/nodes/{name}" for name in ("names:1", "other:2", "names:3")]
    tags = [word for name in names for word in ("-t", name)]
    files = ["--metadata-file", f"{tmp_path}/made.json", "--iidfile", f"{tmp_path}/id"]
    ran = build(*tags, "--push", *files, "--events", tmp_path / "events", context)
    digest = registry.manifest("nodes/other", "2").digest
    assert ran.stdout == "".join(f"{name}@{digest}\n" for name in names)
    assert (registry.tags("nodes/names"), registry.tags("nodes/other")) == (["1", "3"], ["2"])
    assert (tmp_path / "id").read_text() == digest
    assert json.loads((tmp_path / "made.json").read_text())["image.name"] == ",".join(names)
    from runner.progress.record import read_events

    seen = list(read_events(str(tmp_path / "events")))
    assert seen[-1] == events.Finished(seen[-1].time, "", digest)  # type: ignore[union-attr]
    assert [type(event).__name__ for event in seen].count("SolveStarted") == 1
    steps = {event.vertex.name for event in seen if isinstance(event, events.VertexAdded)}
    assert {f"[{platform} stage-1 2/2] COPY --from=made /made /made" for platform in BOTH} <= steps
    assert all(re.match(r"\[(linux/amd64|linux/arm64|index)\b", step) for step in steps), steps


def test_each_output_has_its_index(build: Build, registry: Registry, context: Path) -> None:
    outputs = [
        f"type=image,push=true,name={registry.host}/nodes/gzip:1",
        f"type=image,push=true,push-by-digest=true,name={registry.host}/nodes/zstd,compression=zstd,"
        "force-compression=true",
    ]
    ran = build("-o", outputs[0], "-o", outputs[1], context)
    first, second = ran.stdout.split()
    assert first == f"{registry.host}/nodes/gzip:1@{registry.manifest('nodes/gzip', '1').digest}"
    assert registry.tags("nodes/zstd") == []
    index = registry.manifest("nodes/zstd", second.rpartition("@")[2]).json
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["amd64", "arm64"]
    layers = registry.manifest("nodes/zstd", index["manifests"][1]["digest"]).json["layers"]
    assert {layer["mediaType"].rpartition("+")[2] for layer in layers} == {"zstd"}


def test_a_slow_reader_gets_everything_and_may_leave(
    buildkitd: Buildkitd, arm_node: Buildkitd, context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if much less may wait for it than the nodes have to tell."""
    monkeypatch.setattr("runner.nodes.work.ROOM", 2)
    (context / "Dockerfile").write_text("FROM both\nRUN for i in $(seq 300); do echo line $i; done\n")
    request = BuildRequest(context, platforms=BOTH, no_cache=True)
    seen: dict[str, bytes] = {}

    def read(event: events.Event) -> None:
        if isinstance(event, events.VertexLog):
            seen[event.vertex] = seen.get(event.vertex, b"") + event.data

    with Client(buildkitd.address, nodes=[f"linux/arm64={arm_node.address}"]) as client:
        client.build(request, on_event=read)
        assert list(seen.values()) == [b"".join(b"line %d\n" % i for i in range(1, 301))] * 2
        with client.start(request) as build:
            next(iter(build))
            next(iter(build))


def test_the_library_does_the_same(
    buildkitd: Buildkitd, arm_node: Buildkitd, registry: Registry, context: Path
) -> None:
    request = BuildRequest(
        context,
        platforms=BOTH,
        tags=[f"{registry.host}/nodes/library:1"],
        push=True,
        cache="auto,branch=main",
    )
    settings = parse_settings(insecure=[registry.host], environ={})
    with Client(buildkitd.address, registries=settings, nodes=[f"linux/arm64={arm_node.address}"]) as client:
        first = client.build(request)
        result = client.build(request)
    assert result.digest == registry.manifest("nodes/library", "1").digest
    assert [made.platform for made in result.platforms] == list(BOTH)
    assert result.names == (f"{registry.host}/nodes/library:1",)
    assert (result.cache.summary.steps, result.cache.summary.cached) == (4, 4)
    assert first.steps.total >= 2 * 5
    tags = [f"buildcache-main-linux-{name}" for name in ("amd64", "arm64")]
    assert registry.tags("nodes/library") == ["1", *tags]
    found = {cache.name.rpartition(":")[2] for cache in result.cache.imports if cache.found}
    assert found == set(tags)


def test_the_index_is_pushed_with_the_same_credentials(
    build: Build, fresh_registry: StartRegistry, context: Path, tmp_path: Path
) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    settings = {
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "tests",
        "REGISTRY_AUTH_HTPASSWD_PATH": f"{tmp_path}/htpasswd",
    }
    registry = fresh_registry(settings, authorization=f"Basic {BASIC}")
    words = [
        "--insecure-registry",
        registry.host,
        "-t",
        f"{registry.host}/nodes/auth:1",
        "--push",
        str(context),
    ]
    env = {"REGISTRY_USERNAME": "alice", "REGISTRY_PASSWORD": PASSWORD}
    ran = build(*words, env=env)
    assert PASSWORD not in ran.stderr
    assert len(registry.manifest("nodes/auth", "1").json["manifests"]) == 2
    said = only_error(build(*words, code=3).stderr)
    assert "No tag was moved." in said


def test_a_node_that_has_all_platforms_builds_as_if_it_were_the_only_one(
    command: Command, arm_node: Buildkitd, registry: Registry, context: Path
) -> None:
    node = ["--node", f"linux/arm64={arm_node.address}", "--platform", "linux/arm64"]
    nobody = ["--addr", "tcp://127.0.0.1:1", "--insecure-registry", registry.host]
    ran = command("build", *node, *nobody, "-t", f"{registry.host}/nodes/alone", "--push", context)
    assert ran.code == 0, ran.stderr
    assert registry.config("nodes/alone", "latest")["architecture"] == "arm64"


def test_nodes_of_the_environment(
    build: Build, registry: Registry, context: Path, arm_node: Buildkitd
) -> None:
    build.nodes = []
    name = f"{registry.host}/nodes/environment:1"
    env = {"BUILDKIT_RUNNER_NODES": f"linux/arm64={arm_node.address}"}
    assert "[linux/arm64 internal]" in build("-t", name, "--push", context, env=env).stderr


# --- what goes wrong


@pytest.fixture
def tagged(registry: Registry) -> str:
    """An image that stands under a tag before the build: what must not be moved."""
    images.push_busybox(registry, "nodes/kept", ("1",))
    return f"{registry.host}/nodes/kept:1"


@pytest.fixture
def unmoved(registry: Registry, tagged: str) -> Iterator[str]:
    """The name of an image whose tag must be the same after the test."""
    before = registry.manifest("nodes/kept", "1").digest
    yield tagged
    assert registry.tags("nodes/kept") == ["1"]
    assert registry.manifest("nodes/kept", "1").digest == before


def only_error(stderr: str) -> str:
    """The error and its hint; there is exactly one."""
    assert stderr.count("error: ") == 1, stderr
    assert "Traceback" not in stderr
    return stderr[stderr.index("error: ") :]


def test_a_platform_that_fails_cancels_the_others(build: Build, context: Path, unmoved: str) -> None:
    step = "if grep -q arm64 /etc/platform; then echo broken; exit 7; else sleep 60; fi"
    (context / "Dockerfile").write_text(f"FROM both\nRUN {step}\n")
    ran = build("-t", unmoved, "--push", "--progress", "none", context, code=1)
    assert f"error: building {context} for linux/arm64: RUN {step} failed: exit code: 7" in ran.stderr
    assert ran.stderr.endswith("linux/amd64: cancelled. No tag was moved.\n")
    assert "broken" in ran.stderr


def test_a_node_that_is_killed(
    build: Build, context: Path, unmoved: str, fresh_buildkitd: StartBuildkitd, command: Command
) -> None:
    node = fresh_buildkitd(platforms=["linux/arm64"])
    step = "if grep -q arm64 /etc/platform; then echo begun; fi; sleep 60"
    (context / "Dockerfile").write_text(f"FROM both\nRUN {step}\n")
    words = ["build", *build.own, "--node", f"linux/arm64={node.address}", "--platform", PLATFORMS]
    with command.popen(*words, "-t", unmoved, "--push", context) as process:
        assert process.stderr
        text = ""
        for line in process.stderr:
            text += line
            if line.endswith(" begun\n"):
                node.kill()
    assert process.returncode == 75
    said = only_error(text)
    assert said.startswith("error: the node for linux/arm64: ")
    assert node.address in said
    assert said.endswith("linux/amd64: cancelled. No tag was moved.\n")


def test_a_node_with_another_certificate(
    build: Build, context: Path, unmoved: str, fresh_buildkitd: StartBuildkitd, tmp_path: Path
) -> None:
    server, client = tmp_path / "server.pem", tmp_path / "client.pem"
    self_signed(server)
    self_signed(client)
    address = f"tcp://127.0.0.1:{free_port()}"
    tls = f'[grpc.tls]\ncert = "{server}"\nkey = "{server}"\nca = "{client}"\n'
    fresh_buildkitd(listen=[address], config=tls, platforms=["linux/arm64"])
    ours = f"cert={client},key={client}"
    build.nodes = ["--node", f"linux/arm64={address},ca={client},{ours}"]
    said = only_error(build("-t", unmoved, "--push", context, code=75).stderr)
    assert said.startswith(
        f"error: the node for linux/arm64: connecting to {address} with TLS: its certificate"
    )
    assert "ca=" in said
    assert "--tls" not in said
    build.nodes = ["--node", f"linux/arm64={address},ca={server}"]
    said = only_error(build("-t", unmoved, "--push", context, code=75).stderr)
    assert "certificate of ours" in said
    # The right ones build.
    build.nodes = ["--node", f"linux/arm64={address},ca={server},{ours}"]
    build("-o", "type=cacheonly", context)


def test_a_node_that_is_down(build: Build, context: Path, unmoved: str) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    build.nodes = ["--node", f"linux/arm64={address}"]
    ran = build("-t", unmoved, "--push", context, code=75)
    down = f"the node for linux/arm64: connecting to {address}: connection refused"
    assert ran.stderr.startswith(f"error: {down}\n")
    build.nodes += ["--node-fallback", "emulate"]
    ran = build("-t", unmoved.replace("kept", "fallback"), "--push", context)
    assert ran.stderr.startswith(f"note: {down}: linux/arm64 is built on our own daemon\n")
    assert "[linux/arm64 stage-1 2/2]" in ran.stderr


def test_a_node_that_does_not_build_its_platform(
    build: Build, buildkitd: Buildkitd, context: Path, unmoved: str
) -> None:
    build.nodes = ["--node", f"linux/arm64={buildkitd.address}"]
    said = only_error(build("-t", unmoved, "--push", context, code=2).stderr)
    assert f"the node for linux/arm64: {buildkitd.address} does not build linux/arm64: " in said
    assert "linux/amd64" in said
    build.nodes += ["--node-fallback", "emulate"]
    build("-t", unmoved, "--push", context, code=2)


def test_what_cannot_be_divided_is_refused_before_anything_starts(build: Build, context: Path) -> None:
    build.own = ["--addr", "tcp://127.0.0.1:1"]
    said = only_error(build("-t", "h.example/app", context, code=2).stderr)
    assert "the image is not pushed, and no node has all of it" in said
    said = only_error(
        build("-t", "h.example/app", "--push", "--cache-to", "h.example/c", context, code=2).stderr
    )
    assert "--cache auto" in said


def test_a_registry_that_loses_a_manifest(
    buildkitd: Buildkitd, arm_node: Buildkitd, registry: Registry, context: Path, unmoved: str
) -> None:
    """The arm64 node pushes, its manifest is deleted, and only then the other one ends."""
    gone = f"http://{registry.host}/v2/nodes/gone/tags/list"
    wait = f"grep -q arm64 /etc/platform || until wget -q -O /dev/null {gone}; do sleep 0.1; done"
    (context / "Dockerfile").write_text(f"FROM both\nRUN {wait}\n")
    pushed: list[str] = []
    lost: list[str] = []

    def lose(event: events.Event) -> None:
        if not isinstance(event, events.Transfer) or not event.completed:
            return
        if event.id.startswith("exporting manifest list "):
            pushed.append(event.id.rpartition(" ")[2])
        if event.id.startswith("pushing manifest for ") and not lost:
            lost.append(registry.manifest("nodes/kept", pushed[0]).json["manifests"][0]["digest"])
            registry.delete("nodes/kept", lost[0])
            images.push(registry, "nodes/gone", ("1",), {"linux/amd64": b""})

    request = BuildRequest(context, platforms=BOTH, tags=[unmoved], push=True)
    settings = parse_settings(insecure=[registry.host], environ={})
    with (
        Client(buildkitd.address, registries=settings, nodes=[f"linux/arm64={arm_node.address}"]) as client,
        pytest.raises(errors.TransientError) as caught,
    ):
        client.build(request, on_event=lose, timeout=30)
    assert lost
    assert lost[0] in caught.value.message
    assert "linux/arm64" in caught.value.message


def test_a_cancelled_build_ends_on_all_nodes(
    buildkitd: Buildkitd, arm_node: Buildkitd, registry: Registry, context: Path, unmoved: str
) -> None:
    mark = f"60.{os.getpid()}"
    (context / "Dockerfile").write_text(f"FROM both\nRUN echo begun; sleep {mark}\n")
    request = BuildRequest(context, platforms=BOTH, tags=[unmoved], push=True)
    settings = parse_settings(insecure=[registry.host], environ={})
    begun = 0
    with Client(buildkitd.address, registries=settings, nodes=[f"linux/arm64={arm_node.address}"]) as client:
        build = client.start(request)
        for event in build:
            if isinstance(event, events.VertexLog):
                begun += 1
                if begun == 2:
                    build.cancel()
        with pytest.raises(errors.Cancelled):
            build.result()
    assert soon(lambda: processes_with(f"sleep {mark}")) == []
