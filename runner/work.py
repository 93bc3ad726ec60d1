"""The calls of one build: its session on one connection, its Solve and Status on another."""

import os
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from runner.cache.report import report_of
from runner.errors import AccessError, Error, RpcError, UsageError
from runner.features import too_new, uses_new_features
from runner.progress.events import WARNING
from runner.progress.failure import FailureLog, explain
from runner.progress.mask import make_mask
from runner.registry.credentials import CredentialStore
from runner.result import (
    INDEX_TYPES,
    BuildResult,
    Descriptor,
    ExporterResult,
    PlatformResult,
    Timing,
    platforms_of_index,
    response_descriptor,
)
from runner.session.auth import Auth
from runner.session.filesync import FileSync
from runner.session.health import Health
from runner.session.secrets import Secrets
from runner.transport.backlog import Backlog
from runner.wire import control

if TYPE_CHECKING:
    from runner.cache.aftermath import Aftermath
    from runner.cache.local import LocalCaches
    from runner.cache.report import CacheReport
    from runner.context.local import LocalContext
    from runner.endpoint import Endpoint
    from runner.progress.events import Event
    from runner.registry.settings import RegistrySettings
    from runner.request import SolvePlan
    from runner.session.content import Content
    from runner.solve import Build
    from runner.transport.loop import Call, Connection
    from runner.transport.stream import Service


