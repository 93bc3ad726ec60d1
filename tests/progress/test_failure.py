"""A failed build becomes an error of ours: what failed, why, where in the Dockerfile, and what to do.

The errors are those of buildkitd v0.32, as its details hold them.
"""

import json
from base64 import b64encode
from typing import Any

import pytest

from runner.errors import AccessError, BuildFailed, Error, RpcError, TransientError
from runner.progress.failure import FailureLog, explain
from runner.progress.mask import make_mask
from runner.wire import any as wire_any
from runner.wire.rpcstatus import Status
from tests.progress.messages import Item, digest, events, log, vertex

DOCKERFILE = b"FROM alpine AS build\nCOPY . /src\n# compile\nRUN make\nRUN make install\n"
PROCESS = 'process "/bin/sh -c make" did not complete successfully: exit code: 2'


def detail(kind: str, value: Any) -> wire_any.Any:
    return wire_any.Any(type_url=f"github.com/moby/buildkit/{kind}+json", value=json.dumps(value).encode())


def source(first: int, last: int = 0, data: bytes = DOCKERFILE, filename: str = "Dockerfile") -> wire_any.Any:
    span = {"start": {"line": first}, "end": {"line": last or first}}
    info = {"filename": filename, "data": b64encode(data).decode(), "definition": {"def": ["AA=="]}}
    return detail("errdefs.Source", {"info": info, "ranges": [span]})


def failed_vertex(name: str) -> wire_any.Any:
    return detail("errdefs.Vertex", {"digest": digest(name)})


STACK = detail("stack.Stack", {"frames": [{"Name": "main.main"}]})


def rpc_error(message: str, *details: wire_any.Any, code: int = 2) -> RpcError:
    status = Status(code=code, message=message, details=[STACK, *details])
    return RpcError("/moby.buildkit.v1.Control/Solve", code, message, status.encode())


def seen(*sent: Item) -> FailureLog:
    reader = FailureLog()
    for event in events(*sent):
        reader.event(event)
    return reader


def make_failed() -> tuple[RpcError, FailureLog]:
    name = "[build 3/4] RUN make"
    log_lines = b"".join(b"line %d\n" % number for number in range(1, 31))
    reader = seen(
        vertex("[build 2/4] COPY . /src", 1, 1, cached=True),
        vertex(name, 1),
        vertex("[other 1/1] RUN sleep", 1),
        log("[other 1/1] RUN sleep", 1.1, b"unrelated\n"),
        log(name, 1.2, log_lines),
        log(name, 1.3, b"\x1b[31mmake: *** [all] Error 2\x1b[0m", stream=2),
        vertex("[other 1/1] RUN sleep", 1, 2, error=f"{PROCESS}: context canceled"),
        vertex(name, 1, 2, error=PROCESS),
    )
    exit_code = detail("gatewayapi.ExitMessage", {"Code": 2})
    return rpc_error(PROCESS, source(4), failed_vertex(name), exit_code), reader


def test_a_failed_process() -> None:
    error = explain(*make_failed(), what="examples/hello")
    assert type(error) is BuildFailed
    assert error.message == "building examples/hello: RUN make failed: exit code: 2"
    assert error.hint == ""
    lines = "".join(f"line {number}\n" for number in range(12, 31))
    assert error.report == (
        "------\n"
        " > [build 3/4] RUN make:\n"
        f"{lines}"
        "make: *** [all] Error 2\n"
        "------\n"
        "Dockerfile:4\n"
        "--------------------\n"
        "   2 |     COPY . /src\n"
        "   3 |     # compile\n"
        "   4 | >>> RUN make\n"
        "   5 |     RUN make install\n"
        "--------------------\n"
    )


def test_without_a_name_of_what_was_built_the_step_comes_first() -> None:
    assert explain(*make_failed()).message == "RUN make failed: exit code: 2"


