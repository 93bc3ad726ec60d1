"""The proxy variables, as Go's programs read them."""

import pytest

from runner.registry.proxies import proxy_for


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("HTTPS_PROXY", "secure-proxy:8080")


def test_each_scheme_has_its_own() -> None:
    assert proxy_for("http", "registry.example", 80, "") == "http://proxy:3128"
    assert proxy_for("https", "registry.example", 443, "") == "http://secure-proxy:8080"


def test_lower_case_names_count_where_the_upper_ones_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://lower:1")
    assert proxy_for("https", "registry.example", 443, "") == "http://secure-proxy:8080"
    monkeypatch.delenv("HTTPS_PROXY")
    assert proxy_for("https", "registry.example", 443, "") == "http://lower:1"
    monkeypatch.delenv("https_proxy")
    assert proxy_for("https", "registry.example", 443, "") == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_needs_none(host: str) -> None:
    assert proxy_for("http", host, 5000, "") == ""


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("", "registry.example", False),
        ("*", "registry.example", True),
        ("registry.example", "registry.example", True),
        ("Registry.Example", "REGISTRY.example", True),
        ("example", "registry.example", True),
        ("example", "counterexample", False),
        (".example", "registry.example", True),
        (".registry.example", "registry.example", False),
        ("*.example", "registry.example", True),
        ("other, registry.example ,", "registry.example", True),
        ("registry.example:5000", "registry.example", True),
        ("registry.example:443", "registry.example", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "registry.example", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:5000", "10.1.2.3", True),
        ("fd00::/8", "fd00::1", True),
        ("fd00::1", "fd00::1", True),
        ("[fd00::1]:5000", "fd00::1", True),
        ("[fd00::1]:80", "fd00::1", False),
        ("nonsense/8", "10.1.2.3", False),
    ],
)
def test_no_proxy(no_proxy: str, host: str, direct: bool) -> None:
    assert (proxy_for("https", host, 5000, no_proxy) == "") is direct
