"""Contexts where we do not end as buildctl does."""

import os
from pathlib import Path

import pytest

import runner
from tests.support.buildkitd import Buildkitd


def build(buildkitd: Buildkitd, context: Path) -> runner.BuildResult:
    with runner.Client(buildkitd.address, daemon="join") as client:
        return client.build(runner.BuildRequest(context, outputs=["type=cacheonly"], no_cache=True))


def test_a_file_that_cannot_be_sent_ends_the_build_with_its_name(
    tmp_path: Path, buildkitd: Buildkitd
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    # Longer than the system takes in one path, so it is made from the inside.
    directory = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("n" * 250, dir_fd=directory)
        inner = os.open("n" * 250, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    os.close(directory)
    with pytest.raises(runner.errors.UsageError) as caught:
        build(buildkitd, tmp_path)
    assert caught.value.message.startswith(f"reading '{tmp_path}/nnn")
    assert caught.value.message.endswith("nnn' for the build: File name too long")
    assert ".dockerignore" in caught.value.hint


def test_an_ignore_file_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, buildkitd: Buildkitd) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY d /\n")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/secret").touch()
    (tmp_path / ".dockerignore").symlink_to("n" * 256)
    with pytest.raises(runner.errors.UsageError, match="File name too long"):
        build(buildkitd, tmp_path)


def test_two_ways_through_one_link_are_both_followed(tmp_path: Path, buildkitd: Buildkitd) -> None:
    # buildctl follows the first only and fails with "/l/m/b: not found".
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY l/a l/m/b /\n")
    (tmp_path / "t/u").mkdir(parents=True)
    (tmp_path / "t/a").touch()
    (tmp_path / "t/u/b").touch()
    (tmp_path / "l").symlink_to("t")
    (tmp_path / "t/m").symlink_to("u")
    assert build(buildkitd, tmp_path).timing.upload_files > 2
