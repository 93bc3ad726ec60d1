"""One build on several daemons: a Solve on each at the same time, then the index of what they pushed."""

from __future__ import annotations

import threading
import time
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from runner.cache.report import CacheUse
from runner.errors import Cancelled, DaemonError, Error
from runner.nodes.divide import Part, part_of
from runner.nodes.events import Marker, joined_use
from runner.nodes.preflight import in_node_words, unreachable
from runner.progress.events import CacheSummary, Finished, Notice, SolveStarted
from runner.result import BuildResult, Timing
from runner.solve import Build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from runner.endpoint import Endpoint
    from runner.nodes.index import Published
    from runner.progress.events import Event
    from runner.registry.settings import RegistrySettings
    from runner.request import BuildRequest
    from runner.solve import Work
    from runner.specs.node import Node

# Events that may wait for the reader until the nodes' are held.
ROOM = 1024
# How long a cancelled solve is waited for (seconds); it needs more only where its node hangs.
CLOSE = 3.0


class MakeWork(Protocol):
    """`Client._work`: what a build on one daemon takes."""

    def __call__(
        self, request: BuildRequest, endpoint: Endpoint, *, ref: str, title: str, index: bool
    ) -> Work: ...


class _Solve:
    """The build of one part.

    use: what its caches did, by its events. error: why it failed; result: what it made, after it has ended.
    """

    def __init__(self, part: Part, build: Build, marker: Marker | None) -> None:
        self.part = part
        self.build = build
        self.use = CacheUse()
        self._marker = marker
        self.error: Error | None = None
        self.result: BuildResult | None = None

    def told(self, event: Event) -> Iterator[Event]:
        """What of an event of it belongs into the stream of the whole build."""
        if isinstance(event, CacheSummary):
            self.use = self.use._replace(summary=event)
        elif not isinstance(event, SolveStarted | Finished):
            yield self._marker.event(event) if self._marker else event


