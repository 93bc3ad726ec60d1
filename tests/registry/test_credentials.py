"""Where credentials come from: the environment, Docker's configuration file, credential helpers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runner.errors import AccessError, Error, UsageError
from runner.registry.credentials import Credentials, CredentialStore

VARIABLES = ("REGISTRY_USERNAME", "REGISTRY_PASSWORD", "REGISTRY_PASSWORD_FILE")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def configure(tmp_path: Path, **content: Any) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(content))
    return file


def basic(text: str) -> dict[str, str]:
    return {"auth": b64encode(text.encode()).decode()}


def found(host: str, push_hosts: tuple[str, ...] = ()) -> tuple[str, str]:
    credentials = CredentialStore(push_hosts).lookup(host)
    return credentials.username, credentials.secret


class TestConfigFile:
    def test_none_is_anonymous(self) -> None:
        assert not CredentialStore().lookup("registry.example")

    def test_a_folder_that_is_a_file_is_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "file"))
        assert not CredentialStore().lookup("registry.example")

    def test_without_the_variable_it_is_in_the_home(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("DOCKER_CONFIG")
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".docker").mkdir()
        configure(tmp_path / ".docker", auths={"registry.example": basic("alice:pass")})
        assert found("registry.example") == ("alice", "pass")

    def test_a_password_may_hold_colons_and_end_in_the_padding_of_old_versions(self, tmp_path: Path) -> None:
        file = configure(tmp_path, auths={"registry.example:5000": basic("alice:pass:word\0\0")})
        credentials = CredentialStore().lookup("registry.example:5000")
        assert (credentials.username, credentials.secret) == ("alice", "pass:word")
        assert credentials.source == str(file)

    def test_a_name_and_password_in_the_clear(self, tmp_path: Path) -> None:
        configure(tmp_path, auths={"registry.example": {"username": "alice", "password": "pass"}})
        assert found("registry.example") == ("alice", "pass")

    def test_an_identity_token_goes_before_a_password(self, tmp_path: Path) -> None:
        configure(tmp_path, auths={"registry.example": {**basic("alice:pass"), "identitytoken": "refresh"}})
        assert found("registry.example") == ("", "refresh")

    def test_another_port_is_another_registry(self, tmp_path: Path) -> None:
        configure(tmp_path, auths={"registry.example": basic("alice:pass")})
        assert found("registry.example:5000") == ("", "")

    @pytest.mark.parametrize("key", ["https://registry.example", "http://registry.example/v1/"])
    def test_a_key_may_be_an_address(self, tmp_path: Path, key: str) -> None:
        configure(tmp_path, auths={key: basic("alice:pass")})
        assert found("registry.example") == ("alice", "pass")

    @pytest.mark.parametrize(
        "key", ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"]
    )
    @pytest.mark.parametrize("host", ["docker.io", "registry-1.docker.io"])
    def test_docker_hub_has_many_names(self, tmp_path: Path, key: str, host: str) -> None:
        configure(tmp_path, auths={key: basic("alice:pass")})
        assert found(host) == ("alice", "pass")

    def test_an_empty_entry_is_anonymous(self, tmp_path: Path) -> None:
        configure(tmp_path, auths={"registry.example": {}})
        assert found("registry.example") == ("", "")

    def test_it_is_read_only_when_it_is_needed(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text("{")
        store = CredentialStore()
        with pytest.raises(UsageError):
            store.lookup("registry.example")

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b'{"auths":\n  {]}', "line 2, column 4: Expecting property name enclosed in double quotes"),
            (b'{"auths": "\xff"}', "byte 11 is not UTF-8"),
            (b"[]", "it is not a JSON object"),
            (b'{"auths": ["x"]}', "`auths` is not an object"),
            (b'{"auths": {"registry.example": "x"}}', 'auths["registry.example"] is not an object'),
            (
                b'{"auths": {"registry.example": {"auth": "swordfish"}}}',
                'auths["registry.example"].auth is not the base64 of USER:PASSWORD',
            ),
            (
                b'{"auths": {"registry.example": {"auth": "c3dvcmRmaXNo"}}}',
                'auths["registry.example"].auth is not the base64 of USER:PASSWORD',
            ),
            (
                b'{"auths": {"registry.example": {"password": 5}}}',
                'auths["registry.example"].password is not a string',
            ),
            (b'{"credsStore": 5}', "the credential helper for registry.example is not a string"),
        ],
    )
    def test_a_mistake_is_named_with_its_place(self, tmp_path: Path, content: bytes, why: str) -> None:
        file = tmp_path / "config.json"
        file.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            CredentialStore().lookup("registry.example")
        assert caught.value.message == f"reading {file}: {why}"
        assert "DOCKER_CONFIG" in caught.value.hint
        assert "swordfish" not in "".join(traceback.format_exception(caught.value))

    def test_a_mistake_in_another_entry_does_no_harm(self, tmp_path: Path) -> None:
        configure(tmp_path, auths={"broken.example": {"auth": "?"}, "registry.example": basic("alice:pass")})
        assert found("registry.example") == ("alice", "pass")

    def test_plain_entries_need_not_the_docker_package(self, tmp_path: Path) -> None:
        configure(tmp_path, auths={"registry.example": basic("alice:pass")})
        program = (
            "import sys; from runner.registry.credentials import CredentialStore\n"
            "assert CredentialStore().lookup('registry.example').username == 'alice'\n"
            "assert not {'docker', 'subprocess', 'requests'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class TestEnvironment:
    def test_it_is_for_the_registry_that_is_pushed_to_only(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("REGISTRY_USERNAME", "bob")
        monkeypatch.setenv("REGISTRY_PASSWORD", "from env\n")
        entries = {"registry.example": basic("alice:1"), "other.example": basic("alice:2")}
        configure(tmp_path, auths=entries)
        pushed = ("registry.example",)
        assert found("registry.example", pushed) == ("bob", "from env\n")
        assert found("other.example", pushed) == ("alice", "2")
        assert found("registry.example") == ("alice", "1")

    def test_of_several_it_is_the_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRY_USERNAME", "bob")
        monkeypatch.setenv("REGISTRY_PASSWORD", "pass")
        pushed = ("registry.example", "cache.example")
        assert found("registry.example", pushed) == ("bob", "pass")
        assert found("cache.example", pushed) == ("", "")

    def test_docker_hub_by_any_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRY_USERNAME", "bob")
        monkeypatch.setenv("REGISTRY_PASSWORD", "pass")
        assert found("registry-1.docker.io", ("docker.io",)) == ("bob", "pass")

    @pytest.mark.parametrize(
        ("content", "password"),
        [("pass", "pass"), ("pass\n", "pass"), ("pass\r\n", "pass"), (" p \n\n", " p \n")],
    )
    def test_a_password_file_without_its_last_newline(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, password: str
    ) -> None:
        file = tmp_path / "password"
        file.write_bytes(content.encode())
        monkeypatch.setenv("REGISTRY_USERNAME", "bob")
        monkeypatch.setenv("REGISTRY_PASSWORD_FILE", str(file))
        assert found("registry.example", ("registry.example",)) == ("bob", password)

    @pytest.mark.parametrize(
        ("variables", "why"),
        [
            ("UPF", "REGISTRY_PASSWORD and REGISTRY_PASSWORD_FILE are both set"),
            ("PF", "REGISTRY_PASSWORD and REGISTRY_PASSWORD_FILE are both set"),
            ("U", "REGISTRY_USERNAME is set without a password"),
            ("P", "REGISTRY_PASSWORD is set without a user name"),
            ("F", "REGISTRY_PASSWORD_FILE is set without a user name"),
            ("UF", "reading REGISTRY_PASSWORD_FILE /not/there: it does not exist or may not be read"),
        ],
    )
    def test_contradictions_are_refused_before_anything_starts(
        self, monkeypatch: pytest.MonkeyPatch, variables: str, why: str
    ) -> None:
        values = {"U": "bob", "P": "swordfish", "F": "/not/there"}
        for letter, name in zip("UPF", VARIABLES, strict=True):
            monkeypatch.setenv(name, values[letter] if letter in variables else "")
        CredentialStore()
        with pytest.raises(UsageError) as caught:
            CredentialStore(("registry.example",))
        assert caught.value.message == why

    def test_a_password_file_that_vanishes_or_is_empty(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        file = tmp_path / "password"
        file.write_text("\n")
        monkeypatch.setenv("REGISTRY_USERNAME", "bob")
        monkeypatch.setenv("REGISTRY_PASSWORD_FILE", str(file))
        store = CredentialStore(("registry.example",))
        with pytest.raises(UsageError, match="it is empty"):
            store.lookup("registry.example")
        file.unlink()
        with pytest.raises(UsageError, match="No such file or directory"):
            store.lookup("registry.example")


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in PATH for credential helpers."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def helper(folder: Path, name: str, script: str) -> None:
    program = folder / f"docker-credential-{name}"
    program.write_text(f'#!/bin/sh\nserver=$(cat)\necho "$1 $server" >>{folder}/log\n{script}\n')
    program.chmod(0o755)


def asked(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


ALICE = """echo '{"ServerURL": "x", "Username": "alice", "Secret": "swordfish"}'"""
UNKNOWN = "echo 'credentials not found in native keychain'; exit 1"


class TestHelpers:
    def test_one_for_a_host(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credHelpers={"registry.example": "test"})
        helper(helpers, "test", ALICE)
        credentials = CredentialStore().lookup("registry.example")
        assert (credentials.username, credentials.secret) == ("alice", "swordfish")
        assert credentials.source == "docker-credential-test"
        assert asked(helpers) == ["get registry.example"]

    def test_one_for_all_others(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credHelpers={"registry.example": ""}, credsStore="test")
        helper(helpers, "test", ALICE)
        store = CredentialStore()
        assert not store.lookup("registry.example")
        assert store.lookup("other.example:5000").username == "alice"
        assert asked(helpers) == ["get other.example:5000"]

    def test_docker_hub_is_asked_for_by_its_old_address(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credsStore="test")
        helper(helpers, "test", ALICE)
        assert found("registry-1.docker.io") == ("alice", "swordfish")
        assert asked(helpers) == ["get https://index.docker.io/v1/"]

    def test_an_identity_token(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credsStore="test")
        helper(helpers, "test", """echo '{"Username": "<token>", "Secret": "refresh"}'""")
        assert found("registry.example") == ("", "refresh")

    @pytest.mark.parametrize("answer", [UNKNOWN, """echo '{"Username": "", "Secret": ""}'"""])
    def test_one_that_knows_nothing_leaves_it_to_the_file(
        self, tmp_path: Path, helpers: Path, answer: str
    ) -> None:
        configure(tmp_path, credsStore="test", auths={"registry.example": basic("bob:pass")})
        helper(helpers, "test", answer)
        store = CredentialStore()
        assert store.lookup("registry.example").username == "bob"
        assert not store.lookup("other.example")

    def test_it_is_asked_once(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credsStore="test")
        helper(helpers, "test", ALICE)
        store = CredentialStore()
        threads = [threading.Thread(target=store.lookup, args=("registry.example",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert asked(helpers) == ["get registry.example"]

    def test_one_that_is_not_installed_is_named_when_its_registry_is_needed(self, tmp_path: Path) -> None:
        entries = {"other.example": basic("bob:pass")}
        file = configure(tmp_path, credHelpers={"registry.example": "absent"}, auths=entries)
        store = CredentialStore()
        assert store.lookup("other.example").username == "bob"
        with pytest.raises(AccessError) as caught:
            store.lookup("registry.example")
        assert caught.value.message == (
            "finding credentials for registry.example: the credential helper docker-credential-absent, "
            f"which {file} names, is not in PATH"
        )

    def test_one_that_is_not_installed_is_not_needed_for_a_plain_entry(self, tmp_path: Path) -> None:
        configure(tmp_path, credsStore="absent", auths={"registry.example": basic("bob:pass")})
        assert found("registry.example") == ("bob", "pass")

    @pytest.mark.parametrize(
        ("script", "why"),
        [
            ("echo locked; exit 1", 'Credentials store docker-credential-test exited with "locked".'),
            ("echo crashed >&2; exit 2", 'Credentials store docker-credential-test exited with "crashed".'),
            ("echo swordfish", "its answer is not a user name and a secret in JSON"),
            ("echo '[]'", "its answer is not a user name and a secret in JSON"),
            ("""echo '{"Username": "swordfish"}'""", "its answer is not a user name and a secret in JSON"),
        ],
    )
    def test_one_that_fails(self, tmp_path: Path, helpers: Path, script: str, why: str) -> None:
        configure(tmp_path, credsStore="test")
        helper(helpers, "test", script)
        with pytest.raises(AccessError) as caught:
            CredentialStore().lookup("registry.example")
        start = "asking the credential helper docker-credential-test for registry.example: "
        assert caught.value.message == start + why
        assert "swordfish" not in "".join(traceback.format_exception(caught.value))

    def test_one_that_cannot_be_run(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credsStore="test")
        helper(helpers, "test", "")
        (helpers / "docker-credential-test").write_text("#!/not/there\n")
        with pytest.raises(AccessError, match="No such file or directory"):
            CredentialStore().lookup("registry.example")

    def test_one_that_hangs_ends_with_the_store(self, tmp_path: Path, helpers: Path) -> None:
        configure(tmp_path, credsStore="test")
        started = helpers / "started"
        os.mkfifo(started)
        helper(helpers, "test", f"sleep 1000 & echo $! >{started}; wait")
        failures: list[Error] = []

        def lookup() -> None:
            try:
                store.lookup("registry.example")
            except Error as error:
                failures.append(error)

        with CredentialStore() as store:
            thread = threading.Thread(target=lookup)
            thread.start()
            child = int(started.read_text())
        thread.join(5)
        assert not thread.is_alive()
        assert [type(error) for error in failures] == [AccessError]
        assert gone(child)
        with pytest.raises(AccessError, match="the build has ended"):
            store.lookup("other.example")


def gone(pid: int) -> bool:
    """Whether a process ends soon (one that was killed is reaped by init a moment later)."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.01)
                continue
        return True
    return False


def test_no_secret_in_a_repr() -> None:
    assert repr(Credentials("alice", "swordfish", "here")) == "Credentials(username='alice', source='here')"


def test_only_a_secret_makes_credentials() -> None:
    assert not Credentials("alice")
    assert Credentials("", "identity")
