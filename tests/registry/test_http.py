"""Our HTTP requests: certificates, redirects, proxies, cut connections."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from runner.errors import AccessError, Error, TransientError, UsageError
from runner.registry.http import HttpClient, Reply
from runner.registry.settings import RegistrySettings, parse_settings
from tests.registry.certificates import self_signed
from tests.registry.server import CUT, Answer, Asked, Server


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    file = tmp_path / "certificate.pem"
    self_signed(file)
    return file


def hello(_request: Asked) -> Answer:
    return Answer(200, b"hello")


def get(url: str, settings: RegistrySettings | None = None, registry: str = "registry.example") -> Reply:
    headers = {"Authorization": "Basic xyz"}
    return HttpClient(settings).send("GET", url, registry=registry, doing="asking", headers=headers)


def failure(url: str, settings: RegistrySettings | None = None, registry: str = "registry.example") -> Error:
    with pytest.raises(Error) as caught:
        get(url, settings, registry)
    return caught.value


def test_a_request_and_its_answer() -> None:
    with Server(hello) as server:
        sent = HttpClient().send(
            "POST", f"http://{server.host}/path?x=1", registry="r", doing="", headers={"A": "b"}, body=b"body"
        )
    assert sent[:3] == Reply(200, "OK", b"hello", {})[:3]
    assert sent.headers["content-length"] == "5"
    (request,) = server.asked
    assert (request.method, request.path, request.body) == ("POST", "/path?x=1", b"body")
    assert request.headers["a"] == "b"
    assert request.headers["user-agent"] == "buildkit-runner"


class TestCertificates:
    def test_one_that_nobody_knows_is_refused(self, certificate: Path) -> None:
        with Server(hello, certificate) as server:
            error = failure(f"https://{server.host}/")
            assert not server.asked
        assert isinstance(error, AccessError)
        assert error.message.startswith(f"asking: the certificate of {server.host} is not trusted: self")
        assert error.hint.endswith("--registry-ca registry.example=FILE.")

    def test_the_registrys_ca_is_trusted_at_its_token_server_too(self, certificate: Path) -> None:
        with Server(hello, certificate) as server:
            for host in ("registry.example", server.host):
                settings = parse_settings(cas=[f"{host}={certificate}"])
                assert get(f"https://{server.host}/", settings).body == b"hello"

    def test_an_insecure_registry_needs_none(self, certificate: Path) -> None:
        with Server(hello, certificate) as server:
            url = f"https://{server.host}/"
            assert get(url, parse_settings(insecure=[server.host])).body == b"hello"
            # The same machine on another port: where a registry has its token server.
            other = "127.0.0.1:1"
            assert get(url, parse_settings(insecure=[other]), registry=other).body == b"hello"

    def test_but_a_foreign_token_server_of_an_insecure_registry_does(self, certificate: Path) -> None:
        with Server(hello, certificate) as server:
            settings = parse_settings(insecure=["registry.example"])
            assert isinstance(failure(f"https://{server.host}/", settings), AccessError)

    def test_a_server_without_tls(self) -> None:
        with Server(hello) as server:
            error = failure(f"https://{server.host}/")
        assert isinstance(error, AccessError)
        assert f"{server.host} does not speak TLS as it should" in error.message
        assert error.hint.endswith("--insecure-registry registry.example.")


class TestConnections:
    def test_a_cut_one_is_tried_once_more(self) -> None:
        answers = iter((CUT, Answer(200, b"hello")))
        with Server(lambda _: next(answers)) as server:
            assert get(f"http://{server.host}/").body == b"hello"

    def test_but_only_once(self) -> None:
        with Server(lambda _: CUT) as server:
            error = failure(f"http://{server.host}/")
        assert len(server.asked) == 2
        assert isinstance(error, TransientError)
        assert error.message == f"asking: {server.host} cut the connection twice"

    def test_nobody_listens(self) -> None:
        with Server(hello) as server:
            pass
        error = failure(f"http://{server.host}/")
        assert isinstance(error, TransientError)
        assert error.message == f"asking: cannot reach {server.host}: Connection refused"

    def test_a_server_that_is_none(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def answer() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

            thread = threading.Thread(target=answer)
            thread.start()
            error = failure(f"http://127.0.0.1:{listener.getsockname()[1]}/")
            thread.join()
        assert isinstance(error, TransientError)
        assert "answered with broken HTTP: BadStatusLine" in error.message

    def test_a_server_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("runner.registry.http.PATIENCE", 0.1)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            error = failure(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert isinstance(error, TransientError)
        assert error.message.endswith("did not answer in time")

    @pytest.mark.parametrize(
        "url", ["ftp://registry.example/", "registry.example/token", "http://h:port/", "http://[::1/", ""]
    )
    def test_an_address_that_is_none(self, url: str) -> None:
        error = failure(url)
        assert isinstance(error, AccessError)
        assert "is not a valid address" in error.message

    def test_of_a_huge_answer_a_part_is_read(self) -> None:
        with Server(lambda _: Answer(200, bytes(3 << 20))) as server:
            assert len(get(f"http://{server.host}/").body) == 1 << 20


class TestRedirects:
    def test_within_a_host_the_credentials_go_along(self) -> None:
        def answer(request: Asked) -> Answer:
            return Answer(200) if request.path == "/new" else Answer(302, headers={"Location": "/new"})

        with Server(answer) as server:
            assert get(f"http://{server.host}/old").status == 200
        assert [request.headers.get("authorization") for request in server.asked] == ["Basic xyz"] * 2

    def test_to_another_host_they_do_not(self) -> None:
        with Server(hello) as other:
            location = f"http://localhost:{other.port}/"
            with Server(lambda _: Answer(307, headers={"Location": location})) as server:
                assert get(f"http://{server.host}/").body == b"hello"
        assert "authorization" not in other.asked[0].headers

    def test_nor_from_tls_to_plain(self, certificate: Path) -> None:
        with (
            Server(hello) as plain,
            Server(
                lambda _: Answer(301, headers={"Location": f"http://{plain.host}/"}), certificate
            ) as server,
        ):
            get(f"https://{server.host}/", parse_settings(insecure=[server.host]))
        assert "authorization" in server.asked[0].headers
        assert "authorization" not in plain.asked[0].headers

    def test_without_end(self) -> None:
        with Server(lambda _: Answer(302, headers={"Location": "/"})) as server:
            error = failure(f"http://{server.host}/")
        assert error.message == "asking: 127.0.0.1 redirects without end"
        assert len(server.asked) == 6

    def test_to_nowhere(self) -> None:
        with Server(lambda _: Answer(302, headers={"Location": "http://[nowhere"})) as server:
            error = failure(f"http://{server.host}/")
        assert error.message == "asking: 'http://[nowhere' is not a valid address"

    def test_authorization_does_not_go_to_another_port(self) -> None:
        with (
            Server(hello) as other,
            Server(lambda _: Answer(302, headers={"Location": f"http://{other.host}/"})) as server,
        ):
            assert get(f"http://{server.host}/").body == b"hello"
        assert "authorization" in server.asked[0].headers
        assert "authorization" not in other.asked[0].headers

    def test_a_post_is_not_sent_elsewhere(self) -> None:
        with Server(lambda _: Answer(307, headers={"Location": "/"})) as server:
            reply = HttpClient().send("POST", f"http://{server.host}/", registry="r", doing="", body=b"x")
        assert reply.status == 307


class Proxy:
    """Answers one CONNECT by joining the two connections, whatever it asks for, and keeps the request."""

    def __init__(self, target: int, status: bytes = b"200 OK") -> None:
        self.asked: list[bytes] = []
        self._target = target
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            self.asked.append(connection.recv(1 << 16))
            connection.sendall(b"HTTP/1.1 " + self._status + b"\r\n\r\n")
            if not self._status.startswith(b"200"):
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                back = threading.Thread(target=_copy, args=(server, connection))
                back.start()
                _copy(connection, server)
                back.join()

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    while data := source.recv(1 << 16):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)


class TestProxies:
    """Names under .invalid never resolve: what arrives came through the proxy."""

    def test_plain_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Server(hello) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://us%40er:pa%3Ass@{proxy.host}")
            assert get("http://auth.invalid:8080/token?x=1").body == b"hello"
        (request,) = proxy.asked
        assert request.path == "http://auth.invalid:8080/token?x=1"
        assert request.headers["host"] == "auth.invalid:8080"
        assert request.headers["proxy-authorization"] == "Basic dXNAZXI6cGE6c3M="

    def test_tls(self, monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
        self_signed(certificate, "auth.invalid")
        with Server(hello, certificate) as server:
            proxy = Proxy(server.port)
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{proxy.port}")
            settings = parse_settings(cas=[f"registry.example={certificate}"])
            reply = get("https://auth.invalid/token", settings)
            proxy.close()
        assert reply.body == b"hello"
        assert proxy.asked[0].startswith(b"CONNECT auth.invalid:443 HTTP/1")
        assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in proxy.asked[0]
        assert "proxy-authorization" not in server.asked[0].headers

    def test_the_registries_of_the_settings_need_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        settings = parse_settings(insecure=["registry.invalid:5000"])
        error = failure("http://registry.invalid:5000/", settings)
        assert "Connection refused" not in error.message

    def test_one_that_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        proxy = Proxy(0, b"407 Proxy Authentication Required")
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:swordfish@127.0.0.1:{proxy.port}")
        error = failure("https://auth.invalid/token")
        proxy.close()
        assert isinstance(error, TransientError)
        assert "407 Proxy Authentication Required" in error.message
        assert "swordfish" not in str(error)

    def test_one_of_another_kind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
        error = failure("https://auth.invalid/token")
        assert isinstance(error, UsageError)
        assert error.message == (
            "reaching auth.invalid through a socks5 proxy: only http:// proxies can be used"
        )