def test_secrets_are_masked_in_all_texts() -> None:
    name = "[1/1] RUN curl token-1234"
    message = 'process "/bin/sh -c curl token-1234" did not complete successfully: exit code: 22'
    dockerfile = b"FROM x\nRUN curl token-1234\n"
    reader = seen(vertex(name, 1), log(name, 1, b"token-1234\n"), vertex(name, 1, 2, error=message))
    error = rpc_error(message, source(2, data=dockerfile), failed_vertex(name))
    masked = explain(error, reader, mask=make_mask(["token-1234"]))
    assert masked.message == "RUN curl *** failed: exit code: 22"
    assert "token" not in masked.report
    assert masked.report.count("***") == 3


def test_an_error_of_the_dockerfile_has_no_step() -> None:
    text = "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"
    error = explain(rpc_error(text, source(2, data=b"FROM scratch\nRUNN x\n")), seen(), what=".")
    assert type(error) is BuildFailed
    assert error.message == f"building .: {text}"
    assert error.report.splitlines()[2:-1] == ["   1 |     FROM scratch", "   2 | >>> RUNN x"]


def test_a_step_that_is_no_process_tells_why_without_the_daemons_preamble() -> None:
    name = "[2/2] COPY nothere /x"
    text = 'failed to compute cache key: failed to calculate checksum of ref a1::b2: "/nothere": not found'
    reader = seen(vertex(name, 1), vertex(name, 1, 2, error=text))
    error = explain(rpc_error(text, source(2), failed_vertex(name)), reader)
    assert error.message == 'COPY nothere /x: "/nothere": not found'
    assert ".dockerignore" in error.hint


def test_a_failed_push_shows_the_tries() -> None:
    text = "failed to push reg:5000/x:1: unexpected status from HEAD request to http://reg:5000/v2/: 503 Busy"
    name = "exporting to image"
    reader = seen(
        vertex(name, 1), log(name, 1, b"retrying in 1s\n", stream=2), vertex(name, 1, 2, error=text)
    )
    error = explain(rpc_error(text), reader)
    assert type(error) is TransientError
    assert error.message == text
    assert error.report == "------\n > exporting to image:\nretrying in 1s\n------\n"


def test_a_frontend_image_that_cannot_be_pulled_is_named_as_its_line() -> None:
    text = (
        "failed to resolve source metadata for docker.io/docker/dockerfile:1: failed to do request: "
        'Head "https://registry-1.docker.io/v2/docker/dockerfile/manifests/1": dial tcp: '
        "lookup registry-1.docker.io on 10.0.0.2:53: no such host"
    )
    frontend = detail("errdefs.Frontend", {"name": "gateway.v0", "source": "docker/dockerfile:1"})
    dockerfile = b"# syntax=docker/dockerfile:1\nFROM scratch\n"
    error = explain(rpc_error(text, source(1, data=dockerfile), frontend), seen())
    assert type(error) is BuildFailed
    assert error.hint.splitlines() == [
        "`# syntax=docker/dockerfile:1` (Dockerfile:1) is the image that reads the Dockerfile, "
        "and the daemon cannot pull it.",
        "Name a mirror of its registry: --registry-mirror docker.io=HOST",
        "or another image: --build-arg BUILDKIT_SYNTAX=HOST/docker/dockerfile:1",
        "or leave it out: the daemon can read most Dockerfiles by itself.",
    ]
    assert "   1 | >>> # syntax=docker/dockerfile:1" in error.report


def test_a_frontend_image_of_an_argument_and_what_else_helps() -> None:
    text = (
        "failed to resolve source metadata for reg:5000/docker/dockerfile:1: failed to do request: "
        'Head "https://reg:5000/v2/docker/dockerfile/manifests/1": tls: failed to verify certificate: '
        "x509: certificate signed by unknown authority"
    )
    frontend = detail("errdefs.Frontend", {"name": "gateway.v0", "source": "reg:5000/docker/dockerfile:1"})
    hint = explain(rpc_error(text, frontend), seen()).hint
    assert hint.startswith("reg:5000/docker/dockerfile:1 is the image that reads the Dockerfile")
    assert "--registry-ca reg:5000=FILE" in hint


