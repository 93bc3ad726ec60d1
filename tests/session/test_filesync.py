"""Sending directories to the daemon."""

import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.context.local import Source
from runner.errors import TransientError, UsageError
from runner.session.filesync import FileSync
from runner.transport.stream import NOT_FOUND, OK
from runner.wire.fsutil import Packet
from tests.session.receiver import FIN, REQ, Receiver, asking, failed, paths

MIB = 1 << 20


# What is sent


def test_everything_is_announced_and_what_is_asked_for_is_sent(context: Path) -> None:
    receiver = Receiver(context)
    assert receiver.take_all() == {"a": b"A", "b/c": b"CC", "b/d": b""}
    assert receiver.paths == ["a", "b", "b/c", "b/d", "e"]
    stats = receiver.service.stats
    assert (stats.entries, stats.files, stats.bytes, stats.error) == (5, 3, 3, None)


def test_what_the_daemon_has_already_is_not_sent(context: Path) -> None:
    receiver = Receiver(context)
    assert receiver.take_all(lambda path: path == "b/c") == {"b/c": b"CC"}
    assert receiver.service.stats.files == 1


def test_only_diff_copy_is_served() -> None:
    assert FileSync.methods == ("/moby.filesync.v1.FileSync/DiffCopy",)


def test_the_end_is_told_at_once_as_the_daemon_waits_for_it(context: Path) -> None:
    receiver = Receiver(context)
    receiver.settle()
    receiver.say_fin()
    assert receiver.fin
    assert receiver.status == (OK, "")
    receiver.handler.end()
    receiver.handler.closed()


def test_an_empty_directory_is_announced_as_nothing(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path)
    assert receiver.take_all() == {}
    assert receiver.paths == []


def test_the_headers_say_what_is_asked_for(context: Path) -> None:
    assert paths(context, exclude_patterns=["b", "!b/d"]) == ["a", "b", "b/d", "e"]
    assert paths(context, include_patterns=["b/*"]) == ["b", "b/c", "b/d"]
    assert paths(context, followpaths=["e"]) == ["a", "e"]
    assert paths(context, followpaths=["."], exclude_patterns=["?"]) == []
    both = paths(context, include_patterns=["b"], followpaths=["e"], exclude_patterns=["**/d"])
    assert both == ["a", "b", "b/c", "e"]


def test_headers_that_are_not_ascii_come_escaped(context: Path) -> None:
    (context / "é +%").touch()
    (context / "\udcff").touch()
    escaped = ["%C3%A9+%2B%25", "%FF", "b"]
    assert paths(context, exclude_patterns=escaped, exclude_patterns_encoded=["1"]) == ["a", "e"]
    assert paths(context, exclude_patterns=[*escaped, "\udcff"]) == ["a", "e", "é +%"]


