"""Progress of real builds: the displays beside buildctl's, the file of events, and how failures are told."""

from __future__ import annotations

import io
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import BuildRequest, Client, errors
from runner.progress.events import Event, VertexLog
from runner.progress.readers import open_reader
from runner.progress.record import Recorder, read_events
from tests.real.conftest import Buildctl
from tests.support.buildkitd import Buildkitd

DOCKERFILE = """\
FROM busybox AS base
COPY Dockerfile /
from base
RUN echo one; echo two >&2
RUN echo 'a < b & é'; sleep 0.1; printf 'three\\n\\nno newline'
"""


@pytest.fixture
def client(buildkitd: Buildkitd) -> Iterator[Client]:
    with Client(buildkitd.address) as client:
        yield client


def context(folder: Path, dockerfile: str) -> Path:
    (folder / "Dockerfile").write_text(dockerfile)
    return folder


def shown(client: Client, kind: str, request: BuildRequest) -> str:
    """What a display writes of a build."""
    out = io.StringIO()
    reader = open_reader(kind, out)
    client.build(request, on_event=reader.event)
    reader.close()
    return out.getvalue()


def theirs(buildctl: Buildctl, kind: str, source: Path, *options: str) -> str:
    """What buildctl writes of the same build."""
    local = f"--local=context={source}", f"--local=dockerfile={source}"
    done = buildctl("build", f"--progress={kind}", "--frontend=dockerfile.v0", *local, *options)
    return done.stderr


def failure(client: Client, source: Path) -> errors.Error:
    with pytest.raises(errors.Error) as raised:
        client.build(BuildRequest(source))
    return raised.value


OURS = ("note: ", "cache: ")


def comparable(text: str) -> list[str]:
    """The different lines, without what depends on the moment or is ours alone.

    That is: numbers of steps, times, amounts, the first line of what is done soon, and the list of warnings.
    """
    lines = text.partition("\n 1 warning found")[0].splitlines()
    lines = [re.sub(r"^#\d+ ", "", line) for line in lines if line and not line.startswith(OURS)]
    found = {re.sub(r"\b\d+\.\d+s? ?|(?<=transferring).*", "", line).rstrip() for line in lines}
    return sorted(line for line in found - {"..."} if f"{line} done" not in found)


@pytest.mark.parametrize("again", [False, True])
def test_plain_has_the_lines_of_buildctl(
    tmp_path: Path, client: Client, buildctl: Buildctl, again: bool
) -> None:
    source = context(tmp_path, DOCKERFILE)
    client.build(BuildRequest(source))
    peer = theirs(buildctl, "plain", source, *([] if again else ["--no-cache"]))
    ours = shown(client, "plain", BuildRequest(source, no_cache=not again))
    assert comparable(ours) == comparable(peer)
    assert ("two" in comparable(ours)) == (not again)
    assert "\r" not in ours
    assert "\x1b" not in ours


def statuses(text: str) -> dict[str, dict[str, Any]]:
    """What a rawjson display told in the end of each step, by name: its keys, its output, its warnings."""
    steps: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        status = json.loads(line)
        for vertex in status.get("vertexes", ()):
            name = names[vertex["digest"]] = vertex["name"]
            step = steps.setdefault(name, {"output": {1: b"", 2: b""}, "warnings": [], "transfers": {}})
            step["keys"] = sorted(vertex)
            step["inputs"] = len(vertex.get("inputs", ()))
        for log in status.get("logs", ()):
            steps[names[log["vertex"]]]["output"][log["stream"]] += b64decode(log["data"])
        for warning in status.get("warnings", ()):
            for key in ("definition", "language"):
                warning["sourceInfo"].pop(key, None)
            steps[names[warning.pop("vertex")]]["warnings"].append(warning)
        for transfer in status.get("statuses", ()):
            steps[names[transfer["vertex"]]]["transfers"][transfer["id"]] = sorted(transfer)
    return steps


def test_rawjson_tells_what_buildctl_tells(tmp_path: Path, client: Client, buildctl: Buildctl) -> None:
    source = context(tmp_path, DOCKERFILE)
    peer = statuses(theirs(buildctl, "rawjson", source, "--no-cache"))
    ours = statuses(shown(client, "rawjson", BuildRequest(source, no_cache=True)))
    assert ours == peer
    assert any(step["warnings"] for step in ours.values())


def test_a_file_of_events_holds_the_whole_build(tmp_path: Path, client: Client) -> None:
    seen: list[Event] = []
    path = tmp_path / "events.jsonl"
    with Recorder(str(path)) as recorder:

        def keep(event: Event) -> None:
            seen.append(event)
            recorder.event(event)

        client.build(BuildRequest(context(tmp_path, DOCKERFILE), no_cache=True), on_event=keep)
    assert list(read_events(str(path))) == seen
    assert any(isinstance(event, VertexLog) for event in seen)


def test_a_failure_in_a_dockerfile_of_one_megabyte(tmp_path: Path, client: Client) -> None:
    """The daemon sends the whole Dockerfile with the error; the report shows the lines that count."""
    filler = "# a comment of sixty-four characters, to make the file large ....\n" * (1 << 14)
    lines = filler.count("\n") + 2
    assert len(filler) > 1 << 20
    source = context(tmp_path, f"FROM busybox\n{filler}RUN echo begun; exit 7\nRUN true\n")
    error = failure(client, source)
    assert type(error) is errors.BuildFailed
    assert error.message == f"building {source}: RUN echo begun; exit 7 failed: exit code: 7"
    assert error.report.startswith("------\n > [2/3] RUN echo begun; exit 7:\nbegun\n------\nDockerfile:")
    assert f" {lines} | >>> RUN echo begun; exit 7\n" in error.report
    assert len(error.report) < 1000


@pytest.mark.parametrize(
    ("dockerfile", "kind", "message", "hint"),
    [
        ("FROM busybox\nRUNN x\n", errors.BuildFailed, "did you mean RUN?", ""),
        ("FROM busybox\nCOPY missing /\n", errors.BuildFailed, '"/missing": not found', ".dockerignore"),
        ("FROM busybox\nRUN nosuchcommand\n", errors.BuildFailed, "exit code: 127", "command was not found"),
        (
            "FROM busybox\nRUN printf '\\177ELF\\2\\1\\1%059d' >/x; chmod +x /x\nRUN [\"/x\"]\n",
            errors.BuildFailed,
            'RUN ["/x"] failed: exit code: 1',
            "emulator",
        ),
        ("FROM scratch\nRUN true\n", errors.BuildFailed, "exit code: 1", "The image has no /bin/sh"),
        (
            "FROM busybox\nRUN --mount=type=secret,id=tok,required=true true\n",
            errors.BuildFailed,
            "secret tok: not found",
            "--secret id=tok,src=FILE",
        ),
        ("FROM 127.0.0.1:9/a/b:c\n", errors.TransientError, "connection refused", "does not answer"),
        (
            "# syntax=127.0.0.1:9/docker/dockerfile:1\nFROM busybox\n",
            errors.TransientError,
            "connection refused",
            "`# syntax=127.0.0.1:9/docker/dockerfile:1` (Dockerfile:1) is the image that reads",
        ),
    ],
)
def test_failures_say_what_to_do(
    tmp_path: Path, client: Client, dockerfile: str, kind: type[errors.Error], message: str, hint: str
) -> None:
    error = failure(client, context(tmp_path, dockerfile))
    assert type(error) is kind
    assert message in error.message
    assert hint in error.hint
    assert bool(error.hint) == bool(hint)
    assert ">>>" in error.report
