"""The library: results, events, several exporters and platforms, cancelling, timeouts."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from runner import BuildRequest, Client, errors, events
from tests.support.buildkitd import Buildkitd
from tests.support.images import HOST_PLATFORM
from tests.support.registry import Registry


@pytest.fixture
def client(buildkitd: Buildkitd) -> Client:
    return Client(buildkitd.address)


def context(folder: Path, dockerfile: str, **files: str) -> Path:
    """A build context in `folder`; names of files have `_` for `.`."""
    (folder / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_the_result_names_what_was_pushed(tmp_path: Path, client: Client, registry: Registry) -> None:
    source = context(tmp_path, "FROM busybox\nCOPY a.txt /\nRUN cat /a.txt\n", a_txt="a" * 1000)
    names = [f"{registry.host}/client/one:1", f"{registry.host}/client/one:2"]
    with client:
        result = client.build(BuildRequest(source, tags=names, push=True))
    assert result.digest == registry.manifest("client/one", "1").digest
    assert result.digest == registry.manifest("client/one", "2").digest
    assert list(result.names) == names
    assert [made.descriptor.digest for made in result.platforms] == [result.digest]
    assert [made.platform for made in result.platforms] == [HOST_PLATFORM]
    assert result.steps.total >= 3
    assert result.steps.cached <= result.steps.total
    assert result.timing.upload_bytes >= 1000
    assert result.timing.total > 0


def test_each_exporter_has_its_own_descriptor(tmp_path: Path, client: Client, registry: Registry) -> None:
    source = context(tmp_path, "FROM scratch\nCOPY Dockerfile /\n")
    outputs = [
        f"type=image,name={registry.host}/client/{kind}:1,push=true,registry.insecure=true,"
        f"compression={kind},force-compression=true"
        for kind in ("gzip", "zstd")
    ]
    with client:
        result = client.build(BuildRequest(source, outputs=outputs))
    pushed = [registry.manifest(f"client/{name}", "1").digest for name in ("gzip", "zstd")]
    made = [exporter.descriptor for exporter in result.exporters]
    assert [descriptor.digest for descriptor in made if descriptor] == pushed
    assert pushed[0] != pushed[1]
    assert result.digest == pushed[0]


def test_the_platforms_of_an_index_are_told(tmp_path: Path, client: Client, registry: Registry) -> None:
    source = context(tmp_path, "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n", amd64="x", arm64="y")
    platforms = ["linux/amd64", "linux/arm64"]
    with client:
        result = client.build(
            BuildRequest(
                source,
                tags=[f"{registry.host}/client/index:1"],
                push=True,
                platforms=platforms,
                attestations=["type=provenance,mode=min"],
            )
        )
    index = registry.manifest("client/index", "1")
    assert result.digest == index.digest
    images = {
        f"{entry['platform']['os']}/{entry['platform']['architecture']}": entry["digest"]
        for entry in index.json["manifests"]
        if entry["platform"]["os"] != "unknown"
    }
    assert {made.platform: made.descriptor.digest for made in result.platforms} == images
    assert list(images) == platforms


def test_the_events_tell_the_build_from_start_to_end(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, "FROM busybox\nRUN echo to-the-log\n")
    with client, client.start(BuildRequest(source, no_cache=True)) as build:
        seen = list(build)
        result = build.result()
    assert isinstance(seen[0], events.SolveStarted)
    assert seen[0].ref == result.ref
    assert isinstance(seen[-1], events.Finished)
    assert seen[-1].error == ""
    started = {e.vertex.digest for e in seen if isinstance(e, events.VertexStarted)}
    done = {e.vertex.digest for e in seen if isinstance(e, events.VertexDone)}
    assert started
    assert started == done
    assert b"to-the-log" in b"".join(e.data for e in seen if isinstance(e, events.VertexLog))


def test_warnings_of_the_frontend_are_in_the_result(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, "from scratch\nCOPY Dockerfile /\nENV a b\n")
    with client:
        result = client.build(BuildRequest(source))
    assert any("LegacyKeyValueFormat" in warning.short for warning in result.warnings)


def test_a_report_that_breaks_off_is_told(tmp_path: Path, client: Client) -> None:
    # Each warning carries the whole Dockerfile; together they are more than a gRPC message may hold.
    lines = ["FROM scratch", "COPY Dockerfile /", *["ENV a b"] * 100, *["# " + "x" * 60_000] * 17]
    source = context(tmp_path, "\n".join(lines))
    seen: list[events.Event] = []
    with client:
        client.build(BuildRequest(source), on_event=seen.append)
    assert any(isinstance(e, events.Notice) and "report broke off" in e.message for e in seen)


def test_a_failed_step_raises_with_its_report(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, "FROM busybox\nRUN echo the-reason && exit 7\n")
    seen: list[events.Event] = []
    with client, pytest.raises(errors.BuildFailed) as caught:
        client.build(BuildRequest(source), on_event=seen.append)
    assert "exit code: 7" in str(caught.value)
    assert "the-reason" in caught.value.report
    assert ">>> RUN echo the-reason" in caught.value.report
    last = seen[-1]
    assert isinstance(last, events.Finished)
    assert last.error


def test_another_thread_can_cancel(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, f"FROM busybox\nRUN echo begun; sleep {time.monotonic_ns()}\n")
    with client, client.start(BuildRequest(source)) as build:
        for event in build:
            if isinstance(event, events.VertexLog) and b"begun" in event.data:
                threading.Thread(target=build.cancel).start()
        with pytest.raises(errors.Cancelled):
            build.result()


def test_a_time_limit_ends_the_build(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, f"FROM busybox\nRUN sleep {time.monotonic_ns()}\n")
    began = time.monotonic()
    with client, pytest.raises(errors.TimedOut, match=r"0\.5 s"):
        client.build(BuildRequest(source), timeout=0.5)
    assert time.monotonic() - began < 5


def test_an_error_of_the_callers_cancels_the_build(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, f"FROM busybox\nRUN echo begun; sleep {time.monotonic_ns()}\n")

    def stop(event: events.Event) -> None:
        if isinstance(event, events.VertexLog):
            raise KeyError("mine")

    began = time.monotonic()
    seen: list[events.Event] = []

    def note(event: events.Event) -> None:
        seen.append(event)
        stop(event)

    with client, pytest.raises(KeyError, match="mine"):
        client.build(BuildRequest(source), on_event=note)
    assert time.monotonic() - began < 5
    last = seen[-1]
    assert isinstance(last, events.Finished)
    assert last.error == "KeyError"


def test_one_client_builds_several_times_and_at_once(tmp_path: Path, client: Client) -> None:
    results: dict[int, str] = {}

    def build(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        source = context(folder, f"FROM scratch\nCOPY Dockerfile /{number}\n")
        results[number] = client.build(BuildRequest(source, tags=[f"x/y:{number}"])).digest

    with client:
        threads = [threading.Thread(target=build, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(results.values())) == 4


def test_a_daemon_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = context(tmp_path, "FROM scratch\n")
    address = f"unix://{tmp_path}/none.sock"
    with Client(address, daemon="join") as client, pytest.raises(errors.DaemonError, match=r"none\.sock"):
        client.build(BuildRequest(source))


def test_a_time_limit_counts_for_a_daemon_that_does_not_answer(tmp_path: Path) -> None:
    source = context(tmp_path, "FROM scratch\n")
    address = f"unix://{tmp_path}/silent.sock"
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent.sock")
        silent.listen()
        with Client(address) as client, pytest.raises(errors.TimedOut):
            client.build(BuildRequest(source), timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_build_that_was_closed_has_no_result(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, f"FROM busybox\nRUN echo begun; sleep {time.monotonic_ns()}\n")
    with client:
        build = client.start(BuildRequest(source))
        for event in build:
            if isinstance(event, events.VertexLog):
                build.close()
        with pytest.raises(errors.Cancelled, match="closed"):
            build.result()


def test_a_closed_client_stays_closed(tmp_path: Path, client: Client) -> None:
    client.info()
    client.close()
    client.close()
    with pytest.raises(errors.Cancelled, match="the client was closed"):
        client.info()
    with pytest.raises(errors.Cancelled, match="the client was closed"):
        client.build(BuildRequest(context(tmp_path, "FROM scratch\n")))


def test_another_thread_may_close_the_client(tmp_path: Path, client: Client) -> None:
    source = context(tmp_path, f"FROM busybox\nRUN echo begun; sleep {time.monotonic_ns()}\n")
    closing = threading.Thread(target=client.close)

    def close(event: events.Event) -> None:
        if isinstance(event, events.VertexLog) and not closing.is_alive():
            closing.start()

    with pytest.raises(errors.Cancelled, match="the client was closed"):
        client.build(BuildRequest(source), on_event=close)
    closing.join()
