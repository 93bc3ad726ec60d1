"""The daemon's questions for credentials and tokens."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runner.errors import AccessError, TransientError
from runner.registry.credentials import CredentialStore
from runner.registry.settings import parse_settings
from runner.session.auth import Auth
from runner.transport.stream import INTERNAL, INVALID_ARGUMENT, UNAUTHENTICATED, UNAVAILABLE
from runner.wire import auth
from tests.registry.certificates import self_signed
from tests.registry.server import Answer, Server
from tests.session.recorder import Call, ask, refuse

SALT = bytes(range(32))
HOST = "registry.example"


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config.json"


def log_in(file: Path, *hosts: str, user: str = "alice:swordfish") -> None:
    entry = {"auth": b64encode(user.encode()).decode()}
    file.write_text(json.dumps({"auths": dict.fromkeys(hosts, entry)}))


def service() -> Auth:
    return Auth(CredentialStore())


def credentials(service: Auth, host: str = HOST) -> tuple[str, str]:
    request = auth.CredentialsRequest(Host=host).encode()
    answer = auth.CredentialsResponse.decode(ask(service, auth.CREDENTIALS, request))
    return answer.Username, answer.Secret


def public_key(service: Auth, host: str = HOST, salt: bytes = SALT) -> bytes:
    request = auth.GetTokenAuthorityRequest(Host=host, Salt=salt).encode()
    return auth.GetTokenAuthorityResponse.decode(ask(service, auth.GET_TOKEN_AUTHORITY, request)).PublicKey


def signed(service: Auth, payload: bytes, host: str = HOST, salt: bytes = SALT) -> bytes:
    request = auth.VerifyTokenAuthorityRequest(Host=host, Payload=payload, Salt=salt).encode()
    return auth.VerifyTokenAuthorityResponse.decode(ask(service, auth.VERIFY_TOKEN_AUTHORITY, request)).Signed


def token_request(realm: str, host: str = HOST) -> bytes:
    scopes = ["repository:team/hello:pull,push"]
    return auth.FetchTokenRequest(
        ClientID="buildkit-client", Host=host, Realm=realm, Service="registry", Scopes=scopes
    ).encode()


class TestCredentials:
    def test_a_user(self, docker_config: Path) -> None:
        log_in(docker_config, HOST)
        assert credentials(service()) == ("alice", "swordfish")

    def test_anonymous_is_an_answer(self) -> None:
        assert credentials(service()) == ("", "")

    def test_looking_them_up_does_not_block_the_loop(self) -> None:
        call = Call(service(), auth.CREDENTIALS)
        call.handler.message(auth.CredentialsRequest(Host=HOST).encode())
        assert len(call.deferred) == 1
        assert call.status is None

    def test_a_mistake_in_the_configuration(self, docker_config: Path) -> None:
        docker_config.write_text("{")
        request = auth.CredentialsRequest(Host=HOST).encode()
        status = refuse(service(), auth.CREDENTIALS, request).status
        assert status is not None
        assert status[0] == INVALID_ARGUMENT
        assert status[1].startswith(f"reading {docker_config}: line 1, column 2: ")

    def test_a_failure_of_ours_does_not_tell_what_was_read(self) -> None:
        class Broken(CredentialStore):
            def lookup(self, host: str) -> None:  # type: ignore[override]
                raise ValueError(f"swordfish of {host}")

        status = refuse(Auth(Broken()), auth.CREDENTIALS, b"").status
        assert status == (INTERNAL, "the client's session failed: ValueError")


class TestAuthority:
    def test_what_is_signed_can_be_verified_with_the_key(self, docker_config: Path) -> None:
        log_in(docker_config, HOST)
        ours = service()
        key, answer = public_key(ours), signed(ours, b"payload")
        assert len(key) == 32
        assert answer[64:] == b"payload"
        Ed25519PublicKey.from_public_bytes(key).verify(answer[:64], b"payload")

    def test_another_session_of_this_process_with_the_same_user_has_the_same_key(
        self, docker_config: Path
    ) -> None:
        log_in(docker_config, HOST)
        assert public_key(service()) == public_key(service())

    def test_another_user_host_or_salt_has_not(self, docker_config: Path) -> None:
        log_in(docker_config, HOST, "other.example")
        ours = service()
        keys = {public_key(ours), public_key(ours, "other.example"), public_key(ours, salt=bytes(32))}
        log_in(docker_config, HOST, user="alice:changed")
        keys.add(public_key(service()))
        log_in(docker_config, HOST, user="bob:swordfish")
        keys.add(public_key(service()))
        assert len(keys) == 5

    def test_a_user_is_not_taken_for_an_anonymous_one(self, docker_config: Path) -> None:
        anonymous = public_key(service())
        log_in(docker_config, HOST)
        answer = signed(service(), b"payload")
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(anonymous).verify(answer[:64], b"payload")

    def test_all_who_are_anonymous_share_one_key_as_with_buildctl(self) -> None:
        # Ed25519 of HMAC-SHA256(salt, "") by buildkit's session/auth/authprovider, with Go's crypto/ed25519.
        assert public_key(service()) == public_key(service(), "other.example")
        expected = "040621616cad1cec87d58de663a3da915dc2bf8afbd0bd361931d2c207644cc4"
        assert public_key(service()).hex() == expected


class TestTokens:
    def test_a_token_is_fetched_for_the_daemon(self, docker_config: Path) -> None:
        log_in(docker_config, HOST)
        with Server(lambda _: Answer(200, b'{"token": "the token", "expires_in": 300}')) as server:
            ours = service()
            for _ in range(2):
                data = ask(ours, auth.FETCH_TOKEN, token_request(f"http://{server.host}/token"))
                answer = auth.FetchTokenResponse.decode(data)
                assert answer.Token == "the token"
                assert 290 <= answer.ExpiresIn <= 300
                assert answer.IssuedAt == 0
        (asked,) = server.asked
        assert asked.headers["authorization"] == f"Basic {b64encode(b'alice:swordfish').decode()}"
        assert asked.query == {"service": ["registry"], "scope": ["repository:team/hello:pull,push"]}

    def test_a_refusal_can_be_told_from_the_daemons_error(self, docker_config: Path) -> None:
        log_in(docker_config, HOST)
        ours = service()
        with Server(lambda _: Answer(401)) as server:
            status = refuse(ours, auth.FETCH_TOKEN, token_request(f"http://{server.host}/token")).status
        assert status is not None
        code, message = status
        assert code == UNAUTHENTICATED
        assert message == (
            f"getting a token for registry {HOST} as user alice: {server.host} answered 401 Unauthorized"
        )
        cause = ours.cause_of(f"failed to push: failed to authorize: rpc error: {message}")
        assert isinstance(cause, AccessError)
        assert cause.hint
        assert ours.cause_of("failed to push: broken pipe") is None

    def test_whose_credentials_were_used_can_be_told(self, docker_config: Path) -> None:
        log_in(docker_config, HOST, "https://index.docker.io/v1/")
        ours = service()
        for host in (HOST, "registry-1.docker.io", "other.example"):
            credentials(ours, host)
        push = "failed to push {}/team/hello:1: 401 Unauthorized"
        alice = f"was asked as user alice, from {docker_config}"
        assert ours.used_for(push.format(HOST)) == f"{HOST} {alice}"
        assert ours.used_for(push.format("docker.io")) == f"docker.io {alice}"
        assert ours.used_for(push.format("other.example")) == "no credentials were found for other.example"
        assert ours.used_for(push.format("never.example")) == ""

    def test_a_server_in_trouble_is_unavailable(self) -> None:
        ours = service()
        with Server(lambda _: Answer(503)) as server:
            status = refuse(ours, auth.FETCH_TOKEN, token_request(f"http://{server.host}/token")).status
        assert status is not None
        assert status[0] == UNAVAILABLE
        assert isinstance(ours.cause_of(status[1]), TransientError)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a certificate that this machine trusts."""
    certificate = tmp_path / "certificate.pem"
    self_signed(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Server(lambda _: Answer(200, b'{"token": "the token"}'), certificate) as server:
        yield server


class TestWarnings:
    def test_an_insecure_registry_that_need_not_be(self, docker_config: Path, trusted: Server) -> None:
        log_in(docker_config, trusted.host)
        notices: list[str] = []
        ours = Auth(CredentialStore(), parse_settings(insecure=[trusted.host]), notices.append)
        for _ in range(2):
            assert credentials(ours, trusted.host)[0] == "alice"
            ask(ours, auth.FETCH_TOKEN, token_request(f"https://{trusted.host}/token", trusted.host))
        assert notices == [
            f"the credentials for {trusted.host} are sent as to an insecure registry, but it answers with a "
            f"valid certificate: leave out --insecure-registry {trusted.host}"
        ]

    def test_no_credentials_no_warning(self, trusted: Server) -> None:
        notices: list[str] = []
        ours = Auth(CredentialStore(), parse_settings(insecure=[trusted.host]), notices.append)
        assert credentials(ours, trusted.host) == ("", "")
        assert notices == []

    def test_a_registry_that_has_no_tls(self, docker_config: Path) -> None:
        notices: list[str] = []
        with Server(lambda _: Answer()) as server:
            log_in(docker_config, server.host)
            ours = Auth(CredentialStore(), parse_settings(insecure=[server.host]), notices.append)
            assert credentials(ours, server.host)[0] == "alice"
        assert notices == []

    def test_a_token_server_without_tls_of_a_registry_with_it(
        self, docker_config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log_in(docker_config, HOST)
        notices: list[str] = []
        with Server(lambda _: Answer(200, b'{"token": "the token"}')) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.host}")
            for settings in (None, parse_settings(insecure=["auth.invalid"])):
                ours = Auth(CredentialStore(), settings, notices.append)
                refuse(ours, auth.FETCH_TOKEN, token_request("http://auth.invalid/token"))
                refuse(ours, auth.FETCH_TOKEN, token_request("http://auth.invalid/token"))
        assert notices == [
            f"the credentials for {HOST} are sent to auth.invalid without TLS: the registry names it as the "
            "server of its tokens"
        ]