class NodesWork:
    """Implements `solve.Work` for parts of a request, each on the daemon of its node.

    endpoints: by node; None is the client's own daemon, also for the parts of nodes that cannot be reached
    where `emulate` is set. A single part is built as if it were the whole: no index is made.
    Raises UsageError.
    """

    def __init__(
        self,
        request: BuildRequest,
        parts: tuple[Part, ...],
        endpoints: Mapping[Node | None, Endpoint],
        *,
        make: MakeWork,
        registries: RegistrySettings,
        emulate: bool,
    ) -> None:
        from runner.client import new_id
        from runner.context.local import open_context
        from runner.request import plan

        self.ref = new_id()
        open_context(request.context, request.dockerfile)  # A mistake is told before anything starts.
        self._plan = plan(request, ref=self.ref, session="", registries=registries)
        self._request = request
        self._parts = parts
        self._endpoints = endpoints
        self._make = make
        self._registries = registries
        self._emulate = emulate
        self._solves: list[_Solve] = []
        self._threads: list[threading.Thread] = []
        self._news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._ended: SimpleQueue[_Solve] = SimpleQueue()
        self._room = threading.Semaphore(ROOM)
        self._notices: set[str] = set()
        self._stopped = False
        self._closed = False
        self._publishing = False
        self._published: Published | None = None

    def begin(self, news: SimpleQueue[tuple[str, Any]], timeout: float | None) -> None:
        self._news = news
        parts = self._reachable(timeout)
        whole = len(parts) == 1
        theirs = [host for host, one in self._registries.registries.items() if one.mirrors or one.ca]
        if theirs and any(part.node for part in parts):
            hosts = ", ".join(theirs)
            self._tell(f"mirrors and CAs of {hosts}: the nodes know those of their own configuration only")
        if not whole:
            for text in self._plan.notices:
                self._tell(text)
        for number, part in enumerate(parts, 1):
            work = self._make(
                self._request if whole else part_of(self._request, part, self._plan.outputs),
                self._endpoints[part.node],
                ref=self.ref if whole else f"{self.ref}-{number}",
                title="" if whole else f"{self._request.context} for {part.label}",
                index=not whole and bool(self._plan.outputs),
            )
            marker = None if whole else Marker(part.label, map(str, part.platforms))
            self._solves.append(_Solve(part, Build(work), marker))
        for solve in self._solves:
            self._start(f"buildkit-runner-{solve.part.label}", partial(self._drive, solve))
        self._start("buildkit-runner-nodes", self._conduct)

    def taken(self, size: int) -> None:
        self._room.release(size)

    def follow_up(self) -> bool:
        return False  # Each part's own has followed.

    def response(self) -> dict[str, str]:
        if self._published:
            return self._published.response()
        return dict(self._made()[0].response) if len(self._solves) == 1 else {}

    def cancel(self) -> None:
        self._stopped = True
        for solve in self._solves:
            solve.build.cancel()

    def explain(self, error: Error) -> Error:
        return error

    def shown(self, event: Event) -> Iterable[Event]:
        if isinstance(event, Finished) and self._solves:
            summary = joined_use((solve.use for solve in self._solves), event.time).summary
            if any(solve.use.summary.time for solve in self._solves):
                yield summary
        yield event

    def result(self, response: dict[str, str], build: Build) -> BuildResult:
        made = self._made()
        exporters = self._published.exporters if self._published else made[0].exporters
        return BuildResult(
            ref=self.ref,
            digest=self._published.digest if self._published else made[0].digest,
            exporters=exporters,
            warnings=tuple(build.warnings),
            steps=build.steps,
            timing=Timing(
                total=time.monotonic() - build.started,
                upload_files=sum(result.timing.upload_files for result in made),
                upload_bytes=sum(result.timing.upload_bytes for result in made),
            ),
            response=response,
            cache=joined_use((result.cache for result in made), time.time_ns()),
        )

    def close(self) -> None:
        """Ends what still runs, and waits for it: an index that is being written is written or taken back."""
        self._stopped = self._closed = True
        for solve in self._solves:
            solve.build.cancel()
        self._room.release(len(self._threads) + 1)
        for thread in self._threads:
            thread.join(None if self._publishing else CLOSE)
        for solve in self._solves:
            solve.build.close()

    # --- before

    def _reachable(self, timeout: float | None) -> tuple[Part, ...]:
        """The parts, those of nodes that cannot be reached with what our own daemon builds.

        Raises the error of a node where that is not wanted.
        """
        down = unreachable(self._parts, self._endpoints, timeout)
        if not down:
            return self._parts
        if not self._emulate:
            raise _joined(list(down.values()))
        for part, error in down.items():
            self._tell(f"{error.message}: {part.label} is built on our own daemon")
        own = [part for part in self._parts if part.node is None or part in down]
        first = Part(tuple(platform for part in own for platform in part.platforms))
        return (*(part for part in self._parts if part not in own), first)

    def _start(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    # --- on the threads

    def _drive(self, solve: _Solve) -> None:
        """Build one part, its events put among the others."""
        try:
            solve.result = solve.build.result(lambda event: self._event(event, solve))
        except Error as error:
            solve.error = error
        except BaseException as error:
            solve.error = _internal(error)
        self._ended.put(solve)

    def _event(self, event: Event, solve: _Solve) -> None:
        if isinstance(event, Notice):
            self._tell(event.message)
            return
        for told in solve.told(event):
            self._put(told)

    def _put(self, event: Event) -> None:
        if not self._closed:
            self._room.acquire()
            self._news.put(("event", event))

    def _tell(self, text: str) -> None:
        """A notice, once: several nodes have the same to tell."""
        if text not in self._notices:
            self._notices.add(text)
            self._news.put(("notice", text))

    def _conduct(self) -> None:
        """Wait for all parts; cancel them when one fails; else write the index."""
        failed: list[_Solve] = []
        for _ in self._solves:
            solve = self._ended.get()
            if solve.error is None:
                continue
            failed.append(solve)
            for other in self._solves:
                other.build.cancel()
        failure = None
        if failed:
            failure = self._failure(failed)
        elif len(self._solves) > 1 and self._plan.outputs and not self._stopped:
            failure = self._publish()
        self._news.put(("ended", ("status", None)))
        self._news.put(("ended", ("solve", failure)))

    def _failure(self, failed: list[_Solve]) -> Error:
        """The error of the part that failed first, with what became of the others."""
        first, *others = failed
        error = first.error or Error("a node failed without a reason")
        where = f"the node for {first.part.label}" if first.part.node else "our own daemon"
        if isinstance(error, DaemonError):
            error.message = f"{where}: {error.message}"
            error.hint = in_node_words(error.hint)
        if len(self._solves) > 1:
            told = [f"{solve.part.label}: {_brief(solve.error)}." for solve in others if solve.error]
            if self._plan.outputs:
                told.append("No tag was moved.")
            error.hint = "\n".join(filter(None, (error.hint, " ".join(told))))
        return error

    def _publish(self) -> Error | None:
        """Make and push the index of each image; returns why it cannot be."""
        from runner.nodes.index import Publisher
        from runner.registry.client import RegistryClient
        from runner.registry.credentials import CredentialStore

        self._publishing = True
        credentials = CredentialStore(self._plan.pushed)
        parts = [solve.part.label for solve in self._solves]
        try:
            client = RegistryClient(self._registries, credentials)
            publisher = Publisher(client, parts, self._request.platforms, self._put, lambda: self._stopped)
            self._published = publisher.publish(self._plan.outputs, self._made())
        except Error as error:
            return error
        except BaseException as error:
            return _internal(error)
        finally:
            credentials.close()
        return None

    def _made(self) -> list[BuildResult]:
        return [solve.result for solve in self._solves if solve.result]


def _internal(error: BaseException) -> Error:
    internal = Error(f"internal error: {type(error).__name__}: {error}", hint="Please report this.")
    internal.__cause__ = error
    return internal


def _brief(error: Error) -> str:
    return "cancelled" if isinstance(error, Cancelled) else error.message


def _joined(errors: list[DaemonError]) -> DaemonError:
    """Several errors as one."""
    hints = dict.fromkeys(filter(None, (error.hint for error in errors)))
    return DaemonError("; ".join(error.message for error in errors), hint="\n".join(hints))
