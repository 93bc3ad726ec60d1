"""Manifests read from a registry and written to it: what is sent, and what its answers mean."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

import pytest

from runner.errors import AccessError, Error, TransientError
from runner.registry.client import ACCEPTED, LIMIT, Manifest, RegistryClient
from runner.registry.credentials import CredentialStore
from runner.registry.settings import parse_settings
from runner.specs.reference import Reference
from tests.registry.server import Answer, Asked, Server

KIND = "application/vnd.oci.image.manifest.v1+json"
DATA = b'{"schemaVersion":2}'
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
FOUND = Answer(200, DATA, {"Content-Type": KIND})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("REGISTRY_USERNAME", raising=False)


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_USERNAME", "alice")
    monkeypatch.setenv("REGISTRY_PASSWORD", "swordfish")


def client(server: Server) -> tuple[RegistryClient, Reference]:
    settings = parse_settings(environ={})
    return RegistryClient(settings, CredentialStore([server.host])), Reference.parse(f"{server.host}/a/b:1")


def test_a_manifest_is_read_and_written() -> None:
    with Server(lambda asked: FOUND if asked.method == "GET" else Answer(201)) as server:
        registry, reference = client(server)
        assert registry.manifest(reference) == Manifest(KIND, DIGEST, DATA)
        assert registry.manifest(reference._replace(tag="", digest=DIGEST)) == Manifest(KIND, DIGEST, DATA)
        assert registry.put_manifest(reference, DATA, KIND) == DIGEST
    first, second, third = server.asked
    assert (first.path, first.headers["accept"]) == ("/v2/a/b/manifests/1", ", ".join(ACCEPTED))
    assert second.path == f"/v2/a/b/manifests/{DIGEST}"
    assert (third.method, third.path, third.body) == ("PUT", "/v2/a/b/manifests/1", DATA)
    assert third.headers["content-type"] == KIND


def test_what_is_not_there_is_none() -> None:
    with Server(lambda asked: Answer(404)) as server:  # noqa: ARG005
        registry, reference = client(server)
        assert registry.manifest(reference) is None


@pytest.mark.usefixtures("alice")
def test_a_token_is_fetched_where_the_registry_asks_for_one() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path.startswith("/token"):
            return Answer(200, b'{"token": "jwt"}')
        if asked.headers.get("authorization") == "Bearer jwt":
            return FOUND
        realm = f'Bearer realm="http://{server.host}/token",service="it, \\"self\\"",scope="x"'
        return Answer(401, b"", {"WWW-Authenticate": realm})

    with Server(answer) as server:
        registry, reference = client(server)
        for _ in range(2):
            assert registry.manifest(reference)
    tokens = [asked for asked in server.asked if asked.path.startswith("/token")]
    assert len(tokens) == 1
    assert tokens[0].query == {"service": ['it, "self"'], "scope": ["repository:a/b:pull"]}
    assert tokens[0].headers["authorization"] == "Basic " + b64encode(b"alice:swordfish").decode()
    assert len(server.asked) == 4  # refused, token, and twice with it


@pytest.mark.usefixtures("alice")
def test_a_password_is_sent_only_when_it_is_asked_for() -> None:
    basic = "Basic " + b64encode(b"alice:swordfish").decode()

    def answer(asked: Asked) -> Answer:
        given = asked.headers.get("authorization") == basic
        return FOUND if given else Answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})

    with Server(answer) as server:
        registry, reference = client(server)
        assert registry.manifest(reference)
    assert "authorization" not in server.asked[0].headers


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_what_was_done_and_whose_credentials_were_shown(status: int) -> None:
    refusal = Answer(status, b'{"errors":[{"message":"swordfish? no"}]}', {"WWW-Authenticate": "Basic"})
    with Server(lambda asked: refusal) as server:  # noqa: ARG005
        registry, reference = client(server)
        with pytest.raises(AccessError, match=rf"writing the manifest of {reference}: .* {status}") as caught:
            registry.put_manifest(reference, DATA, KIND)
    assert "*** no" in caught.value.message.replace("***?", "***")
    assert "swordfish" not in caught.value.message + caught.value.hint
    assert "REGISTRY_USERNAME" in caught.value.hint
    assert len(server.asked) == (2 if status == 401 else 1)


def test_errors_that_may_go_away_are_transient() -> None:
    with Server(lambda asked: Answer(503)) as server:  # noqa: ARG005
        registry, reference = client(server)
        with pytest.raises(TransientError, match="503"):
            registry.manifest(reference)


def test_what_is_not_what_was_asked_for_is_refused() -> None:
    with Server(lambda asked: FOUND) as server:  # noqa: ARG005
        registry, reference = client(server)
        with pytest.raises(Error, match=DIGEST):
            registry.manifest(reference._replace(tag="", digest="sha256:" + "0" * 64))
    with Server(lambda asked: Answer(200, bytes(LIMIT + 1))) as server:  # noqa: ARG005
        registry, reference = client(server)
        with pytest.raises(Error, match="larger"):
            registry.manifest(reference)


def test_an_unknown_way_to_show_who_one_is() -> None:
    with Server(lambda asked: Answer(401, b"", {"WWW-Authenticate": "Negotiate"})) as server:  # noqa: ARG005
        registry, reference = client(server)
        with pytest.raises(AccessError, match="negotiate"):
            registry.manifest(reference)
