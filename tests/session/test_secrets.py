"""Build secrets: read when they are asked for, never shown."""

import os
import threading
from pathlib import Path

import pytest

from runner.session.secrets import MAX_SIZE, Secrets
from runner.specs.secret import Secret
from runner.transport.stream import INVALID_ARGUMENT, NOT_FOUND, UNKNOWN
from runner.wire import secrets
from tests.session.recorder import Call, ask, refuse

METHOD = secrets.GET_SECRET


def request(id: str) -> bytes:
    return secrets.GetSecretRequest(ID=id).encode()


def value(service: Secrets, id: str) -> bytes:
    return secrets.GetSecretResponse.decode(ask(service, METHOD, request(id))).data


def test_a_file_is_read_each_time_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "token"
    service = Secrets([Secret("token", file=str(file))])
    file.write_bytes(b"one\n")
    assert value(service, "token") == b"one\n"
    file.write_bytes(b"\xfftwo")
    assert value(service, "token") == b"\xfftwo"


def test_a_variable_is_read_each_time_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Secrets([Secret("token", env="MY_TOKEN")])
    monkeypatch.setenv("MY_TOKEN", "one")
    assert value(service, "token") == b"one"
    monkeypatch.setenv("MY_TOKEN", "")
    assert value(service, "token") == b""


def test_a_variable_need_not_be_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", os.fsdecode(b"\xff"))
    assert value(Secrets([Secret("token", env="MY_TOKEN")]), "token") == b"\xff"


def test_an_unknown_secret_is_not_found_so_that_an_optional_mount_stays_empty() -> None:
    call = refuse(Secrets([]), METHOD, request("other"))
    assert call.status == (NOT_FOUND, "secret other: not found")
    assert not call.sent


def test_a_secret_that_vanished_fails_the_step_even_where_the_mount_is_optional(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_TOKEN", raising=False)
    file = tmp_path / "gone"
    service = Secrets([Secret("file", file=str(file)), Secret("env", env="MY_TOKEN")])
    assert refuse(service, METHOD, request("file")).status == (
        UNKNOWN,
        f"reading secret file from {file}: No such file or directory",
    )
    assert refuse(service, METHOD, request("env")).status == (
        UNKNOWN,
        "secret env: the environment variable MY_TOKEN is not set",
    )


def test_the_limit_is_500_kib(tmp_path: Path) -> None:
    file = tmp_path / "large"
    service = Secrets([Secret("large", file=str(file))])
    file.write_bytes(bytes(MAX_SIZE))
    assert len(value(service, "large")) == 500 * 1024
    file.write_bytes(bytes(MAX_SIZE + 1))
    assert refuse(service, METHOD, request("large")).status == (
        UNKNOWN,
        "secret large is larger than 500 KiB",
    )


def test_a_pipe_is_read_once_off_the_loop_and_serves_every_step(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    service = Secrets([Secret("token", file=str(pipe))])
    call = Call(service, METHOD)
    call.handler.message(request("token"))
    assert call.deferred
    writer = threading.Thread(target=pipe.write_bytes, args=(b"from a pipe",))
    writer.start()
    call.run_deferred()
    writer.join()
    assert secrets.GetSecretResponse.decode(call.sent[0]).data == b"from a pipe"
    assert value(service, "token") == b"from a pipe"


def test_a_request_that_is_no_message_is_refused() -> None:
    call = refuse(Secrets([]), METHOD, b"\xff")
    assert call.status is not None
    assert call.status[0] == INVALID_ARGUMENT


def test_no_value_in_a_repr(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"swordfish")
    service = Secrets([Secret("token", file=str(file))])
    assert value(service, "token") == b"swordfish"
    assert "swordfish" not in repr(service) + repr(vars(service))
