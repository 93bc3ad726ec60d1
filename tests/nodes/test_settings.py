"""Where nodes are named: flags before the environment, a spec before a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.nodes.settings import FILE_VARIABLE, VARIABLE, parse_nodes
from runner.transport.address import TLS

FILE = """\
[[node]]
platforms = ["linux/arm64", "linux/arm/v7"]
address = "tcp://arm:1234"
ca = "ca.pem"
servername = "builder"

[[node]]
platforms = ["riscv64"]
address = "unix:///run/riscv.sock"
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "ca.pem").touch()
    (tmp_path / "nodes.toml").write_text(FILE)
    return str(tmp_path / "nodes.toml")


def test_a_file_whose_paths_are_beside_it(file: str) -> None:
    arm, riscv = parse_nodes(file=file, environ={})
    assert (str(arm), str(riscv)) == (
        "linux/arm64+linux/arm/v7 on tcp://arm:1234",
        "linux/riscv64 on unix:///run/riscv.sock",
    )
    assert arm.address.tls == TLS(ca=str(Path(file).with_name("ca.pem")), server_name="builder")


def test_a_spec_takes_its_platforms_from_the_file(file: str) -> None:
    found = parse_nodes(["linux/arm64=tcp://other:1"], file=file, environ={})
    assert list(map(str, found)) == [
        "linux/arm/v7 on tcp://arm:1234",
        "linux/riscv64 on unix:///run/riscv.sock",
        "linux/arm64 on tcp://other:1",
    ]


@pytest.mark.parametrize("separator", [";", "\n", " ; \n"])
def test_the_environment(separator: str, file: str) -> None:
    environ = {VARIABLE: separator.join(["arm64=tcp://a:1", "s390x=tcp://b:1", ""])}
    assert list(map(str, parse_nodes(environ=environ))) == [
        "linux/arm64 on tcp://a:1",
        "linux/s390x on tcp://b:1",
    ]
    both = parse_nodes(environ={**environ, FILE_VARIABLE: file})
    assert [str(node.address) for node in both] == [
        "tcp://arm:1234",
        "unix:///run/riscv.sock",
        "tcp://a:1",
        "tcp://b:1",
    ]


def test_a_flag_puts_the_environment_out(file: str) -> None:
    environ = {VARIABLE: "arm64=tcp://a:1", FILE_VARIABLE: file}
    assert list(map(str, parse_nodes(["s390x=tcp://b:1"], environ=environ))) == ["linux/s390x on tcp://b:1"]
    assert len(parse_nodes(file=file, environ={VARIABLE: "s390x=tcp://b:1"})) == 2


def test_the_variable_is_named_where_it_is_wrong() -> None:
    with pytest.raises(UsageError, match=f"reading {VARIABLE} 'arm64': it does not begin"):
        parse_nodes(environ={VARIABLE: "arm64"})


REFUSED = {
    "node = 1\n": "node is not a list of tables",
    "[node]\n": "node is not a list of tables",
    "[nodes]\n": "unknown key 'nodes'",
    "[[node]]\n": "platforms is not a list of strings",
    "[[node]]\nplatforms = 'arm64'\n": "platforms is not a list of strings",
    "[[node]]\nplatforms = [1]\n": "platforms is not a list of strings",
    "[[node]]\nplatforms = ['arm64']\n": "it has no address",
    "[[node]]\nplatforms = ['arm64']\naddress = 1\n": "address is not a string",
    "[[node]]\nplatforms = ['arm64']\naddress = 'tcp://a:1'\ncacert = 'x'\n": "unknown key 'cacert'",
    "[[node]]\nplatforms = ['arm64']\naddress = 'tcp://a:1'\nca = 'x'\n": "ca: there is no file",
    "[[node]]\nplatforms = ['arm65']\naddress = 'tcp://a:1'\n": "[[node]] 1: reading the platform 'arm65'",
    "[[node\n": "reading the nodes file",
}


@pytest.mark.parametrize("text", REFUSED)
def test_files_that_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "nodes.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        parse_nodes(file=str(tmp_path / "nodes.toml"), environ={})
    assert REFUSED[text] in caught.value.message
    assert str(tmp_path) in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"reading the nodes file .*: No such file"):
        parse_nodes(file=str(tmp_path / "nodes.toml"), environ={})
