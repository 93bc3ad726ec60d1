"""Connecting and closing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from runner.errors import DaemonError
from runner.transport.address import Address
from runner.transport.loop import Connection, Loop
from tests.transport.daemon import everything, listening, saying
from tests.transport.services import COUNT, ECHO, SILENT, Recorder


def nothing(_message: bytes) -> None:
    pass


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_calls_of_many_threads(connection: Connection) -> None:
    answers: SimpleQueue[bool] = SimpleQueue()

    def ask(number: int) -> None:
        for turn in range(20):
            text = b"%d %d" % (number, turn)
            answers.put(connection.unary(ECHO, text, timeout=10) == text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers.get() for _ in range(160)] == [True] * 160


def test_closing_a_connection_ends_its_calls(loop: Loop, connection: Connection) -> None:
    call = connection.start(SILENT, b"", on_message=nothing)
    other = loop.connect(connection.address, timeout=5)
    connection.close()
    connection.close()
    with pytest.raises(DaemonError, match=r"calling /t.T/Silent on unix:///.*: the connection was closed"):
        call.wait(5)
    with pytest.raises(DaemonError, match="the connection was closed"):
        connection.unary(ECHO, b"")
    assert other.unary(ECHO, b"x", timeout=5) == b"x"


def test_closing_the_loop_ends_everything_at_once(tmp_path: Path) -> None:
    files, threads = open_files(), threading.active_count()
    with listening(everything(Recorder(SILENT)), path=tmp_path / "daemon.sock") as address:
        loop = Loop()
        loop.start()
        connection = loop.connect(address, timeout=5)
        call = connection.start(SILENT, b"", on_message=nothing)
        began = time.monotonic()
        loop.close()
        loop.close()
        assert time.monotonic() - began < 1
        with pytest.raises(DaemonError, match="the connection was closed"):
            call.wait(0)
        with pytest.raises(DaemonError, match="the loop is closed"):
            connection.unary(ECHO, b"")
        with pytest.raises(DaemonError, match="the loop is closed"):
            loop.connect(address, timeout=5)
        connection.close()
        call.cancel()
    assert (open_files(), threading.active_count()) == (files, threads)


def test_a_loop_that_was_never_started_can_be_closed() -> None:
    Loop().close()


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it answered in HTTP/1, not HTTP/2"),
        (b"220 smtp ready\r\n", "it did not begin with HTTP/2 SETTINGS"),
        (b"", "the daemon closed the connection"),
    ],
)
def test_connecting_to_something_else(loop: Loop, tmp_path: Path, said: bytes, text: str) -> None:
    with (
        listening(saying(said), path=tmp_path / "other.sock") as address,
        pytest.raises(DaemonError, match=f"connecting to unix:///.*other.sock: .*{text}"),
    ):
        loop.connect(address, timeout=5)


def test_connecting_to_nothing(loop: Loop, tmp_path: Path) -> None:
    path = tmp_path / "daemon.sock"
    with pytest.raises(
        DaemonError, match=f"connecting to unix://{path}: no such file or directory"
    ) as caught:
        loop.connect(Address(path=str(path)), timeout=5)
    assert caught.value.hint == "Is buildkitd running there?"
    path.write_text("no socket")
    with pytest.raises(DaemonError, match="connection refused"):
        loop.connect(Address(path=str(path)), timeout=5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Address(host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(DaemonError, match=r"connecting to tcp://127.0.0.1:\d+: connection refused"):
            loop.connect(nobody, timeout=5)
    with pytest.raises(DaemonError, match=r"connecting to tcp://no-such-host.invalid:1: "):
        loop.connect(Address(host="no-such-host.invalid", port=1), timeout=5)


def test_connecting_to_somebody_who_never_answers(loop: Loop) -> None:
    files = open_files()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(host="127.0.0.1", port=listener.getsockname()[1])
        with pytest.raises(DaemonError, match=r"no answer in HTTP/2 within 0.1 s"):
            loop.connect(address, timeout=0.1)
    assert open_files() == files


def test_the_loops_own_thread_may_not_wait(connection: Connection) -> None:
    def ask(_message: bytes) -> None:
        connection.unary(ECHO, b"")

    with pytest.raises(RuntimeError, match="block the loop"):
        connection.start(COUNT, b"1", on_message=ask).wait(5)


def test_an_error_of_our_own_ends_the_calls_instead_of_leaving_them(
    loop: Loop, connection: Connection
) -> None:
    call = connection.start(SILENT, b"", on_message=nothing)
    assert loop.submit(lambda: [].pop())
    with pytest.raises(
        DaemonError, match=r"an error of our own in the loop: IndexError\('pop from empty list'\)"
    ):
        call.wait(5)
    with pytest.raises(DaemonError):
        connection.unary(ECHO, b"", timeout=5)


def test_a_start_without_what_costs_time() -> None:
    heavy = "hpack logging ssl json dataclasses inspect asyncio subprocess google concurrent tempfile pathlib"
    script = f"import sys, runner.transport.loop; print(sorted(set(sys.modules) & set({heavy.split()!r})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_timers_run_in_the_order_of_their_times(loop: Loop) -> None:
    ran: SimpleQueue[str] = SimpleQueue()

    def begin() -> None:
        loop.after(0.05, lambda: ran.put("later"))
        loop.after(0, lambda: ran.put("soon"))
        loop.after(0, lambda: ran.put("then"))

    loop.submit(begin)
    assert [ran.get(timeout=5) for _ in range(3)] == ["soon", "then", "later"]


def test_a_loop_whose_start_was_interrupted_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    before = open_files()
    loop = Loop()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", interrupt)
        with pytest.raises(KeyboardInterrupt):
            loop.start()
    loop.close()
    loop.close()
    assert open_files() == before
