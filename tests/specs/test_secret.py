"""Secrets: where a value is, never the value itself."""

from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.specs.secret import Secret


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file `token` in the current directory and a variable TOKEN."""
    (tmp_path / "token").write_text("from the file")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "from the environment")
    return tmp_path


def test_a_file_has_its_full_path(sources: Path) -> None:
    for text in (
        "id=x,src=token",
        "id=x,source=./token",
        "type=file,id=x,src=token",
        f"id=x,src={sources}/token",
    ):
        assert Secret.parse(text) == Secret("x", file=str(sources / "token"))


def test_a_variable() -> None:
    for text in ("id=x,env=TOKEN", "id=x,type=env,env=TOKEN", "id=x,type=env,src=TOKEN"):
        assert Secret.parse(text) == Secret("x", env="TOKEN")


def test_an_id_alone_is_a_variable_or_else_a_file(sources: Path) -> None:
    assert Secret.parse("id=TOKEN") == Secret("TOKEN", env="TOKEN")
    assert Secret.parse("id=token") == Secret("token", file=str(sources / "token"))
    with pytest.raises(UsageError, match="TOKEN: No such file"):
        Secret.parse("id=TOKEN,type=file")


REFUSED = {
    "src=token": "it has no id=",
    "id=x,src=none": "none: No such file or directory",
    "id=x,src=.": "is a directory",
    "id=x,env=NONE": "the environment variable NONE is not set",
    "id=x,env=TOKEN,src=token": "it names two sources",
    "id=x,type=vault": "type must be file or env, not 'vault'",
    "id=x,path=token": "unknown key 'path'",
    "token": "'token' is not key=value",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_secret_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Secret.parse(text)
    assert REFUSED[text] in caught.value.message


def test_what_the_daemon_would_not_take_is_refused(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sources / "large").write_bytes(bytes(500 * 1024 + 1))
    with pytest.raises(UsageError, match="it has 512001 bytes"):
        Secret.parse("id=large")
    (sources / "large").write_bytes(bytes(500 * 1024))
    Secret.parse("id=large")
    monkeypatch.setenv("LARGE", "é" * 300_000)
    with pytest.raises(UsageError, match="it has 600000 bytes"):
        Secret.parse("id=x,env=LARGE")


def test_the_value_is_in_no_text() -> None:
    assert repr(Secret.parse("id=x,env=TOKEN")) == "Secret(id='x', file='', env='TOKEN')"
