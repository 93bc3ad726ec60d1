"""A call as a service sees it, with what the service did to it written down."""

from collections.abc import Callable, Sequence
from typing import Any

from runner.transport.stream import OK, Metadata, Service


class Call:
    """Opens a call on a service; deferred work waits for `run_deferred`."""

    def __init__(self, service: Service, method: str, metadata: Metadata | None = None) -> None:
        self.metadata: Metadata = metadata or []
        self.sent: list[bytes] = []
        self.status: tuple[int, str] | None = None
        self.deferred: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        self.handler = service.open(method, self)

    def send(self, *parts: bytes) -> None:
        assert self.status is None
        self.sent.append(b"".join(parts))

    def send_framed(self, data: bytes | Sequence[bytes]) -> None:
        raise AssertionError(f"a call with one answer was sent {len(data)} framed")

    def room(self) -> int:
        return 1 << 20

    def finish(self, code: int = OK, message: str = "") -> None:
        assert self.status is None
        self.status = (code, message)

    def defer(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.deferred.append((work, done))

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        raise AssertionError(f"a call with one answer waits {seconds} s for {work}")

    def run_deferred(self) -> None:
        for work, done in self.deferred:
            try:
                result = work()
            except BaseException as error:
                result = error
            done(result)
        self.deferred.clear()


def ask(service: Service, method: str, request: bytes) -> bytes:
    """Make one call and return its answer; it must end well."""
    call = refuse(service, method, request)
    assert call.status == (OK, "")
    assert len(call.sent) == 1
    return call.sent[0]


def refuse(service: Service, method: str, request: bytes) -> Call:
    """Make one call and return what became of it."""
    call = Call(service, method)
    call.handler.message(request)
    call.handler.end()
    call.run_deferred()
    call.handler.closed()
    return call
