"""Work on threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from runner.transport.pool import MAX_THREADS, Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


def test_threads_are_started_when_there_is_work_and_used_again(pool: Pool) -> None:
    done: SimpleQueue[int] = SimpleQueue()
    before = threading.active_count()
    for _ in range(3):
        pool.submit(object(), lambda: done.put(threading.get_ident()))
        done.get(timeout=5)
    assert threading.active_count() <= before + 3


def test_work_runs_side_by_side_on_a_bounded_number_of_threads(pool: Pool) -> None:
    go = threading.Event()
    began: SimpleQueue[int] = SimpleQueue()

    def work() -> None:
        began.put(threading.get_ident())
        go.wait(5)

    for _ in range(MAX_THREADS + 3):
        pool.submit(object(), work)
    threads = {began.get(timeout=5) for _ in range(MAX_THREADS)}
    assert len(threads) == MAX_THREADS
    assert began.empty()
    go.set()
    assert {began.get(timeout=5) for _ in range(3)} <= threads


def test_work_that_has_not_begun_can_be_dropped(pool: Pool) -> None:
    go = threading.Event()
    ran: SimpleQueue[str] = SimpleQueue()
    for _ in range(MAX_THREADS):
        pool.submit(object(), lambda: (go.wait(5), None)[1])
    dropped, kept = object(), object()
    pool.submit(dropped, lambda: ran.put("dropped"))
    pool.submit(kept, lambda: ran.put("kept"))
    pool.forget(dropped)
    go.set()
    assert ran.get(timeout=5) == "kept"
    assert ran.empty()
