"""Builds against registries that ask who is there: Basic, tokens, TLS, helpers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import BuildRequest, Client, errors, events
from runner.registry.settings import parse_settings
from tests.real.conftest import StartRegistry, state_directory
from tests.registry.tokenserver import TokenServer
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command
from tests.support.registry import Registry

PASSWORD = "swordfish-of-alice"
BASIC = b64encode(f"alice:{PASSWORD}".encode()).decode()
# bcrypt of PASSWORD, which is all that docker-registry takes.
HTPASSWD = "alice:$2b$04$testsaltfortestsaltfo.Ry/h48YZuXSz6C9r4AU10VCF2XAWGb2\n"


class Login:
    """Docker's configuration file of a test."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.json"

    def entry(self, registry: Registry, password: str = PASSWORD, user: str = "alice") -> None:
        """One entry, and no other."""
        auth = b64encode(f"{user}:{password}".encode()).decode()
        self.file.write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))


@pytest.fixture
def login(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Login:
    folder = tmp_path_factory.mktemp("docker")
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name in ("REGISTRY_USERNAME", "REGISTRY_PASSWORD", "REGISTRY_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    return Login(folder)


@pytest.fixture
def basic(tmp_path: Path, fresh_registry: StartRegistry) -> Registry:
    """A registry that wants a password with every request."""
    file = tmp_path / "htpasswd"
    file.write_text(HTPASSWD)
    settings = {
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "tests",
        "REGISTRY_AUTH_HTPASSWD_PATH": str(file),
    }
    return fresh_registry(settings, authorization=f"Basic {BASIC}")


@pytest.fixture
def token_server(tmp_path: Path) -> Iterator[TokenServer]:
    with TokenServer(tmp_path / "token.pem", {"alice": PASSWORD, "bob": "swordfish-of-bob"}) as server:
        yield server


@pytest.fixture
def tokens(token_server: TokenServer, fresh_registry: StartRegistry) -> Registry:
    """A registry that takes the tokens of the token server."""
    allowed = token_server.token("alice", ["repository:alice/app:pull", "repository:alice/base:pull"])
    return fresh_registry(token_server.registry_settings, authorization=f"Bearer {allowed}")


def source(folder: Path, base: str = "scratch") -> Path:
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(f"FROM {base}\nCOPY Dockerfile /\n")
    return context


def push(daemon: Buildkitd, context: Path, name: str) -> str:
    """Build and push; returns the digest."""
    with Client(daemon.address) as client:
        return client.build(BuildRequest(context, tags=[name], push=True)).digest


class TestBasic:
    def test_the_daemon_gets_the_password(
        self, tmp_path: Path, login: Login, buildkitd: Buildkitd, basic: Registry
    ) -> None:
        login.entry(basic)
        digest = push(buildkitd, source(tmp_path), f"{basic.host}/alice/app:1")
        assert basic.manifest("alice/app", "1").digest == digest

    @pytest.mark.parametrize("password", ["wrong-swordfish", None])
    def test_a_wrong_password_and_none(
        self, tmp_path: Path, login: Login, buildkitd: Buildkitd, basic: Registry, password: str | None
    ) -> None:
        if password:
            login.entry(basic, password)
        with pytest.raises(errors.AccessError) as caught:
            push(buildkitd, source(tmp_path), f"{basic.host}/alice/app:1")
        assert basic.host in caught.value.message
        assert "401 Unauthorized" in caught.value.message
        assert "swordfish" not in f"{caught.value}{caught.value.report}"


class TestTokens:
    def test_the_daemon_gets_a_token_and_never_the_password(
        self,
        tmp_path: Path,
        login: Login,
        buildkitd: Buildkitd,
        token_server: TokenServer,
        tokens: Registry,
    ) -> None:
        login.entry(tokens)
        seen: list[events.Event] = []
        arguments = Arguments()
        with arguments, Client(buildkitd.address) as client:
            name = f"{tokens.host}/alice/app:1"
            request = BuildRequest(source(tmp_path), tags=[name], push=True)
            digest = client.build(request, on_event=seen.append).digest
        assert tokens.manifest("alice/app", "1").digest == digest
        # It was we who asked, not the daemon.
        assert {asked.headers["user-agent"] for asked in token_server.asked} == {"buildkit-runner"}
        assert {asked.headers["authorization"] for asked in token_server.asked} == {f"Basic {BASIC}"}
        token = json.loads(login.file.read_text())["auths"][tokens.host]["auth"]
        told = repr(seen) + buildkitd.log.read_text() + tokens.log.read_text() + arguments.seen
        assert "buildkitd" in arguments.seen
        for secret in (PASSWORD, BASIC, token, "eyJ"):
            assert secret not in told

    def test_a_wrong_password(
        self, tmp_path: Path, login: Login, buildkitd: Buildkitd, token_server: TokenServer, tokens: Registry
    ) -> None:
        login.entry(tokens, "wrong-swordfish")
        with pytest.raises(errors.AccessError) as caught:
            push(buildkitd, source(tmp_path), f"{tokens.host}/alice/app:1")
        assert caught.value.message.endswith(
            f"getting a token for registry {tokens.host} as user alice: "
            f"{token_server.host} answered 401 Unauthorized: incorrect username or password"
        )
        assert str(login.file) in caught.value.hint
        assert "wrong-swordfish" not in f"{caught.value}{caught.value.report}{buildkitd.log.read_text()}"

    def test_a_name_that_the_user_may_not_push_to(
        self, tmp_path: Path, login: Login, buildkitd: Buildkitd, tokens: Registry
    ) -> None:
        login.entry(tokens)
        with pytest.raises(errors.AccessError, match="insufficient_scope"):
            push(buildkitd, source(tmp_path), f"{tokens.host}/bob/app:1")

    def test_an_anonymous_push(
        self, tmp_path: Path, login: Login, buildkitd: Buildkitd, tokens: Registry
    ) -> None:
        assert not login.file.exists()
        with pytest.raises(errors.AccessError, match="insufficient_scope"):
            push(buildkitd, source(tmp_path), f"{tokens.host}/alice/app:1")

    def test_a_token_server_that_is_down(
        self, tmp_path: Path, login: Login, buildkitd: Buildkitd, fresh_registry: StartRegistry
    ) -> None:
        with TokenServer(tmp_path / "token.pem", {}) as server:
            registry = fresh_registry(server.registry_settings)
        login.entry(registry)
        with pytest.raises(errors.TransientError) as caught:
            push(buildkitd, source(tmp_path), f"{registry.host}/alice/app:1")
        assert caught.value.message.endswith(f"cannot reach {server.host}: Connection refused")

    def test_sessions_share_tokens_only_with_the_same_user(
        self,
        tmp_path: Path,
        login: Login,
        buildkitd: Buildkitd,
        registry: Registry,
        token_server: TokenServer,
        tokens: Registry,
    ) -> None:
        """The daemon keeps tokens: who comes next has to prove that they are his (VerifyTokenAuthority)."""
        login.entry(tokens)
        push(buildkitd, source(tmp_path), f"{tokens.host}/alice/base:1")
        context = source(tmp_path, f"{tokens.host}/alice/base:1")
        name = f"{registry.host}/auth/child:1"
        token_server.asked.clear()
        push(buildkitd, context, name)
        assert len(token_server.asked) == 1
        push(buildkitd, context, name)
        assert len(token_server.asked) == 1
        login.file.unlink()
        with pytest.raises(errors.AccessError):
            push(buildkitd, context, name)
        assert "authorization" not in token_server.asked[1].headers


def test_the_command_takes_the_password_from_a_file(
    tmp_path: Path, command: Command, buildkitd: Buildkitd, token_server: TokenServer, tokens: Registry
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    name = f"{tokens.host}/alice/app:1"
    arguments: list[str | Path] = [
        "build",
        "--addr",
        buildkitd.address,
        "-t",
        name,
        "--push",
        source(tmp_path),
    ]
    ran = command(*arguments, env={"REGISTRY_USERNAME": "alice", "REGISTRY_PASSWORD_FILE": str(file)})
    assert ran.code == 0, ran.stderr
    assert tokens.tags("alice/app") == ["1"]
    ran = command(*arguments, env={"REGISTRY_USERNAME": "alice", "REGISTRY_PASSWORD": "wrong-swordfish"})
    assert ran.code == 3
    assert f"getting a token for registry {tokens.host} as user alice" in ran.stderr
    assert "REGISTRY_USERNAME and REGISTRY_PASSWORD" in ran.stderr
    assert "swordfish" not in ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr
    assert token_server.asked


def test_a_credential_helper(
    tmp_path: Path, login: Login, buildkitd: Buildkitd, basic: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    login.file.write_text(json.dumps({"credHelpers": {basic.host: "tests"}}))
    with pytest.raises(errors.AccessError) as caught:
        push(buildkitd, source(tmp_path), f"{basic.host}/alice/app:1")
    assert (
        f"credentials for {basic.host}: the credential helper docker-credential-tests" in caught.value.message
    )
    helper = tmp_path / "docker-credential-tests"
    helper.write_text(f"""#!/bin/sh\necho '{{"Username": "alice", "Secret": "{PASSWORD}"}}'\n""")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    digest = push(buildkitd, source(tmp_path), f"{basic.host}/alice/app:1")
    assert basic.manifest("alice/app", "1").digest == digest


def test_one_ca_is_for_the_daemon_the_registry_and_its_token_server(
    tmp_path: Path, login: Login, tools: Path, fresh_registry: StartRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    certificate = tmp_path / "certificate.pem"
    with TokenServer(certificate, {"alice": PASSWORD}, tls=True) as server:
        settings = {
            **server.registry_settings,
            "REGISTRY_HTTP_TLS_CERTIFICATE": str(certificate),
            "REGISTRY_HTTP_TLS_KEY": str(certificate),
        }
        allowed = server.token("alice", ["repository:alice/app:pull"])
        tls = ssl.create_default_context(cafile=str(certificate))
        registry = fresh_registry(settings, authorization=f"Bearer {allowed}", tls=tls)
        login.entry(registry)
        root = state_directory()
        registries = parse_settings(cas=[f"{registry.host}={certificate}"])
        try:
            with Client(daemon="own", root=str(root), registries=registries) as client:
                request = BuildRequest(source(tmp_path), tags=[f"{registry.host}/alice/app:1"], push=True)
                digest = client.build(request).digest
        finally:
            shutil.rmtree(root)
        assert registry.manifest("alice/app", "1").digest == digest
        assert server.asked


class Arguments:
    """Looks at the arguments of all processes until the end of the block."""

    def __init__(self) -> None:
        self.seen = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        seen: set[bytes] = set()
        while True:
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(file.read_bytes())
            if self._over.wait(0.01):
                break
        self.seen = b"\n".join(seen).decode(errors="replace")
