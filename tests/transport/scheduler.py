"""Schedulers for servers that are tested without a loop."""

from collections.abc import Callable
from queue import SimpleQueue

from runner.transport.pool import Pool


class AtOnce:
    """Runs work where it is submitted."""

    def __init__(self) -> None:
        self.pool = Pool()

    def submit(self, work: Callable[[], None]) -> None:
        work()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        raise AssertionError(f"nothing here waits {seconds} s for {work}")


class ByHand:
    """Keeps work until the test asks for it."""

    def __init__(self) -> None:
        self.pool = Pool()
        self.submitted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def submit(self, work: Callable[[], None]) -> None:
        self.submitted.put(work)

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        self.timers.append((seconds, work))
