"""What is checked before a build of a directory begins."""

import os
from pathlib import Path

import pytest

from runner.context.local import LocalContext, Source, open_context
from runner.errors import UsageError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the working directory too."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(path: str, dockerfile: str = "") -> UsageError:
    with pytest.raises(UsageError) as caught:
        open_context(path, dockerfile)
    assert len(str(caught.value).splitlines()) <= 2
    return caught.value


def test_the_dockerfile_in_the_context(root: Path) -> None:
    (root / "Dockerfile").touch()
    assert open_context(".") == LocalContext(".", ".", "Dockerfile")
    context = open_context(str(root))
    assert context == LocalContext(str(root), str(root), "Dockerfile")
    assert context.sources() == {"context": Source(str(root)), "dockerfile": Source(str(root))}


def test_a_dockerfile_in_lower_case(root: Path) -> None:
    (root / "dockerfile").touch()
    assert open_context(".").filename == "dockerfile"
    (root / "Dockerfile").touch()
    assert open_context(".").filename == "Dockerfile"


def test_a_dockerfile_anywhere_is_named_from_the_working_directory(root: Path) -> None:
    (root / "context").mkdir()
    (root / "other").mkdir()
    (root / "other/my.df").touch()
    (root / "Dockerfile").touch()
    assert open_context("context", "other/my.df") == LocalContext("context", "other", "my.df")
    assert open_context("context", "Dockerfile") == LocalContext("context", ".", "Dockerfile")
    assert open_context("context", f"{root}/other/my.df").directory == f"{root}/other"


def test_links_that_the_daemon_can_follow_are_left_to_it(root: Path) -> None:
    (root / "docker").mkdir()
    (root / "docker/a").touch()
    (root / "Dockerfile").symlink_to("docker/a")
    (root / "link").symlink_to(".")
    assert open_context(".") == LocalContext(".", ".", "Dockerfile")
    assert open_context("link") == LocalContext("link", "link", "Dockerfile")


def test_a_link_that_leaves_its_directory_is_followed_here(root: Path) -> None:
    for name in ("context", "shared"):
        (root / name).mkdir()
    (root / "shared/python.df").touch()
    (root / "context/Dockerfile").symlink_to("../shared/python.df")
    assert open_context("context") == LocalContext("context", str(root / "shared"), "python.df")
    (root / "absolute").symlink_to(root / "shared/python.df")
    assert open_context("context", "absolute") == LocalContext("context", str(root / "shared"), "python.df")


def test_no_such_context(root: Path) -> None:
    error = refused("nowhere")
    assert error.message == "reading the context 'nowhere': there is no such directory"
    assert error.hint
    (root / "dangling").symlink_to("nowhere")
    assert "no such directory" in refused("dangling").message
    assert "no such directory" in refused("").message
    assert refused("a\0b").message.startswith("reading the context 'a\\x00b': ")


def test_a_context_that_is_a_file(root: Path) -> None:
    (root / "Dockerfile").touch()
    error = refused("Dockerfile")
    assert error.message == "reading the context 'Dockerfile': it is not a directory"
    assert "-f Dockerfile" in error.hint
    assert "not a directory" in refused("Dockerfile/x").message


@pytest.mark.usefixtures("root")
def test_a_context_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert refused(".").message == "reading the context '.': permission denied"


def test_no_dockerfile(root: Path) -> None:
    error = refused(".")
    assert error.message == "reading the Dockerfile './Dockerfile': there is no such file"
    assert error.hint == "Write one, or name it with -f."
    (root / "Dockerfile").symlink_to("nowhere")
    assert "symlink to nothing" in refused(".").message


@pytest.mark.parametrize(
    "name", ["Containerfile", "DOCKERFILE", "Dockerfile.dev", "api.dockerfile", "x.Containerfile"]
)
def test_what_may_have_been_meant_is_named(root: Path, name: str) -> None:
    (root / name).touch()
    (root / "Dockerfile.dockerignore").touch()
    (root / "dockerfiles").mkdir()
    assert refused(".").hint == f"There is {name!r}: name it with -f ./{name}."


def test_a_dockerfile_that_was_named_wrongly(root: Path) -> None:
    (root / "docker").mkdir()
    (root / "docker/App.df").touch()
    assert refused(".", "docker/app.df").hint == "There is 'App.df': name it with -f docker/App.df."
    assert refused(".", "no/app.df").hint == "Write one, or name it with -f."
    assert "no such file" in refused(".", "docker/App.df/x").message


def test_a_dockerfile_that_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "Dockerfile").mkdir()
    assert refused(".").message == "reading the Dockerfile './Dockerfile': it is a directory"
    os.mkfifo(root / "fifo")
    assert refused(".", "fifo").message == "reading the Dockerfile 'fifo': it is no regular file"
    assert refused(".", "/dev/null").message == "reading the Dockerfile '/dev/null': it is no regular file"

    def refuse(path: str, _flags: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        assert refused(".", "fifo").message == "reading the Dockerfile 'fifo': permission denied"
