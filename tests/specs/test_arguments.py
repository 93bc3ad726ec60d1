"""Build arguments: given, from the environment, and what of them must not be shown."""

import json
import time
from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.specs.arguments import parse_build_args, parse_labels, passwords, with_environment


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


def test_a_name_alone_takes_the_environments_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET", "1")
    monkeypatch.delenv("UNSET", raising=False)
    assert parse_build_args(["A=1", "B=", "C=x=y", "SET", "UNSET", "A=2"]) == {
        "A": "2",
        "B": "",
        "C": "x=y",
        "SET": "1",
    }
    assert parse_build_args({"A": "1", "SET": None, "UNSET": None}) == {"A": "1", "SET": "1"}


def test_a_label_alone_is_empty() -> None:
    assert parse_labels(["a=b", "c", "d="]) == {"a": "b", "c": "", "d": ""}


def test_a_pair_without_a_name_is_refused() -> None:
    for parse in (parse_build_args, parse_labels):
        with pytest.raises(UsageError, match="it has no name"):
            parse(["=x"])


def test_the_environment_and_dockers_configuration_add_arguments(docker_config: Path) -> None:
    proxies = {
        "httpProxy": "http://p:1",
        "httpsProxy": "http://p:2",
        "noProxy": "a,b",
        "ftpProxy": "",
        "x": "y",
    }
    docker_config.write_text(json.dumps({"proxies": {"default": proxies}}))
    environ = {"SOURCE_DATE_EPOCH": "17", "HTTP_PROXY": "http://not-this", "http_proxy": "nor-this"}
    assert with_environment({"A": "1"}, environ) == {
        "A": "1",
        "SOURCE_DATE_EPOCH": "17",
        "HTTP_PROXY": "http://p:1",
        "HTTPS_PROXY": "http://p:2",
        "NO_PROXY": "a,b",
    }


def test_what_is_given_wins(docker_config: Path) -> None:
    docker_config.write_text('{"proxies": {"default": {"httpProxy": "http://p", "noProxy": "n"}}}')
    given = {"http_proxy": "mine", "SOURCE_DATE_EPOCH": ""}
    assert with_environment(given, {"SOURCE_DATE_EPOCH": "17"}) == {**given, "NO_PROXY": "n"}


def test_proxies_may_be_those_of_one_docker_daemon(docker_config: Path) -> None:
    hosts = {"default": {"noProxy": "d"}, "tcp://h:1": {"noProxy": "h"}, "unix:///var/run/docker.sock": {}}
    docker_config.write_text(json.dumps({"proxies": hosts}))
    assert with_environment({}, {}) == {}
    assert with_environment({}, {"DOCKER_HOST": "tcp://h:1"}) == {"NO_PROXY": "h"}
    assert with_environment({}, {"DOCKER_HOST": "tcp://other:1"}) == {"NO_PROXY": "d"}


@pytest.mark.parametrize("text", ["{", '{"proxies": 1}', '{"proxies": {"default": 1}}', '{"proxies": []}x'])
def test_a_configuration_that_is_not_valid_is_refused(docker_config: Path, text: str) -> None:
    docker_config.write_text(text)
    with pytest.raises(UsageError, match=str(docker_config)):
        with_environment({}, {})


MASKED = {
    "http://proxy:3128": (),
    "no url: a:b@c": (),
    "ssh://git@host/x": (),
    "http://user@proxy": (),
    "http://user:@proxy": (),
    "http://user:secret@proxy:3128/": ("user:secret", "secret"),
    "http://u:abc@proxy": ("u:abc",),
    "a http://u:p%40ssword@h b": ("u:p%40ssword", "p%40ssword", "p@ssword"),
    "http://u:sec@ret@h": ("u:sec@ret", "sec@ret"),
    "https://ghp_0123456789abcdef0123@github.com/x": ("ghp_0123456789abcdef0123",),
    "http://a:longone1@h,http://b:other22@i": ("longone1", "a:longone1", "other22", "b:other22"),
}


@pytest.mark.parametrize("value", MASKED)
def test_passwords_in_urls_are_found(value: str) -> None:
    found = passwords([value])
    assert set(found) == set(MASKED[value])
    assert list(found) == sorted(found, key=len, reverse=True)


def test_a_long_value_is_searched_for_passwords_in_linear_time() -> None:
    before = time.thread_time()
    assert passwords(["a" * 400_000, "a://" * 100_000 + "me:pa@@host"]) == ("me:pa@",)
    assert time.thread_time() - before < 2
