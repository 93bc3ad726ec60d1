"""Build secrets, from the command's words to the step's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import BuildRequest, Client, errors, events
from tests.support.buildkitd import Buildkitd


def dockerfile(folder: Path, *lines: str) -> Path:
    (folder / "Dockerfile").write_text("\n".join(("FROM busybox", *lines, "")))
    return folder


def test_from_a_file_and_from_the_environment(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    buildkitd: Buildkitd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text("swordfish-in-a-file")
    monkeypatch.setenv("MY_TOKEN", "swordfish-in-a-variable")
    source = dockerfile(
        tmp_path,
        "RUN --mount=type=secret,id=one,required --mount=type=secret,id=two,required "
        'test "$(rev /run/secrets/one)" = elif-a-ni-hsifdrows && '
        'test "$(rev /run/secrets/two)" = elbairav-a-ni-hsifdrows',
        "RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent",
        "RUN --mount=type=secret,id=one,env=TOKEN test $(echo $TOKEN | wc -c) = 20",
    )
    seen: list[events.Event] = []
    request = BuildRequest(source, secrets=[f"id=one,src={file}", "id=two,env=MY_TOKEN"], no_cache=True)
    with Client(buildkitd.address) as client:
        client.build(request, on_event=seen.append)
    assert "swordfish" not in repr(seen) + repr(request) + buildkitd.log.read_text()


def test_one_that_a_step_needs_and_nobody_gave(tmp_path: Path, buildkitd: Buildkitd) -> None:
    source = dockerfile(tmp_path, "RUN --mount=type=secret,id=absent,required true")
    with (
        Client(buildkitd.address) as client,
        pytest.raises(errors.BuildFailed, match="secret absent: not found"),
    ):
        client.build(BuildRequest(source))


def test_one_that_vanishes_before_its_step(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, buildkitd: Buildkitd
) -> None:
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text("swordfish")
    source = dockerfile(tmp_path, "RUN --mount=type=secret,id=one true")
    request = BuildRequest(source, secrets=[f"id=one,src={file}"], no_cache=True)
    file.unlink()
    with Client(buildkitd.address) as client, pytest.raises(errors.BuildFailed) as caught:
        client.build(request)
    assert f"reading secret one from {file}: No such file or directory" in caught.value.message
