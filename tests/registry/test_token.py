"""Tokens: how they are asked for, kept, and what a refusal says."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from runner.errors import AccessError, Error, TransientError
from runner.registry.credentials import Credentials
from runner.registry.token import Token, TokenRequest, TokenSource
from tests.registry.server import Answer, Asked, Server

ALICE = Credentials("alice", "swordfish", "config.json")
IDENTITY = Credentials("", "refresh", "docker-credential-test")
ANONYMOUS = Credentials()
SCOPES = ("repository:team/hello:pull,push", "repository:team/cache:pull")


def request(server: Server, path: str = "/token") -> TokenRequest:
    return TokenRequest("registry.example", f"http://{server.host}{path}", "the registry", SCOPES)


def answering(status: int = 200, **content: Any) -> Callable[[Asked], Answer]:
    return lambda _: Answer(status, json.dumps(content).encode())


def failure(server: Server, credentials: Credentials = ALICE) -> Error:
    with pytest.raises(Error) as caught:
        TokenSource().token(request(server), credentials)
    assert "swordfish" not in str(caught.value)
    return caught.value


class TestAsking:
    def test_a_password_goes_into_a_get(self) -> None:
        with Server(answering(token="the token", expires_in=300)) as server:
            token = TokenSource().token(request(server), ALICE)
        assert token.value == "the token"
        assert 290 <= token.seconds <= 300
        (asked,) = server.asked
        assert asked.method == "GET"
        assert asked.query == {"service": ["the registry"], "scope": list(SCOPES)}
        assert asked.headers["authorization"] == f"Basic {b64encode(b'alice:swordfish').decode()}"

    def test_the_realm_may_have_a_query(self) -> None:
        with Server(answering(access_token="the token")) as server:
            assert TokenSource().token(request(server, "/token?a=b"), ALICE).value == "the token"
        assert server.asked[0].query == {"a": ["b"], "service": ["the registry"], "scope": list(SCOPES)}

    def test_anonymous(self) -> None:
        with Server(answering(token="the token")) as server:
            assert TokenSource().token(request(server), ANONYMOUS).value == "the token"
        assert "authorization" not in server.asked[0].headers

    def test_an_identity_token_goes_into_a_post(self) -> None:
        with Server(answering(access_token="the token")) as server:
            assert TokenSource().token(request(server), IDENTITY).value == "the token"
        (asked,) = server.asked
        assert asked.method == "POST"
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert asked.form == {
            "grant_type": ["refresh_token"],
            "refresh_token": ["refresh"],
            "service": ["the registry"],
            "client_id": ["buildkit-client"],
            "scope": [" ".join(SCOPES)],
        }

    @pytest.mark.parametrize("status", [404, 405])
    def test_a_server_that_knows_post_only(self, status: int) -> None:
        def answer(asked: Asked) -> Answer:
            return Answer(status) if asked.method == "GET" else Answer(200, b'{"access_token": "the token"}')

        with Server(answer) as server:
            assert TokenSource().token(request(server), ALICE).value == "the token"
        form = server.asked[1].form
        assert (form["grant_type"], form["username"], form["password"]) == (
            ["password"],
            ["alice"],
            ["swordfish"],
        )


class TestKeeping:
    def test_it_is_asked_for_once_for_the_same_user_and_scopes(self) -> None:
        with Server(answering(token="the token", expires_in=300)) as server:
            source = TokenSource()
            first = source.token(request(server), ALICE)
            assert source.token(request(server), ALICE) is first
            assert len(server.asked) == 1
            source.token(request(server), Credentials("bob", "swordfish"))
            source.token(request(server)._replace(scopes=SCOPES[:1]), ALICE)
            assert len(server.asked) == 3

    @pytest.mark.parametrize(
        ("content", "life"),
        [
            ({}, 60),
            ({"expires_in": 0}, 60),
            ({"expires_in": "soon"}, 60),
            ({"expires_in": 1 << 70}, 60),
            ({"expires_in": 600, "issued_at": "nonsense"}, 600),
            ({"expires_in": 600, "issued_at": "0001-01-01T00:00:00Z"}, 600),
            ({"expires_in": 600, "issued_at": "2999-01-01T00:00:00Z"}, 600),
        ],
    )
    def test_its_life(self, content: dict[str, Any], life: int) -> None:
        with Server(answering(token="the token", **content)) as server:
            assert life - 2 <= TokenSource().token(request(server), ALICE).seconds <= life

    def test_a_token_that_was_issued_before_lives_shorter(self) -> None:
        issued = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(time.time() - 100))
        with Server(answering(token="the token", expires_in=600, issued_at=issued)) as server:
            assert 490 <= TokenSource().token(request(server), ALICE).seconds <= 502

    def test_near_its_end_it_is_asked_for_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 0.0
        clock = SimpleNamespace(time=time.time, monotonic=lambda: now)
        monkeypatch.setattr("runner.registry.token.time", clock)
        with Server(answering(token="the token", expires_in=300)) as server:
            source = TokenSource()
            now = 1000.0
            source.token(request(server), ALICE)
            now = 1269.0
            assert source.token(request(server), ALICE).seconds == 31
            assert len(server.asked) == 1
            now = 1271.0
            assert source.token(request(server), ALICE).seconds == 300
            assert len(server.asked) == 2

    def test_a_refusal_is_not_kept(self) -> None:
        answers = iter((Answer(401), Answer(200, b'{"token": "the token"}')))
        with Server(lambda _: next(answers)) as server:
            source = TokenSource()
            with pytest.raises(AccessError):
                source.token(request(server), ALICE)
            assert source.token(request(server), ALICE).value == "the token"


class TestRefusals:
    def test_a_wrong_password(self) -> None:
        errors = [{"code": "UNAUTHORIZED", "message": "alice: swordfish is\nwrong"}]
        with Server(answering(401, errors=errors)) as server:
            error = failure(server)
        assert isinstance(error, AccessError)
        assert error.message == (
            "getting a token for registry registry.example as user alice: "
            f"{server.host} answered 401 Unauthorized: alice: *** iswrong"
        )
        assert "config.json" in error.hint
        assert len(server.asked) == 1

    def test_without_credentials(self) -> None:
        with Server(answering(403, details="not for you")) as server:
            error = failure(server, ANONYMOUS)
        assert isinstance(error, AccessError)
        assert error.message == (
            "getting a token for registry registry.example without credentials: "
            f"{server.host} answered 403 Forbidden: not for you"
        )
        assert "REGISTRY_USERNAME" in error.hint

    def test_with_an_identity_token(self) -> None:
        with Server(answering(400, error="invalid_grant", error_description="expired")) as server:
            error = failure(server, IDENTITY)
        assert isinstance(error, AccessError)
        assert "with an identity token: " in error.message
        assert error.message.endswith("400 Bad Request: expired")

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_what_may_be_gone_at_the_next_try(self, status: int) -> None:
        with Server(lambda _: Answer(status, b"<html>swordfish</html>")) as server:
            error = failure(server)
        assert isinstance(error, TransientError)
        assert "html" not in error.message

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"token": ""}', b'{"token": 5}', b"swordfish", b"\xff"]
    )
    def test_an_answer_without_a_token(self, body: bytes) -> None:
        with Server(lambda _: Answer(200, body)) as server:
            error = failure(server)
        assert isinstance(error, TransientError)
        assert error.message.endswith(f"{server.host} answered without a token")

    def test_plain_text_is_cut(self) -> None:
        with Server(lambda _: Answer(401, b"no\x1b[31m way" + b"!" * 1000 + b"\nmore")) as server:
            error = failure(server)
        assert error.message.endswith("401 Unauthorized: no[31m way" + "!" * 190)


def test_no_token_in_a_repr() -> None:
    assert "swordfish" not in repr(Token("swordfish", 0.0))


def test_a_token_at_its_end_still_says_a_second() -> None:
    assert Token("x", time.monotonic() - 10).seconds == 1