class SessionWork:
    """Implements `solve.Work` on the transport. connect: makes a connection to the daemon."""

    def __init__(
        self,
        planned: "SolvePlan",
        context: "LocalContext",
        *,
        session: str,
        shared_key: str,
        registries: "RegistrySettings",
        caches: "LocalCaches | None",
        endpoint: "Endpoint",
        notices: tuple[str, ...],
        title: str,
    ) -> None:
        self.ref = planned.solve.Ref
        self._plan = planned
        self._session = session
        self._shared_key = shared_key
        self._endpoint = endpoint
        self._notices = notices
        self._title = title
        self._seen = FailureLog()
        self._report = report_of(planned)
        self._answer = b""
        self._solve: Call | None = None
        self._connections: list[Connection] = []
        self._calls: Connection  # all calls but the sessions
        self._news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._backlog = Backlog()
        self._context = context
        self._files = FileSync(context.sources())
        self._secrets = Secrets(planned.secrets)
        self._mask = make_mask((*planned.masks, *self._secrets.values()))
        self._credentials = CredentialStore(planned.pushed)
        self._auth = Auth(self._credentials, registries, lambda text: self._notice(WARNING + text))
        self._caches = caches
        self._aftermath = _aftermath(planned, self._report, registries, self._credentials)
        self._made: tuple[ExporterResult, ...] | None = None
        self._content = _content(caches, planned.stores)

    def begin(self, news: "SimpleQueue[tuple[str, Any]]", timeout: float | None) -> None:
        self._news = news
        began = time.monotonic()
        session = self._open(timeout)
        self._calls = calls = self._open(timeout and max(0.0, began + timeout - time.monotonic()))
        self._check_features(calls)
        for text in self._notices:
            self._notice(text)
        self._serve(session, self._session, self._files)
        if self._aftermath:
            self._aftermath.choose_imports()
        self._solve = self._start(calls, self._plan.solve, self._answered)
        self._follow("solve", self._solve)

    def taken(self, size: int) -> None:
        self._backlog.taken(size)

    def follow_up(self) -> bool:
        if self._aftermath is None:
            return False
        solve = self._aftermath.follow_up(time.time_ns(), self._chains)
        if solve is None:
            return False
        calls = self._calls
        self._serve(self._open(None), solve.Session, FileSync(self._context.sources()))
        self._solve = self._start(calls, solve, lambda data: None)  # noqa: ARG005
        self._solve.add_done_callback(self._following_ended)
        return True

    def response(self) -> dict[str, str]:
        return control.SolveResponse.decode(self._answer).ExporterResponse

    def cancel(self) -> None:
        if self._solve is not None:
            self._solve.cancel()

    def shown(self, event: "Event") -> "Iterable[Event]":
        for masked in (event,) if self._mask is None else self._mask.events(event):
            self._seen.event(masked)
            if self._report.hides(masked):
                continue
            if self._aftermath:
                self._aftermath.event(masked)
            yield from self._report.event(masked)
            yield masked

    def explain(self, error: Error) -> Error:
        if not isinstance(error, RpcError):
            return self._endpoint.diagnose(error, mask=self._mask.text if self._mask else None)
        told = explain(error, self._seen, what=self._title, mask=self._mask)
        content = self._content.error if self._content else None
        if ours := self._files.stats.error or content or self._auth.cause_of(error.message):
            ours.report = ours.report or told.report
            return ours
        if isinstance(told, AccessError) and (used := self._auth.used_for(error.message)):
            told.hint = f"{used}.\n{told.hint}".rstrip()
        return told

    def result(self, response: dict[str, str], build: "Build") -> BuildResult:
        if self._caches:
            for text in self._caches.finish():
                self._notice(text)
            for name, sizes in self._caches.sizes.items():
                self._report.size(name, sizes)
        exporters = self._exporters(response)
        if self._aftermath:
            self._aftermath.finish(empty=self._endpoint.empty)
        made = next((e.descriptor for e in exporters if e.descriptor), None)
        return BuildResult(
            ref=self.ref,
            digest=made.digest if made else response.get("containerimage.digest", ""),
            exporters=exporters,
            warnings=tuple(build.warnings),
            steps=build.steps,
            timing=Timing(
                total=time.monotonic() - build.started,
                upload_files=self._files.stats.files,
                upload_bytes=self._files.stats.bytes,
            ),
            response=response,
            cache=self._report.use(time.time_ns()),
        )

    def close(self) -> None:
        connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()
        self._credentials.close()
        if self._caches:
            self._caches.close()

    def _check_features(self, connection: "Connection") -> None:
        """Refuse what this daemon would silently leave out. Raises UsageError."""
        solve = self._plan.solve
        if uses_new_features(solve):
            from runner import api

            version = api.info(connection).version
            if told := too_new(solve, version):
                raise UsageError(f"the daemon at {connection.address} is BuildKit {version}; {told}")

    def _open(self, timeout: float | None) -> "Connection":
        connection = self._endpoint.connect(timeout)
        self._connections.append(connection)
        return connection

    def _serve(self, connection: "Connection", session: str, files: FileSync) -> None:
        """Serve what the daemon may ask for, under the session's id."""
        services: list[Service] = [files, self._auth, self._secrets, Health()]
        if self._content:
            services.append(self._content)
        headers = [
            ("x-docker-expose-session-uuid", session),
            ("x-docker-expose-session-sharedkey", header_text(self._shared_key)),
        ]
        self._follow("session", connection.serve(headers, services))

    def _start(
        self, calls: "Connection", solve: control.SolveRequest, answered: "Callable[[bytes], None]"
    ) -> "Call":
        """Send a Solve, and what tells of it."""
        status = control.StatusRequest(Ref=solve.Ref).encode()
        self._backlog.call = calls.start(control.STATUS, status, on_message=self._status)
        self._follow("status", self._backlog.call)
        return calls.start(control.SOLVE, solve.encode(), on_message=answered)

    def _follow(self, name: str, call: "Call") -> None:
        def ended(call: "Call") -> None:
            self._news.put(("ended", (name, call.error)))

        call.add_done_callback(ended)

    def _status(self, data: bytes) -> None:
        self._backlog.put(len(data))
        self._news.put(("status", data))

    def _answered(self, data: bytes) -> None:
        self._answer = data

    def _notice(self, text: str) -> None:
        self._news.put(("notice", text))

    def _following_ended(self, call: "Call") -> None:
        told = self._aftermath.excuse(call.error) if self._aftermath and call.error else ""
        if told:
            self._notice(told)
        self._news.put(("ended", ("solve", None if told else call.error)))

    def _chains(self) -> list[list[str]]:
        """The digests of the layers of the first image that was made, for each platform. Raises Error."""
        from runner import api
        from runner.cache.manifests import layers

        made = next((e for e in self._exporters(self.response()) if e.descriptor), None)
        images = made.platforms if made else ()
        blobs = (api.read_blob(self._calls, image.descriptor.digest) for image in images)
        return [layers(blob) for blob in blobs]

    def _exporters(self, response: dict[str, str]) -> tuple[ExporterResult, ...]:
        """What each exporter made. The response tells it of one; of several, the daemon's history does."""
        if self._made is None:
            self._made = tuple(self._ask_exporters(response))
        return self._made

    def _ask_exporters(self, response: dict[str, str]) -> "Iterable[ExporterResult]":
        outputs = self._plan.outputs
        if not outputs:
            return ()
        descriptors = {0: response_descriptor(response)} if len(outputs) == 1 else self._recorded()
        return tuple(
            ExporterResult(
                type=output.kind,
                names=tuple(str(name) for name in output.names),
                descriptor=descriptors.get(number),
                platforms=self._platforms(descriptors.get(number)),
            )
            for number, output in enumerate(outputs)
        )

    def _recorded(self) -> dict[int, Descriptor | None]:
        from runner import api

        record = api.history_record(self._calls, self.ref)
        results = record.Result.Results if record and record.Result else {}
        return {
            int(number): Descriptor(made.media_type, made.digest, made.size, dict(made.annotations))
            for number, made in results.items()
        }

    def _platforms(self, made: Descriptor | None) -> tuple[PlatformResult, ...]:
        """The images behind a descriptor: those of an index, read from the daemon's content store."""
        if made is None:
            return ()
        if made.media_type not in INDEX_TYPES:
            asked = self._plan.solve.FrontendAttrs.get("platform", "")
            return (PlatformResult(made.platform or asked, made),)
        from runner import api

        return platforms_of_index(api.read_blob(self._calls, made.digest))


def _aftermath(
    planned: "SolvePlan",
    report: "CacheReport",
    settings: "RegistrySettings",
    credentials: "CredentialStore",
) -> "Aftermath | None":
    """What looks after the build's caches, where it has any."""
    caches = planned.solve.Cache
    if not planned.following and not (caches and (caches.Imports or caches.Exports)):
        return None
    from runner.cache.aftermath import Aftermath

    return Aftermath(planned, report, settings, credentials)


def _content(caches: "LocalCaches | None", names: Iterable[str]) -> "Content | None":
    """What serves the build's local caches, where it has any."""
    if caches is None or not names:
        return None
    from runner.session.content import Content

    return Content({name: caches.stores[name] for name in names})


def header_text(text: str) -> str:
    """Text as an HTTP/2 header may hold it: what is not printable ASCII is percent-encoded."""
    return "".join(
        chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}" for byte in os.fsencode(text)
    )
