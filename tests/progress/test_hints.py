"""What is known of failures. The texts are what buildkitd v0.32 answered when each was provoked."""

import pytest

from runner.errors import AccessError, BuildFailed, Error, TransientError
from runner.progress.hints import of_daemon, of_process

HOST = "reg.example:5000"
MANIFEST = f"https://{HOST}/v2/team/x/manifests/1"
PULL = f"failed to resolve source metadata for {HOST}/team/x:1: "
PUSH = f"failed to push {HOST}/team/x:1: "
HEAD = f'{PULL}failed to do request: Head "{MANIFEST}": '
STATUS = f"unexpected status from HEAD request to {MANIFEST}: "
SCOPE = "repository does not exist or may require authorization: server message: insufficient_scope: "
CHECKSUM = "failed to compute cache key: failed to calculate checksum of ref a::b: "
START = "runc run failed: unable to start container process: "

TLS = [
    (f"{HEAD}http: server gave HTTP response to HTTPS client", f"--insecure-registry {HOST}"),
    (f"{HEAD}tls: first record does not look like a TLS handshake", f"--insecure-registry {HOST}"),
    (f"{HEAD}tls: x509: certificate signed by unknown authority", f"--registry-ca {HOST}=FILE"),
    (f"{HEAD}tls: x509: certificate is valid for a.example, not b.example", "does not fit"),
]
ACCESS = [
    (f"{PUSH}denied: no push", "REGISTRY_USERNAME"),
    (f"{PUSH}denied", "DOCKER_CONFIG"),
    (f"{PUSH}{STATUS}401 Unauthorized", "The push was refused"),
    (f"{PUSH}push access denied, {SCOPE}authorization failed", "The push was refused"),
    (f"{PULL}pull access denied, {SCOPE}authorization failed", "There is no such image"),
    (f"{PULL}{STATUS}403 Forbidden\ndenied", f"Credentials for {HOST}"),
    ("failed to fetch oauth token: unauthorized", "DOCKER_CONFIG"),
    (
        "failed to fetch anonymous token: unexpected status from GET request to http://auth.example/token?"
        "scope=repository%3Ateam%2Fx%3Apull%2Cpush&service=s: 401 Unauthorized",
        "The push was refused",
    ),
]
TRANSIENT = [
    (f"{PUSH}toomanyrequests: slow down", f"--registry-mirror {HOST}=HOST"),
    (f"{PULL}{STATUS}429 Too Many Requests", "try again later"),
    (f"{PULL}{STATUS}503 Service Unavailable", ""),
    (f"{HEAD}dial tcp 127.0.0.1:35027: connect: connection refused", f"{HOST} does not answer"),
    (f"{PUSH}dial tcp 127.0.0.1:5000: connect: connection refused", f"{HOST} does not answer"),
    ("dial tcp 10.0.0.1:80: connect: connection refused", ""),
    (f"{HEAD}read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", ""),
    (f"{HEAD}dial tcp 10.0.0.1:443: i/o timeout", "is its port right?"),
    (f"{HEAD}EOF", ""),
    ("no active sessions", ""),
    ("context canceled", "stopped"),
]
FAILED = [
    (f"{PULL}{HOST}/team/x:1: not found", f"no image {HOST}/team/x:1"),
    (f"{PULL}no match for platform in manifest: not found", "--platform"),
    (f"{HEAD}dial tcp: lookup reg.example on 10.0.0.2:53: no such host", f"--registry-mirror {HOST}=HOST"),
    ('Get "http://files.example/x": dial tcp: lookup files.example: no such host', "find files.example"),
    (f'{CHECKSUM}"/connection refused": not found', ".dockerignore"),
    ("failed to read dockerfile: open Dockerfile.prod: no such file or directory", "-f FILE"),
    ("secret tok: not found", "--secret id=tok,src=FILE"),
    ("failed to load LLB: security.insecure is not allowed", "security.insecure"),
    (
        "granting entitlement security.insecure is not allowed by build daemon configuration",
        'insecure-entitlements = ["security.insecure"]',
    ),
    ("unsupported frontend capability moby.buildkit.frontend.contexts", "newer"),
    ("mkdir /var/lib/buildkit/x: no space left on device", "disk"),
    ("dockerfile parse error on line 2: unknown flag: --mont (did you mean mount?)", ""),
    ('target stage "bulder" could not be found (did you mean builder?)', ""),
]


@pytest.mark.parametrize(
    ("kind", "text", "advice"),
    [
        (kind, *row)
        for kind, rows in (
            (BuildFailed, TLS),
            (AccessError, ACCESS),
            (TransientError, TRANSIENT),
            (BuildFailed, FAILED),
        )
        for row in rows
    ],
)
def test_what_the_daemon_says(kind: type[Error], text: str, advice: str) -> None:
    found = of_daemon(text, 2)
    assert found.error is kind
    assert advice in found.advice
    assert bool(found.advice) == bool(advice)


def test_docker_hub_is_named_as_users_know_it() -> None:
    text = (
        'failed to resolve source metadata for docker.io/library/alpine:3: failed to do request: Head "https://'
        'registry-1.docker.io/v2/library/alpine/manifests/3": x509: certificate signed by unknown authority'
    )
    assert "--registry-ca docker.io=FILE" in of_daemon(text, 2).advice


def test_the_step_tells_the_registry_where_the_text_does_not() -> None:
    step = f"[internal] load metadata for {HOST}/team/x:1"
    found = of_daemon("failed to fetch oauth token: unauthorized", 2, step=step)
    assert f"Credentials for {HOST}" in found.advice


@pytest.mark.parametrize(
    ("why", "log", "advice"),
    [
        ("exit code: 1", "exec /bin/sh: exec format error", "binfmt_misc"),
        ("exit code: 1", f'{START}exec: "/bin/sh": stat /bin/sh: no such file or directory', "no /bin/sh"),
        ("exit code: 1", f'{START}exec: "nosuch": executable file not found in $PATH', "no program nosuch"),
        ("exit code: 1", "dd: error writing '/x': No space left on device", "disk is full"),
        ("exit code: 137", "Killed", "killed"),
        ("exit code: 127", "/bin/sh: nosuch: not found", "not found"),
        ("exit code: 1", "connection refused", ""),
    ],
)
def test_how_a_process_ended(why: str, log: str, advice: str) -> None:
    found = of_process(why, ["before", log, "after"])
    assert found.error is BuildFailed
    assert advice in found.advice
    assert bool(found.advice) == bool(advice)
