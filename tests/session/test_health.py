"""The daemon's health check."""

from runner.session.health import Health
from runner.transport.stream import INVALID_ARGUMENT, OK
from runner.wire import health
from tests.session.recorder import Call


def test_a_check_is_answered_at_once() -> None:
    call = Call(Health(), health.CHECK)
    call.handler.message(health.HealthCheckRequest().encode())
    assert not call.deferred
    assert call.status == (OK, "")
    answer = health.HealthCheckResponse.decode(call.sent[0])
    assert answer.status == health.HealthCheckResponse.ServingStatus.SERVING
    call.handler.end()
    call.handler.closed()
    assert len(call.sent) == 1


def test_a_second_request_in_a_call_is_not_answered() -> None:
    call = Call(Health(), health.CHECK)
    call.handler.message(b"")
    call.handler.message(b"")
    assert len(call.sent) == 1


def test_a_call_without_a_request_is_refused() -> None:
    call = Call(Health(), health.CHECK)
    call.handler.end()
    assert call.status == (INVALID_ARGUMENT, "the call came without a request")


def test_only_check_is_served() -> None:
    assert list(Health.methods) == ["/grpc.health.v1.Health/Check"]
