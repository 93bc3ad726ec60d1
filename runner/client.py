"""The client: joins a daemon or starts one, and builds on it."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from runner.endpoint import Endpoint
from runner.errors import AccessError, BuildFailed, DaemonError, Error, UsageError
from runner.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from types import TracebackType

    from runner.api import Info
    from runner.cache.local import LocalCaches
    from runner.disk import UsageRecord
    from runner.nodes.pool import Nodes
    from runner.progress.events import Event
    from runner.request import BuildRequest
    from runner.result import BuildResult
    from runner.solve import Build
    from runner.specs.node import Node
    from runner.transport.address import TLS
    from runner.transport.loop import Connection
    from runner.work import SessionWork

Answer = TypeVar("Answer")


class Client:
    """Builds on one daemon, until it is closed. A context manager: what it started ends with it.

    address: a daemon to join, as `unix:///path` or `tcp://host:port`. None is BUILDKIT_HOST, or else a
        daemon of our own.
    daemon: "auto" joins where a daemon answers and else starts one; "join" and "own" force either.
    root: the state directory of our own daemon.
    cache_size: how large its cache may be after a build (bytes); None leaves that to BuildKit. What is needed
        least goes first, cache mounts and copies of contexts like layers. Not for a daemon that is joined.
    registries: which registries are insecure, their CAs and mirrors.
    tls: the files for a tcp address.
    nodes: further daemons and the platforms that are built there, as `--node` takes them; what no node is
        named for is built on the one above. node_fallback: "fail" where a node cannot be reached, or
        "emulate": then its platforms too.

    Raises UsageError for a cache_size that is not above 0, and for nodes that are not understood. Nothing is
    opened before the first call. Calls may be made from several threads.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        daemon: str = "auto",
        root: str | None = None,
        cache_size: int | None = None,
        registries: RegistrySettings | None = None,
        tls: "TLS | None" = None,
        nodes: "Iterable[str | Node]" = (),
        node_fallback: str = "fail",
    ) -> None:
        if cache_size is not None and cache_size <= 0:
            raise UsageError(
                f"limiting the cache to {cache_size} bytes: it must be more", hint="Such as 10gb."
            )
        self._cache_size = cache_size
        self._registries = registries or RegistrySettings()
        self._endpoint = Endpoint(
            address,
            mode=daemon,
            root=root,
            cache_size=cache_size,
            registries=self._registries,
            tls=tls,
        )
        self._nodes = _open_nodes(nodes, node_fallback, self._registries)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        if kind is None or issubclass(kind, AccessError | BuildFailed):
            self.close()
        else:
            self._close()  # A cancelled build's user does not wait.

    def close(self) -> None:
        """Close the connections, and stop the daemon if it is ours, its cache not above its size.

        May be called more than once.
        """
        try:
            if self._endpoint.owned and self._cache_size is not None:
                self._shrink(self._cache_size)
        finally:
            self._close()

    def _close(self) -> None:
        try:
            if self._nodes:
                self._nodes.close()
        finally:
            self._endpoint.close()

    def _shrink(self, size: int) -> None:
        """Do what the daemon's own garbage collection does only a second after a build."""
        from runner import disk

        with suppress(Error):  # The build has ended well; the next daemon begins with it.
            self._ask(lambda connection: disk.shrink(connection, size))

    def build(
        self,
        request: "BuildRequest",
        *,
        on_event: "Callable[[Event], None] | None" = None,
        timeout: float | None = None,
    ) -> "BuildResult":
        """Build, and return what was made.

        on_event: called with each event, on this thread. timeout: seconds for the whole build.
        Raises UsageError before anything starts; BuildFailed, AccessError, TransientError, DaemonError,
        TimedOut; Cancelled when another thread cancelled it. Any other exception in this thread (a
        KeyboardInterrupt, one of on_event's) cancels the build too, and passes.
        """
        with self.start(request, timeout=timeout) as build:
            return build.result(on_event)

    def start(self, request: "BuildRequest", *, timeout: float | None = None) -> "Build":
        """Start a build, to iterate over its events: `for event in build: …`, then `build.result()`.

        Raises UsageError; what else goes wrong, `build.result()` raises.
        """
        from runner.solve import Build

        if self._nodes and request.platforms:
            return self._nodes.start(request, self._work, self._endpoint, timeout=timeout)
        notices = (
            ("the nodes are not used, as no platform was asked for (--platform)",) if self._nodes else ()
        )
        return Build(self._work(request, self._endpoint, notices=notices), timeout=timeout)

    def _work(
        self,
        request: "BuildRequest",
        endpoint: Endpoint,
        *,
        ref: str = "",
        title: str = "",
        notices: tuple[str, ...] = (),
        index: bool = False,
    ) -> "SessionWork":
        """What a build on a daemon takes.

        ref: its name. title: what errors call it. index: make an index of a single platform too.
        Raises UsageError, and what the start of a daemon raises.
        """
        from runner.context.local import open_context
        from runner.request import plan
        from runner.work import SessionWork

        context = open_context(request.context, request.dockerfile)
        ref, session = ref or new_id(), new_id()
        registries = self._registries.with_insecure(request.insecure_hosts())
        caches = _open_caches(request)
        try:
            planned = plan(
                request,
                ref=ref,
                session=session,
                dockerfile=context.filename,
                registries=registries,
                digests=caches.digests if caches else {},
            )
            if index:
                planned.solve.FrontendAttrs["multi-platform"] = "true"
            endpoint.open()
            endpoint.count_build()
            notices = (*endpoint.notices, *notices, *planned.notices, *(caches.notices if caches else ()))
            return SessionWork(
                planned,
                context,
                session=session,
                shared_key=_shared_key(os.path.realpath(context.path), endpoint),
                registries=registries,
                caches=caches,
                endpoint=endpoint,
                notices=notices,
                title=title or str(request.context),
            )
        except BaseException:
            if caches:
                caches.close()
            raise

    def info(self) -> "Info":
        """What the daemon is and what it can run. Raises UsageError, RpcError and DaemonError."""
        from runner import api

        return self._ask(api.info)

    def disk_usage(self, filters: Iterable[str] = ()) -> "tuple[UsageRecord, ...]":
        """The records of the daemon's build cache, the smallest first.

        filters: such as `type=regular`, `description~=REGEX`, `mutable`, `until=24h` (not used since); all
        must match. docs/disk.md has all of them. Raises UsageError, RpcError and DaemonError.
        """
        from runner import disk
        from runner.specs.filters import parse_filters

        parsed = parse_filters(filters)
        return self._ask(lambda connection: disk.disk_usage(connection, parsed))

    def prune(
        self,
        filters: Iterable[str] = (),
        *,
        all: bool = False,
        reserved_space: int = 0,
        max_used_space: int = 0,
        min_free_space: int = 0,
    ) -> "tuple[UsageRecord, ...]":
        """Remove what nothing uses from the daemon's build cache, and return what was removed.

        filters: as for `disk_usage`, without `parents` and `inuse`. all: also what belongs to frontends and
        to the daemon itself. With one of the other three (bytes) only so much is removed, what is needed
        least first: until at most `max_used_space` is used, until `min_free_space` is free on the disk, and
        never so that less than `reserved_space` is used. Raises UsageError, RpcError and DaemonError.
        """
        from runner import disk
        from runner.specs.filters import parse_filters

        parsed = parse_filters(filters, without=("parents", "inuse"))
        return self._ask(
            lambda connection: disk.prune(
                connection,
                parsed,
                all=all,
                reserved_space=reserved_space,
                max_used_space=max_used_space,
                min_free_space=min_free_space,
            )
        )

    def _ask(self, question: "Callable[[Connection], Answer]") -> Answer:
        """Ask the daemon on a connection of its own."""
        connection = self._endpoint.connect()
        try:
            return question(connection)
        except DaemonError as error:
            raise self._endpoint.diagnose(error) from error
        finally:
            connection.close()


def _shared_key(path: str, endpoint: Endpoint) -> str:
    """Under which the daemon keeps what it received of a context, so that only changes are sent again.

    A daemon of our own has this machine's paths only; in a shared one two machines must not meet.
    """
    return path if endpoint.owned else f"{os.uname().nodename}:{path}"


def _open_nodes(nodes: "Iterable[str | Node]", fallback: str, registries: RegistrySettings) -> "Nodes | None":
    """The nodes, if there are any; nothing is connected yet. Raises UsageError."""
    if not nodes:
        return None
    from runner.nodes.pool import Nodes

    return Nodes(nodes, fallback, registries)


def _open_caches(request: "BuildRequest") -> "LocalCaches | None":
    """The request's local caches, opened. Raises UsageError, TransientError."""
    if not any(cache.kind == "local" for cache in (*request.cache_from, *request.cache_to)):
        return None
    from runner.cache.local import open_caches

    return open_caches(request.cache_from, request.cache_to)


def new_id() -> str:
    """A name for a build or a session: 25 characters, as BuildKit's own."""
    return f"b{os.urandom(12).hex()}"
