"""A build while it runs: one Solve, its Status and its session, as an iterator of events and a result."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from runner.errors import Cancelled, DaemonError, Error, ProtocolError, TimedOut
from runner.progress.events import (
    CacheHit,
    Event,
    Finished,
    Notice,
    SolveStarted,
    VertexAdded,
    Warning,
)
from runner.progress.stream import StatusReader
from runner.result import Steps
from runner.wire import control

if TYPE_CHECKING:
    from types import TracebackType

    from runner.result import BuildResult

# How long the daemon may be silent between the end of the Solve and the end of its Status (seconds).
STATUS_DRAIN = 5.0
# The same after a cancel: a step that does not end is not waited for.
CANCEL_DRAIN = 1.0


class Work(Protocol):
    """What a `Build` drives: the calls of one solve. runner/work.py has it."""

    ref: str

    def begin(self, news: "SimpleQueue[tuple[str, Any]]", timeout: float | None) -> None:
        """Connect, within timeout seconds, and send the calls.

        Puts ("status", bytes) or ("event", Event), ("notice", str) and, for each of "session", "solve" and
        "status", one ("ended", (name, error or None)) on the queue. Raises Error.
        """

    def taken(self, size: int) -> None:
        """So many bytes of a "status", or an "event", were taken from the queue: where many wait, the
        daemon's are held."""

    def follow_up(self) -> bool:
        """After a Solve and its Status have ended well: begin the Solve that is to follow, if there is one.

        Its ends come as those of the first one. What it makes is in no `response`. Raises Error.
        """

    def response(self) -> dict[str, str]:
        """The first Solve's exporter response, after it has ended well."""

    def cancel(self) -> None:
        """End the Solve; its "ended" follows."""

    def result(self, response: dict[str, str], build: "Build") -> "BuildResult":
        """Ask the daemon what was made."""

    def explain(self, error: Error) -> Error:
        """The daemon's error in words, with what the events told of it; or why it was lost."""

    def shown(self, event: Event) -> Iterable[Event]:
        """What the caller may see in place of an event: it, without secrets."""

    def close(self) -> None:
        """Close the connections."""


