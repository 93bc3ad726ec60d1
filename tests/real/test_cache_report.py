"""What is told of the caches after a build, by two daemons that have nothing but a registry in common."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import BuildRequest, BuildResult, Client, events
from runner.metadata import OURS
from runner.progress.record import read_events
from tests.real.conftest import StartBuildkitd, StartRegistry
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command
from tests.support.registry import Registry

DOCKERFILE = """\
FROM busybox AS made
RUN echo report > /made
FROM busybox
COPY --from=made /made /
COPY --link Dockerfile /
RUN cat /made
"""
STEPS = 4


def context(folder: Path) -> Path:
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return folder


def build(daemon: Buildkitd, request: BuildRequest) -> tuple[BuildResult, list[events.Event]]:
    seen: list[events.Event] = []
    with Client(daemon.address, daemon="join") as client:
        return client.build(request, on_event=seen.append), seen


def test_a_cache_is_missing_then_written_then_found(
    tmp_path: Path, fresh_buildkitd: StartBuildkitd, registry: Registry
) -> None:
    ref, folder = f"{registry.host}/report/cache:app", tmp_path / "cache"
    request = BuildRequest(
        context(tmp_path),
        tags=[f"{registry.host}/report/app:1"],
        push=True,
        cache_from=[ref],
        cache_to=[f"type=registry,ref={ref},mode=max", "type=inline", f"type=local,dest={folder}"],
    )
    builder = fresh_buildkitd()
    first, seen = build(builder, request)
    (imported,) = first.cache.imports
    assert imported[1:4] == (ref, False, "not found")
    assert imported.seconds > 0
    exports = {exported.kind: exported for exported in first.cache.exports}
    assert {kind: exported.name for kind, exported in exports.items()} == {
        "registry": ref,
        "local": str(folder),
        "inline": "",
    }
    assert all(exported.seconds > 0 and not exported.error for exported in exports.values())
    assert exports["inline"].blobs is None
    for kind in ("registry", "local"):
        assert exports[kind].blobs_there == exports[kind].bytes_there == 0
        assert (exports[kind].blobs or 0) > 2
        assert (exports[kind].bytes or 0) > 1000
    assert first.cache.summary[1:6] == (STEPS, 0, STEPS, 0, ())
    told = [e for e in seen if isinstance(e, events.CacheImported | events.CacheExported)]
    assert sorted(told) == sorted([*first.cache.imports, *first.cache.exports])
    assert isinstance(seen[-2], events.CacheSummary)
    assert isinstance(seen[-1], events.Finished)

    written, _ = build(builder, request)
    for exported in written.cache.exports:
        if exported.kind != "inline":
            before = exports[exported.kind]  # The layers are the same; the configuration may be another.
            assert (exported.blobs_there or 0) >= (before.blobs or 0) - 1
            assert (exported.bytes or 0) >= (exported.bytes_there or 0) > 1_000_000

    again, _ = build(builder, BuildRequest(tmp_path, tags=["x/y:1"]))
    assert (again.cache.summary.cached, again.cache.imports) == (STEPS, ())

    second, _ = build(
        fresh_buildkitd(),
        BuildRequest(tmp_path, tags=["x/y:1"], cache_from=[ref, f"type=local,src={folder}"]),
    )
    assert {(i.name, i.found, i.reason) for i in second.cache.imports} == {
        (ref, True, ""),
        (str(folder), True, ""),
    }
    summary = second.cache.summary
    assert (summary.steps, summary.cached, summary.built, summary.failed) == (STEPS, STEPS, 0, 0)
    assert second.cache.exports == ()


def test_a_cache_behind_a_password_or_a_closed_port_is_told_with_its_reason(
    tmp_path: Path, buildkitd: Buildkitd, fresh_registry: StartRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    passwords = tmp_path / "htpasswd"
    passwords.write_text("alice:$2b$04$testsaltfortestsaltfo.Ry/h48YZuXSz6C9r4AU10VCF2XAWGb2\n")
    private = fresh_registry(
        {
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "tests",
            "REGISTRY_AUTH_HTPASSWD_PATH": str(passwords),
        }
    )
    refused, closed = f"{private.host}/a/b:cache", "127.0.0.1:1/a/b:cache"
    request = BuildRequest(
        context(tmp_path),
        tags=["x/y:1"],
        cache_from=[refused, closed],
        cache_to=[f"type=registry,ref={closed},ignore-error=true"],
    )
    result, _ = build(buildkitd, request)
    reasons = {imported.name: imported.reason for imported in result.cache.imports}
    assert "401" in reasons[refused]
    assert reasons[closed].endswith("connection refused")
    assert not any(imported.found for imported in result.cache.imports)
    (exported,) = result.cache.exports
    assert exported.name == closed
    assert exported.error.endswith("connection refused")
    assert result.cache.summary.imported == ()


def test_a_tag_that_is_pushed_and_imported_is_warned_of_when_it_is_new(
    tmp_path: Path, buildkitd: Buildkitd, registry: Registry
) -> None:
    ref = f"{registry.host}/report/commit:1f3c"
    request = BuildRequest(
        context(tmp_path), tags=[ref], push=True, cache_from=[ref], cache_to=["type=inline"]
    )
    warned = [
        [e.message for e in build(buildkitd, request)[1] if isinstance(e, events.Notice)] for _ in range(2)
    ]
    assert [f"the cache {ref} does not exist" in text for (text,) in warned[:1]] == [True]
    assert warned[1] == []


def test_the_command_shows_records_and_writes_it(
    tmp_path: Path, buildkitd: Buildkitd, command: Command
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    recorded, written = tmp_path / "events", tmp_path / "metadata"
    options = ("--addr", buildkitd.address, "--events", recorded, "--metadata-file", written)
    done = command("build", *options, "-t", "x/y:1", context(source))
    summary = next(e for e in read_events(str(recorded)) if isinstance(e, events.CacheSummary))
    assert f"cache: {summary.cached} of {STEPS} steps cached\n" in done.stderr
    told = json.loads(written.read_text())[OURS]["cache"]
    assert (told["steps"], told["cached"], told["imports"]) == (STEPS, summary.cached, [])
