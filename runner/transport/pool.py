"""Threads for work that may block, started when there is work and no thread is idle."""

import threading
from collections.abc import Callable

MAX_THREADS = 8


class Pool:
    """Runs work on a few daemon threads. All methods are called on one thread, the loop's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, Callable[[], None]] = {}
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, key: object, work: Callable[[], None]) -> None:
        """Run work soon. key: what `forget` knows it by. work must not raise."""
        with self._changed:
            self._waiting[key] = work
            if self._idle >= len(self._waiting) or self._threads == MAX_THREADS:
                self._changed.notify()
                return
            self._threads += 1
        threading.Thread(target=self._run, name="buildkit-runner-work", daemon=True).start()

    def forget(self, key: object) -> None:
        """Drop work that has not begun."""
        with self._changed:
            self._waiting.pop(key, None)

    def close(self) -> None:
        """Let the threads end; what runs is not waited for."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if self._closed:
                    return
                work = self._waiting.pop(next(iter(self._waiting)))
            work()