def test_a_base_image_is_not_taken_for_the_frontend() -> None:
    """A frontend image that was pulled is named in the details of all that fails after."""
    text = (
        "alpine:9: failed to resolve source metadata for docker.io/library/alpine:9: "
        "docker.io/library/alpine:9: not found"
    )
    frontend = detail("errdefs.Frontend", {"name": "gateway.v0", "source": "docker/dockerfile:1"})
    error = explain(rpc_error(text, source(1), frontend), seen())
    assert error.message == text.removeprefix("alpine:9: ")
    assert error.hint == "There is no image docker.io/library/alpine:9: check its name and its tag."


@pytest.mark.parametrize(
    ("code", "kind"),
    [(2, BuildFailed), (14, TransientError), (4, TransientError), (7, AccessError), (16, AccessError)],
)
def test_the_status_code_counts_where_the_text_is_unknown(code: int, kind: type[Error]) -> None:
    assert type(explain(rpc_error("something new", code=code), seen())) is kind


@pytest.mark.parametrize("details", [b"", b"\xff\xff", b"\x1a\x02\x0a\x7f"])
def test_details_that_are_missing_or_broken(details: bytes) -> None:
    error = explain(RpcError("Solve", 2, "it failed", details), seen())
    assert (error.message, error.report) == ("it failed", "")


@pytest.mark.parametrize(
    "broken",
    [
        wire_any.Any(type_url="github.com/moby/buildkit/errdefs.Source+json", value=b"{"),
        detail("errdefs.Source", []),
        detail("errdefs.Source", {"ranges": [{"start": {"line": 1}}]}),
        detail("errdefs.Source", {"info": {"data": "!"}, "ranges": [{"start": {"line": 1}}]}),
        detail("errdefs.Source", {"info": {}, "ranges": [{"start": None}]}),
        detail("errdefs.Vertex", {}),
        detail("errdefs.Frontend", None),
        source(900),
        source(0),
    ],
)
def test_what_cannot_be_read_of_the_details_is_left_out(broken: wire_any.Any) -> None:
    error, reader = make_failed()
    whole = Status.decode(error.details)
    mixed = rpc_error(error.message, broken, *whole.details)
    assert explain(mixed, reader).message == "RUN make failed: exit code: 2"
    assert ">>> RUN make\n" in explain(mixed, reader).report


def test_the_same_source_is_shown_once() -> None:
    assert explain(rpc_error("no", source(2), source(2)), seen()).report.count(">>>") == 1


def test_a_large_dockerfile_and_a_long_log_stay_small() -> None:
    lines = [b"RUN step %d \xff %b" % (number, b"x" * 1000) for number in range(1000)]
    name = f"RUN {'y' * 5000}"
    reader = seen(
        vertex(name, 1), *[log(name, 1, b"z" * 100_000) for _ in range(20)], vertex(name, 1, 2, error="no")
    )
    error = explain(rpc_error("no", source(3, 900, b"\n".join(lines)), failed_vertex(name)), reader, what="x")
    assert len(error.report) < 10_000
    assert len(error.message) < 1_000
    assert "\n" not in error.message
    shown = error.report.splitlines()
    assert any(line.endswith("lines ...") for line in shown)
    assert shown[-2].startswith(" 901 |     RUN step 900")


def test_the_last_line_of_the_file_and_windows_line_ends() -> None:
    report = explain(rpc_error("no", source(2, data=b"FROM x\r\nRUN y\r\n")), seen()).report
    assert report.splitlines()[2:4] == ["   1 |     FROM x", "   2 | >>> RUN y"]


def test_of_a_line_that_was_written_over_the_last_state_is_shown() -> None:
    message = "process failed"
    reader = seen(vertex("a", 1), log("a", 1, b" 10%\r 90%\r\ndone\r\n"), vertex("a", 1, 2, error=message))
    assert explain(rpc_error(message), reader).report.splitlines()[2:4] == [" 90%", "done"]


def test_the_log_of_a_step_that_ended_well_is_not_kept() -> None:
    reader = seen(vertex("a", 1), log("a", 1, b"x"), vertex("a", 1, 2))
    assert reader.log(digest("a")) == b""
