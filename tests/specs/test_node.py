"""Nodes: which daemon builds which platforms, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.specs.node import Node, joined, overridden
from runner.specs.platform import Platform
from runner.transport.address import TLS, Address

ARM64, ARM7 = Platform("linux", "arm64"), Platform("linux", "arm", "v7")
FIRST, SECOND = Address(host="a", port=1), Address(host="b", port=2)


def test_a_platform_and_an_address() -> None:
    node = Node.parse("linux/arm64=tcp://a:1")
    assert node == Node((ARM64,), FIRST)
    assert str(node) == "linux/arm64 on tcp://a:1"


def test_several_platforms_are_joined_by_a_plus_and_counted_once() -> None:
    node = Node.parse("aarch64+linux/arm/v7+arm64=unix:///run/a=b.sock")
    assert node == Node((ARM64, ARM7), Address(path="/run/a=b.sock"))
    assert str(node) == "linux/arm64+linux/arm/v7 on unix:///run/a=b.sock"


def test_files_for_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ca.pem", "key=1,2.pem"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    node = Node.parse('linux/arm64=tcp://a:1,ca=ca.pem,cert=ca.pem,"key=key=1,2.pem",servername=c')
    ca = str(tmp_path / "ca.pem")
    assert node.address.tls == TLS(ca, ca, str(tmp_path / "key=1,2.pem"), "c")


REFUSED = {
    "": "it does not begin with PLATFORM=ADDRESS",
    "linux/arm64": "it does not begin with PLATFORM=ADDRESS",
    "tcp://a:1": "it does not begin with PLATFORM=ADDRESS",
    "=tcp://a:1": "it does not begin with PLATFORM=ADDRESS",
    "linux/arm64=": "it does not begin with PLATFORM=ADDRESS",
    "linux/arm64,linux/arm/v7=tcp://a:1": "it does not begin with PLATFORM=ADDRESS",
    "linux/arm65=tcp://a:1": "'arm65' is neither an architecture",
    "linux/arm64+=tcp://a:1": "reading the platform ''",
    "linux/arm64=a:1": "neither unix nor tcp",
    "linux/arm64=tcp://a": "has no host and port",
    "linux/arm64=tcp://a:1,cafile=x": "unknown attribute 'cafile'",
    "linux/arm64=tcp://a:1,ca": "ca has no value",
    "linux/arm64=tcp://a:1,servername=a,servername=b": "servername is given twice",
    "linux/arm64=tcp://a:1,ca=missing.pem": "ca: there is no file /",
    "linux/arm64=tcp://a:1,cert=pyproject.toml": "the client's key is missing",
    "linux/arm64=unix:///a,servername=a": "a unix socket does not speak it",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Node.parse(text)
    assert f"reading --node {text!r}: " in caught.value.message
    assert REFUSED[text] in caught.value.message


def test_nodes_at_one_address_are_one() -> None:
    nodes = joined([Node((ARM64,), FIRST), Node((ARM7, ARM64), FIRST)])
    assert nodes == (Node((ARM64, ARM7), FIRST),)


def test_a_platform_has_one_node() -> None:
    with pytest.raises(UsageError, match="linux/arm64 is given to tcp://a:1 and to tcp://b:2"):
        joined([Node((ARM64,), FIRST), Node((ARM7, ARM64), SECOND)])


def test_what_is_named_nearer_takes_its_platforms() -> None:
    far, near = [Node((ARM64, ARM7), FIRST)], [Node((ARM64,), SECOND)]
    assert list(overridden(far, near)) == [Node((ARM7,), FIRST), Node((ARM64,), SECOND)]
    assert list(overridden(near, far)) == far
