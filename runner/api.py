"""The rest of the daemon's control API over one connection: info, workers, history, content."""

from typing import TYPE_CHECKING, NamedTuple

from runner.errors import DaemonError, ProtocolError
from runner.wire import content, control

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.transport.loop import Connection

CALL_TIMEOUT = 30.0


class Worker(NamedTuple):
    """Where the daemon runs steps. platforms: those it says it can run, its own first."""

    id: str
    labels: dict[str, str]
    platforms: tuple[str, ...]


class Info(NamedTuple):
    """The daemon: which BuildKit it is and what it can run."""

    version: str
    revision: str
    workers: tuple[Worker, ...]


def info(connection: "Connection") -> Info:
    """Ask the daemon what it is. Raises RpcError and DaemonError."""
    reply = control.InfoResponse.decode(
        connection.unary(control.INFO, control.InfoRequest().encode(), timeout=CALL_TIMEOUT)
    )
    version = reply.buildkitVersion
    return Info(
        version=version.version if version else "",
        revision=version.revision if version else "",
        workers=workers(connection),
    )


def workers(connection: "Connection") -> tuple[Worker, ...]:
    """The daemon's workers. Raises RpcError and DaemonError."""
    reply = control.ListWorkersResponse.decode(
        connection.unary(control.LIST_WORKERS, control.ListWorkersRequest().encode(), timeout=CALL_TIMEOUT)
    )
    return tuple(
        Worker(
            id=record.ID,
            labels=dict(sorted(record.Labels.items())),
            platforms=tuple(
                "/".join(part for part in (p.OS, p.Architecture, p.Variant) if part) for p in record.platforms
            ),
        )
        for record in reply.record
    )


def history_record(connection: "Connection", ref: str) -> control.BuildHistoryRecord | None:
    """What the daemon recorded of the build `ref`, or None where it keeps no record of it.

    Raises RpcError and DaemonError.
    """
    found: list[control.BuildHistoryRecord] = []

    def event(data: bytes) -> None:
        record = control.BuildHistoryEvent.decode(data).record
        if record is not None and record.Ref == ref:
            found.append(record)

    request = control.BuildHistoryRequest(Ref=ref, EarlyExit=True)
    _listen(connection, control.LISTEN_BUILD_HISTORY, request.encode(), event)
    return found[-1] if found else None


def read_blob(connection: "Connection", digest: str, *, limit: int = 4 << 20) -> bytes:
    """A blob of the daemon's content store, such as a manifest; at most `limit` bytes of it.

    Raises RpcError (NOT_FOUND where it is not there), ProtocolError where it is larger, DaemonError.
    """
    parts: list[bytes] = []

    def part(data: bytes) -> None:
        parts.append(content.ReadContentResponse.decode(data).data)
        if sum(map(len, parts)) > limit:
            raise ProtocolError(f"reading {digest} from the daemon's content store: it is over {limit} bytes")

    request = content.ReadContentRequest(digest=digest)
    _listen(connection, content.READ, request.encode(), part)
    return b"".join(parts)


def _listen(
    connection: "Connection", method: str, request: bytes, on_message: "Callable[[bytes], None]"
) -> None:
    """Wait for the end of a call with several answers. Raises RpcError, DaemonError."""
    call = connection.start(method, request, on_message=on_message)
    if not call.wait(CALL_TIMEOUT):
        call.cancel()
        raise DaemonError(f"calling {method} on {connection.address}: no end within {CALL_TIMEOUT:g} s")
