"""Which daemon a build uses: one that was named and answers is joined, else one of our own is started."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runner.daemon.rule import DEFAULT_ADDRESS, decide, resolve
from runner.errors import UsageError
from runner.transport.address import TLS, Address

UNIX = Address(path="/run/a.sock")
TCP = Address(host="build.test", port=1234)


def nobody(_: str) -> bool:
    return False


def somebody(_: str) -> bool:
    return True


def lasting(_: str) -> None:
    """The daemon is nobody's own."""


@pytest.mark.parametrize(
    ("address", "mode", "answers", "own", "where"),
    [
        (None, "auto", False, True, None),
        (None, "own", False, True, None),
        (None, "join", False, False, DEFAULT_ADDRESS),
        (UNIX, "auto", True, False, UNIX),
        (UNIX, "auto", False, True, UNIX),
        (UNIX, "join", True, False, UNIX),
        (UNIX, "join", False, False, UNIX),  # connecting to it fails, and says why
        (UNIX, "own", False, True, UNIX),
        (TCP, "auto", False, False, TCP),
        (TCP, "join", False, False, TCP),
    ],
)
def test_the_rule(
    address: Address | None, mode: str, answers: bool, own: bool, where: Address | None
) -> None:
    decision = decide(address, mode, somebody if answers else nobody, lasting)
    assert (decision.own, decision.address) == (own, where)


def test_the_user_is_told_that_nobody_answered() -> None:
    assert "nobody answers at unix:///run/a.sock" in decide(UNIX, "auto", nobody, lasting).notice
    assert decide(UNIX, "auto", somebody, lasting).notice == ""
    assert decide(None, "auto", nobody, lasting).notice == ""


@pytest.mark.parametrize(
    ("address", "mode", "why"),
    [
        (TCP, "own", "unix sockets only"),
        (UNIX, "own", "another one answers there"),
        (None, "both", "'both' is not one of auto, join, own"),
    ],
)
def test_what_does_not_go_together_is_refused(address: Address | None, mode: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        decide(address, mode, somebody, lasting)


def test_the_environment_names_a_daemon() -> None:
    host = {"BUILDKIT_HOST": "tcp://build.test:1234"}
    assert resolve(None, environ=host).address == TCP
    assert resolve("tcp://other.test:1", environ=host).address == Address(host="other.test", port=1)
    assert resolve(None, environ={"BUILDKIT_HOST": ""}).own


def test_tls_goes_with_the_address() -> None:
    tls = TLS(ca="/ca.pem")
    assert resolve("tcp://build.test:1234", tls=tls, environ={}).address == TCP._replace(tls=tls)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="neither unix nor tcp"):
        resolve("http://build.test", environ={})


def test_joining_costs_no_imports_that_only_starting_needs(tmp_path: Path) -> None:
    program = (
        "import sys; from runner.daemon.rule import resolve; "
        "from runner.registry.settings import parse_settings; parse_settings(insecure=['a:1']); "
        "assert not resolve(sys.argv[1]).own; print(*sys.modules)"
    )
    with socket.create_server(f"{tmp_path}/a.sock", family=socket.AF_UNIX) as listener:
        command = (sys.executable, "-S", "-c", program, f"unix://{tmp_path}/a.sock")
        loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        listener.accept()[0].close()
    heavy = {"subprocess", "ctypes", "tomllib", "ssl", "json", "logging", "inspect", "tempfile", "asyncio"}
    assert heavy.isdisjoint(loaded)
    assert "runner.daemon.start" not in loaded
