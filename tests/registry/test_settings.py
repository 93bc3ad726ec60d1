"""What is said once of a registry drives the daemon's configuration, the exporters and our own calls."""

from __future__ import annotations

import socket
import ssl
import threading
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.registry.settings import RegistrySettings, parse_settings, tls_answers_validly
from tests.registry.certificates import self_signed


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key."""
    self_signed(folder / "ca.pem")
    return folder / "ca.pem"


def parse(
    *, insecure: list[str] | None = None, cas: list[str] | None = None, mirrors: list[str] | None = None
) -> RegistrySettings:
    return parse_settings(insecure=insecure or [], cas=cas or [], mirrors=mirrors or [], environ={})


def tables(settings: RegistrySettings) -> object:
    return tomllib.loads(settings.tables()).get("registry", {})


def test_nothing_said_is_nothing_written() -> None:
    settings = parse()
    assert settings.tables() == ""
    assert settings.hosts() == ()
    assert settings.for_joined("tcp://a:1") == ()
    assert not settings.insecure("registry.test")
    assert settings.ca("registry.test") == ""


def test_an_insecure_registry_may_speak_plain_http_or_unverified_tls() -> None:
    settings = parse(insecure=["registry.test:5000", "[::1]:5000"])
    assert settings.insecure("registry.test:5000")
    assert not settings.insecure("registry.test")
    assert tables(settings) == {
        "registry.test:5000": {"http": True, "insecure": True},
        "[::1]:5000": {"http": True, "insecure": True},
    }


def test_a_registry_with_a_ca_is_spoken_to_with_tls_also_on_this_machine(tmp_path: Path) -> None:
    ca = certificate(tmp_path)
    settings = parse(cas=[f"127.0.0.1:5000={ca}"])
    assert settings.ca("127.0.0.1:5000") == str(ca)
    assert tables(settings) == {"127.0.0.1:5000": {"http": False, "ca": [str(ca)]}}


def test_mirrors_are_asked_in_the_order_given_each_with_its_own_settings() -> None:
    settings = parse(
        insecure=["127.0.0.1:5000"],
        mirrors=["docker.io=127.0.0.1:5000", "docker.io=mirror.test/proxy/hub/", "ghcr.io=mirror.test"],
    )
    assert tables(settings) == {
        "127.0.0.1:5000": {"http": True, "insecure": True},
        "docker.io": {"mirrors": ["127.0.0.1:5000", "mirror.test/proxy/hub"]},
        "ghcr.io": {"mirrors": ["mirror.test"]},
    }


@pytest.mark.parametrize("name", ["index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_one_name(name: str) -> None:
    assert tables(parse(mirrors=[f"{name}=mirror.test"])) == {"docker.io": {"mirrors": ["mirror.test"]}}
    assert parse(insecure=["docker.io"]).insecure(name)


def test_the_registries_named_are_asked_without_a_proxy(tmp_path: Path) -> None:
    ca = certificate(tmp_path)
    settings = parse(insecure=["a.test:5000"], cas=[f"b.test={ca}"], mirrors=["docker.io=c.test/proxy"])
    assert settings.hosts() == ("a.test:5000", "b.test", "c.test")
    assert settings.no_proxy({}) == "localhost,127.0.0.1,::1,a.test:5000,b.test,c.test"
    both = {"NO_PROXY": "intern, a.test:5000", "no_proxy": ".corp,intern"}
    assert settings.no_proxy(both) == "intern,a.test:5000,.corp,localhost,127.0.0.1,::1,b.test,c.test"


def test_a_joined_daemon_can_be_told_of_insecure_registries_only() -> None:
    (warning,) = parse(insecure=["a.test:5000"]).for_joined("unix:///run/a.sock")
    assert warning.startswith("a.test:5000 is insecure for pushes and caches only")
    assert "FROM" in warning
    assert "unix:///run/a.sock" in warning


def test_a_joined_daemon_cannot_be_given_mirrors_and_cas() -> None:
    settings = parse(insecure=["a.test:5000"], mirrors=["docker.io=a.test:5000"])
    with pytest.raises(
        UsageError, match=r"mirrors and CAs given for docker\.io: the daemon at tcp://b:1"
    ) as refused:
        settings.for_joined("tcp://b:1")
    before, _, lines = refused.value.hint.partition("\n")
    assert "buildkitd.toml" in before
    assert tomllib.loads(lines)["registry"] == tables(settings)


def test_a_file_says_the_same(tmp_path: Path) -> None:
    ca = certificate(tmp_path)
    file = tmp_path / "registries.toml"
    file.write_text(
        '[registry."docker.io"]\nmirrors = ["127.0.0.1:5000", "mirror.test"]\n'
        '[registry."127.0.0.1:5000"]\ninsecure = true\n'
        '[registry."tls.test"]\nca = "ca.pem"\n'
    )
    settings = parse_settings(file=str(file), environ={})
    assert settings == parse_settings(environ={"BUILDKIT_RUNNER_REGISTRIES": str(file)})
    assert settings.ca("tls.test") == str(ca)
    assert settings.insecure("127.0.0.1:5000")
    more = parse_settings(file=str(file), mirrors=["docker.io=third.test"], environ={})
    assert more.registries["docker.io"].mirrors == ("127.0.0.1:5000", "mirror.test", "third.test")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[registry", "Expected"),
        ("[registries]", "unknown key 'registries'"),
        ("registry = 1", "registry is not a table"),
        ('[registry]\n"a.test" = 1', "is not a table"),
        ('[registry."a.test"]\ninsecur = true', "unknown key 'insecur'"),
        ('[registry."a.test"]\ninsecure = "yes"', "insecure is not true or false"),
        ('[registry."a.test"]\nca = ["a.pem"]', "ca is not a string"),
        ('[registry."a.test"]\nmirrors = "b.test"', "mirrors is not a list of strings"),
        ('[registry."a.test"]\nmirrors = [1]', "mirrors is not a list of strings"),
        ('[registry."a.test"]\nmirrors = ["http://b"]', "is not a mirror's host"),
        ('[registry."https://a.test"]', "is not a registry's host"),
        ('[registry."docker.io"]\n[registry."index.docker.io"]', "docker.io is given twice"),
        ('[registry."a.test"]\nca = "missing.pem"', "No such file"),
    ],
)
def test_a_file_with_a_mistake_is_refused(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "registries.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=why):
        parse_settings(file=str(file), environ={})


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"reading the registries file .*/none: No such file.*\nName a "):
        parse_settings(file=f"{tmp_path}/none", environ={})
    (tmp_path / "latin1").write_bytes(b'[registry."\xe4"]')
    with pytest.raises(
        UsageError, match=r"reading the registries file .*\nName a TOML file with --registries"
    ):
        parse_settings(file=f"{tmp_path}/latin1", environ={})


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("http://a.test:5000", "Write a.test:5000 without http://, and give --insecure-registry"),
        ("https://a.test/", "Write a.test without https://."),
        ("a.test/team", "HOST:PORT"),
        ("a test", "HOST:PORT"),
        ("", "HOST:PORT"),
        ('a"]', "HOST:PORT"),
        ("a.test:port", "HOST:PORT"),
    ],
)
def test_a_host_is_a_host(host: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is not a registry's host") as refused:
        parse(insecure=[host])
    assert hint in refused.value.hint


@pytest.mark.parametrize("text", ["docker.io", "=mirror.test", "docker.io="])
def test_a_pair_has_two_sides(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not docker\.io=HOST"):
        parse(mirrors=[text])
    with pytest.raises(UsageError, match="is not HOST=FILE"):
        parse(cas=[text])


def test_a_ca_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    for name, why in (("text", "holds no PEM certificate"), ("none", "No such file"), (".", "directory|PEM")):
        with pytest.raises(UsageError, match=why) as caught:
            parse(cas=[f"a.test={tmp_path / name}"])
        assert caught.value.hint.startswith("Give the PEM file of the CA")


def test_insecure_and_a_ca_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be insecure and have a CA"):
        parse(insecure=["a.test"], cas=[f"a.test={certificate(tmp_path)}"])


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """host:port of something that speaks TLS, and the CA of its certificate."""
    ca = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with (
                        connection,
                        suppress(OSError),
                        context.wrap_socket(connection, server_side=True) as tls,
                    ):
                        tls.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", str(ca)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_valid_certificate_is_seen(tls_server: tuple[str, str]) -> None:
    host, ca = tls_server
    assert tls_answers_validly(host, ca)
    assert not tls_answers_validly(host)


def test_plain_http_is_no_valid_certificate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert not tls_answers_validly(f"127.0.0.1:{listener.getsockname()[1]}")
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "[::1]:1", "registry.invalid", "127.0.0.1:99999", "a..b"])
def test_nobody_there_is_no_valid_certificate(host: str) -> None:
    assert not tls_answers_validly(host)