class Build:
    """A build that was started by `Client.start`: iterate over it for its events, then ask for `result()`.

    Everything is decoded on the thread that iterates; the loop's thread only queues, so a slow reader never
    delays what the daemon asks of the session. Used by one thread, except for `cancel`.
    """

    def __init__(self, work: Work, *, timeout: float | None = None) -> None:
        self.ref = work.ref
        self.warnings: list[Warning] = []
        self.started = time.monotonic()
        self._work = work
        self._timeout = timeout
        self._news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._steps: set[str] = set()
        self._cached: set[str] = set()
        self._cause: Error | None = None
        self._result: BuildResult | None = None
        self._reader = StatusReader()
        self._ended: set[str] = set()
        self._stopped = 0.0  # when the Solve was cancelled (time.monotonic)
        self._unseen: Exception | None = None
        self._begun = False
        self._failure: Error | None = None
        self._events = self._run()

    def __iter__(self) -> Iterator[Event]:
        """The events up to `Finished`. A failure does not raise here; `result()` tells it."""
        return self._events

    def __enter__(self) -> "Build":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    @property
    def steps(self) -> Steps:
        """The steps seen so far."""
        return Steps(total=len(self._steps), cached=len(self._cached))

    def result(self, on_event: Callable[[Event], None] | None = None) -> "BuildResult":
        """Wait for the end and return what was made.

        on_event: called with each event that was not yet iterated over.
        Raises BuildFailed, AccessError, TransientError, DaemonError, Cancelled, TimedOut.
        """
        try:
            self._drain(on_event)
        except BaseException as stopped:
            self.cancel()
            self._events = self._run_out(stopped)
            with suppress(Exception):  # on_event's own: the first one counts.
                self._drain(on_event)
            raise
        finally:
            self.close()
        if self._cause is not None:
            raise self._cause
        if self._result is None:
            raise Cancelled("the build was closed before its end")
        return self._result

    def cancel(self) -> None:
        """End the build; its steps are cancelled. May be called from any thread, more than once."""
        self._news.put(("cancel", Cancelled()))

    def close(self) -> None:
        """End the build where it still runs, and close its connections."""
        if self._result is None and self._cause is None:
            self._cause = Cancelled("the build was closed before its end")
        self._work.close()

    def _drain(self, on_event: Callable[[Event], None] | None) -> None:
        for event in self._events:
            if on_event is not None:
                on_event(event)

    def _run(self) -> Iterator[Event]:
        yield SolveStarted(ref=self.ref, time=time.time_ns())
        try:
            self._work.begin(self._news, self._left())
            self._begun = True
        except Error as cause:
            self._cause = self._timed_out() if self._left() == 0 else cause
        else:
            # Not inside of a try: what a signal raises here has to cancel the solve, in `result`.
            yield from self._follow()
            while self._goes_on():
                yield from self._follow()
            self._conclude()
        yield from self._last_events(self._cause)

    def _goes_on(self) -> bool:
        """Whether another Solve has begun after one that ended well."""
        if self._cause is not None or self._failure is not None:
            return False
        try:
            begun = self._work.follow_up()
        except Error as cause:
            self._failure = cause
            return False
        if begun:
            self._ended -= {"solve", "status"}
        return begun

    def _conclude(self) -> None:
        """Everything has ended: find out what was made, or why not."""
        # Only now: the end of the failed step's log may come after the Solve's error.
        if self._cause is None and self._failure is not None:
            self._cause = self._work.explain(self._failure)
        elif isinstance(self._cause, DaemonError):
            self._cause = self._work.explain(self._cause)
        if self._cause is not None:
            return
        if self._unseen is not None:
            why = getattr(self._unseen, "message", "") or str(self._unseen)
            self._news.put(
                ("notice", f"the daemon's report broke off, steps and warnings are missing: {why}")
            )
        try:
            self._result = self._work.result(self._work.response(), self)
        except Error as cause:
            self._cause = cause

    def _run_out(self, stopped: BaseException) -> Iterator[Event]:
        """What is left to tell after an exception went through `_run`."""
        if self._begun:
            yield from self._follow()
        yield from self._last_events(stopped)

    def _last_events(self, failure: BaseException | None) -> Iterator[Event]:
        while not self._news.empty():
            kind, value = self._news.get()
            if kind == "notice":
                yield from self._seen(Notice(time=time.time_ns(), message=value))
        error = ""
        if failure is not None:
            error = failure.message if isinstance(failure, Error) else type(failure).__name__
        digest = self._result.digest if self._result else ""
        yield from self._seen(Finished(time=time.time_ns(), error=error, digest=digest))

    def _follow(self) -> Iterator[Event]:
        """Until Solve and Status have ended. Leaves in `_failure` how the Solve failed, if it did.

        All its state is the object's: it can be taken up again after an exception went through it.
        """
        while not {"solve", "status"} <= self._ended:
            try:
                kind, value = self._news.get(timeout=self._patience())
            except Empty:
                if "solve" in self._ended or self._stopped:
                    return
                self._stop(self._timed_out())
                continue
            if kind == "status":
                self._work.taken(len(value))
                try:
                    events = list(self._reader.read(control.StatusResponse.decode(value)))
                except ProtocolError as error:
                    self._stop(error)
                    continue
                for event in events:
                    yield from self._seen(event)
            elif kind == "event":
                self._work.taken(1)
                yield from self._seen(value)
            elif kind == "notice":
                yield from self._seen(Notice(time=time.time_ns(), message=value))
            elif kind == "cancel":
                self._stop(value)
            elif kind == "ended":
                self._end(*value)

    def _patience(self) -> float | None:
        """Seconds to wait for news; None is for ever."""
        if self._stopped:
            return max(0.0, self._stopped + CANCEL_DRAIN - time.monotonic())
        return STATUS_DRAIN if "solve" in self._ended else self._left()

    def _left(self) -> float | None:
        """Seconds until the build must have ended; None where it may last for ever."""
        return None if self._timeout is None else max(0.0, self.started + self._timeout - time.monotonic())

    def _timed_out(self) -> TimedOut:
        return TimedOut(f"the build did not end within {self._timeout:g} s")

    def _stop(self, cause: Error) -> None:
        if self._cause is None:
            self._cause = cause
        self._stopped = self._stopped or time.monotonic()
        self._work.cancel()

    def _end(self, call: str, error: Exception | None) -> None:
        self._ended.add(call)
        if call == "session" and "solve" not in self._ended:
            lost = DaemonError("serving the build's session: the daemon closed it")
            self._stop(error if isinstance(error, DaemonError) else lost)
        if call == "status":
            self._unseen = error
        if call == "solve":
            self._failure = error if error is None or isinstance(error, Error) else _foreign(error)

    def _seen(self, event: Event) -> Iterator[Event]:
        for shown in self._work.shown(event):
            match shown:
                case VertexAdded(vertex=vertex):
                    self._steps.add(vertex.digest)
                case CacheHit(vertex=vertex):
                    self._cached.add(vertex.digest)
                case Warning():
                    self.warnings.append(shown)
            yield shown


def _foreign(error: Exception) -> Error:
    return DaemonError(f"reading the daemon's answer: {error}")