def test_each_directory_has_its_name(context: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    service = FileSync({"context": Source(str(context)), "dockerfile": Source(str(tmp_path))})
    receiver = Receiver(service, asking(dir_name=["dockerfile"], followpaths=["Dockerfile"]))
    receiver.take_all()
    assert receiver.paths == ["Dockerfile"]
    assert len(Receiver(service).take_all()) == 3
    assert service.stats.files == 4


def test_a_large_file_comes_in_pieces_and_what_was_added_to_it_is_left_out(tmp_path: Path) -> None:
    content = os.urandom(5 * MIB + 1)
    (tmp_path / "large").write_bytes(content)
    receiver = Receiver(tmp_path, capacity=MIB)
    receiver.settle()
    with (tmp_path / "large").open("ab") as file:
        file.write(b"later")
    assert receiver.take_all() == {"large": content}
    assert receiver.most < 2 * MIB


def test_a_file_whose_size_is_not_known_is_sent_whole(tmp_path: Path) -> None:
    # As on file systems that make up files while they are read.
    (tmp_path / "a").touch()
    receiver = Receiver(tmp_path)
    receiver.settle()
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    assert receiver.take_all() == {"a": b"x" * 100_000}


def test_a_socket_is_an_empty_file(tmp_path: Path) -> None:
    os.mknod(tmp_path / "socket", 0o140755)
    assert Receiver(tmp_path).take_all() == {"socket": b""}


# How it is sent


def test_no_more_is_queued_than_the_stream_has_room_for(tmp_path: Path) -> None:
    for number in range(5000):
        (tmp_path / f"a file with a longer name than most {number}").touch()
    receiver = Receiver(tmp_path, capacity=100_000)
    assert receiver.queued < 150_000
    assert not receiver.last
    assert len(receiver.take_all()) == 5000
    assert receiver.most < 150_000


def test_files_are_sent_while_more_are_announced(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number:04}").write_text(str(number))
    receiver = Receiver(tmp_path, capacity=50_000)
    assert not receiver.last
    receiver.ask(0, 1, 2)
    while receiver.complete != {0, 1, 2}:
        assert not receiver.last
        receiver.step()


def test_the_thread_is_given_back_every_few_milliseconds(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"x{number}").touch()
    copied = [f"*{number}*x*" for number in range(20)]
    for headers in (asking(), asking(exclude_patterns=["x*"]), asking(followpaths=copied)):
        begin = time.thread_time()
        receiver = Receiver(tmp_path, headers, capacity=1 << 30)
        assert time.thread_time() - begin < 1
        assert receiver.soon
        assert not receiver.last
        while receiver.soon:
            begin = time.thread_time()
            receiver.step()
            assert time.thread_time() - begin < 1
        assert receiver.last


def test_a_call_that_is_over_keeps_no_paths(tmp_path: Path) -> None:
    for number in range(5000):
        (tmp_path / f"{number:0200}").touch()
    tracemalloc.start()
    try:
        receiver = Receiver(tmp_path)
        receiver.settle()
        receiver.stats.clear()
        before, _ = tracemalloc.get_traced_memory()
        receiver.handler.closed()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert before - after > 1_000_000


def test_a_call_that_ends_early_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(4 * MIB))
    before = os.listdir("/proc/self/fd")
    receiver = Receiver(tmp_path, capacity=MIB)
    receiver.settle()
    receiver.ask(0)
    receiver.step()
    assert 0 < len(receiver.data[0]) < 4 * MIB
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    receiver.handler.closed()
    assert os.listdir("/proc/self/fd") == before
    receiver.handler.writable()
    receiver.handler.message(Packet(type=REQ).encode())
    assert receiver.status is None


# What goes wrong on our side


def test_a_directory_that_is_not_offered(context: Path) -> None:
    receiver = Receiver(context, asking(dir_name=["/etc"]))
    assert receiver.status == (NOT_FOUND, "no access allowed to dir '/etc'")
    assert receiver.queued == 0
    receiver.handler.message(Packet(type=FIN).encode())
    receiver.handler.end()
    receiver.handler.closed()


def vanish(path: Path) -> None:
    path.unlink()


def shrink(path: Path) -> None:
    path.write_text("C")


def become_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def become_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (vanish, "sending 'b/c' to the daemon: it has vanished"),
        (shrink, "sending 'b/c' to the daemon: it became shorter"),
        (become_link, "sending 'b/c' to the daemon: it is no regular file any more"),
        (become_fifo, "sending 'b/c' to the daemon: it became shorter"),
        (become_directory, "reading '{root}/b/c' for the build: Is a directory"),
    ],
)
def test_a_file_that_changes_before_it_is_sent(
    context: Path, change: Callable[[Path], None], text: str
) -> None:
    receiver = Receiver(context)
    receiver.settle()
    change(context / "b/c")
    receiver.ask(2)
    receiver.settle()
    error = failed(receiver)
    assert isinstance(error, UsageError if "reading" in text else TransientError)
    assert error.message == text.format(root=context)
    assert ".dockerignore" in error.hint


def test_after_a_failure_nothing_more_is_sent(context: Path) -> None:
    first = Receiver(context, asking(followpaths=["a"]))
    first.settle()
    (context / "a").unlink()
    first.ask(0)
    first.settle()
    failed(first)
    second = Receiver(first.service)
    assert second.stats == []
    assert second.status == first.status


def test_a_file_that_may_not_be_read(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: bytes, _flags: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    receiver = Receiver(context)
    receiver.settle()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        receiver.ask(2)
        receiver.settle()
    assert failed(receiver).message == f"reading '{context}/b/c' for the build: Permission denied"


def test_a_directory_that_may_not_be_read(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/b"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert failed(Receiver(context)).message == f"reading '{context}/b' for the build: Permission denied"


def test_a_context_that_is_gone(context: Path) -> None:
    receiver = Receiver(context / "not-there")
    assert failed(receiver).message.startswith(f"reading '{context}/not-there' for the build: No such file")


def test_a_malformed_pattern(context: Path) -> None:
    receiver = Receiver(context, asking(exclude_patterns=["a", "x["]))
    assert failed(receiver).message == "reading the pattern 'x[': it is malformed"
