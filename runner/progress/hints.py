"""What is known of failures: which error each one is, and what to do about it.

The texts are those of BuildKit v0.32 and of the Go libraries under it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from runner.errors import AccessError, BuildFailed, Error, TransientError


class Rule(NamedTuple):
    """A failure that is known by a pattern in its text.

    advice: may use the pattern's named groups, and {host}, the registry that the text is about.
    """

    pattern: str
    error: type[Error]
    advice: str = ""


class Found(NamedTuple):
    """The kind of error, and what to do ("" where it is not known)."""

    error: type[Error]
    advice: str


class Syntax(NamedTuple):
    """A frontend image that cannot be had. place: FILE:LINE of its `# syntax=`, or ""."""

    image: str
    place: str


_LOGIN = (
    "\nCredentials for {host} come from the Docker configuration (DOCKER_CONFIG), or, for the registry that "
    "is pushed to, from REGISTRY_USERNAME and REGISTRY_PASSWORD_FILE."
)
_DISK = "A disk is full: free space where the daemon keeps its state, or remove old caches."

# How a process of a step ended: matched with the end of its log and then the reason.
PROCESS = (
    Rule(
        r"exec format error",
        BuildFailed,
        "The program is for another platform than the daemon's machine: build for that one, or register an "
        "emulator there (binfmt_misc with qemu-user).",
    ),
    Rule(
        r'exec: "(?P<shell>/bin/(?:ba)?sh)": stat ',
        BuildFailed,
        'The image has no {shell}: write the step as RUN ["program", "argument"], or use another base image.',
    ),
    Rule(
        r'exec: "(?P<program>[^"\s]+)": (?:stat |executable file not found|no such file)',
        BuildFailed,
        "There is no program {program} in this stage.",
    ),
    Rule(r"[Nn]o space left on device", BuildFailed, _DISK),
    Rule(
        r"exit code: 137\b",
        BuildFailed,
        "137 means that the process was killed, most often for want of memory.",
    ),
    Rule(
        r"exit code: 127\b",
        BuildFailed,
        "127 means that a command was not found: is it installed in this stage, and in its PATH?",
    ),
)

# What the daemon says of everything else. The first that matches counts.
DAEMON = (
    Rule(r"^dockerfile parse error", BuildFailed),
    Rule(r"failed to read dockerfile: .*no such file or directory", BuildFailed, "Name it with -f FILE."),
    Rule(
        r"failed to calculate checksum of ref .*not found|failed to compute cache key: .*no such file",
        BuildFailed,
        "A path of COPY or ADD is relative to the context, or to the root of the stage that --from names.\n"
        "If the file is there, a line of .dockerignore leaves it out.",
    ),
    Rule(
        r"secret (?P<id>\S+): not found",
        BuildFailed,
        "Give it with --secret id={id},src=FILE or --secret id={id},env=NAME.",
    ),
    Rule(
        r"granting entitlement (?P<entitlement>\S+) is not allowed",
        BuildFailed,
        'The daemon grants it with insecure-entitlements = ["{entitlement}"] in its buildkitd.toml.',
    ),
    Rule(
        r"(?P<entitlement>(?:security|network)\.\w+|device \S+) is not allowed",
        BuildFailed,
        "A step asks for the entitlement {entitlement}, and the build was not given it.",
    ),
    Rule(
        r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake",
        BuildFailed,
        "{host} does not speak TLS: if it may be used so, give --insecure-registry {host}",
    ),
    Rule(
        r"x509: certificate signed by unknown authority|x509: .*certificate is not trusted",
        BuildFailed,
        "The certificate of {host} is not signed by a known CA: give --registry-ca {host}=FILE",
    ),
    Rule(
        r"x509: ",
        BuildFailed,
        "The certificate of {host} does not fit: check the name it is used under, its dates and the clock.",
    ),
    Rule(
        r"toomanyrequests|\b429 Too Many Requests",
        TransientError,
        "{host} limits how often it is asked: try again later, log in, or give --registry-mirror {host}=HOST",
    ),
    Rule(
        r"push access denied|failed to push .*(?:insufficient_scope|unauthorized|: denied\b|: 40[13] [UF])"
        r"|failed to fetch (?:oauth|anonymous) token.*scope=repository\S*push",
        AccessError,
        f"The push was refused: may this user push there?{_LOGIN}",
    ),
    Rule(
        r"pull access denied|insufficient_scope|authentication required|no basic auth credentials"
        r"|failed to fetch (?:oauth|anonymous) token: .*(?:unauthorized|denied|40[13])"
        r"|/v2/\S*: 40[13] (?:Unauthorized|Forbidden)|failed to authorize: .*40[13] ",
        AccessError,
        f"There is no such image, or it needs other credentials.{_LOGIN}",
    ),
    Rule(
        r"/v2/.*: lookup (?P<name>\S+?)(?: on \S+)?: no such host",
        BuildFailed,
        "The daemon cannot find {name}: check the name. Where {host} is out of reach, name a mirror: "
        "--registry-mirror {host}=HOST",
    ),
    Rule(
        r": lookup (?P<name>\S+?)(?: on \S+)?: no such host",
        BuildFailed,
        "The daemon cannot find {name}: check the name.",
    ),
    Rule(
        r"(?:failed to push|/v2/).*(?:connection refused|i/o timeout|no route to host|network is \w+)",
        TransientError,
        "{host} does not answer the daemon: is it running, and is its port right?",
    ),
    Rule(
        r"connection refused|connection reset by peer|i/o timeout|handshake timeout|unexpected EOF|: EOF$"
        r"|broken pipe|no route to host|network is unreachable|server misbehaving|connection timed out"
        r"|[Tt]emporary failure in name resolution|Client\.Timeout exceeded|http2: client connection lost"
        r"|context deadline exceeded|\b(?:408|5\d\d) [A-Z][a-z]+|no active session",
        TransientError,
    ),
    Rule(
        r"no match for platform in manifest|does not match the specified platform",
        BuildFailed,
        "The image is not made for this platform: choose another image or another --platform.",
    ),
    Rule(
        r"failed to resolve source metadata for (?P<image>\S+): .*(?:not found|manifest unknown)",
        BuildFailed,
        "There is no image {image}: check its name and its tag.",
    ),
    Rule(
        r"unsupported frontend capability|unknown API capability|capability .*(?:not |un)supported",
        BuildFailed,
        "The frontend or the daemon is too old for this: use a newer `# syntax=` image or a newer buildkitd.",
    ),
    Rule(r"no space left on device", BuildFailed, _DISK),
    Rule(r"context canceled", TransientError, "The daemon ended the build: was it stopped?"),
)

# What a gRPC status means by itself (https://grpc.io/docs/guides/status-codes/).
CODES: dict[int, type[Error]] = {
    1: TransientError,
    4: TransientError,
    7: AccessError,
    14: TransientError,
    16: AccessError,
}

_HOSTS = (
    r"failed to push (?P<host>[^/\s]+)/",
    r"failed to resolve source metadata for (?P<host>[^/\s]+)/",
    r"load metadata for (?P<host>[^/\s]+)/",
    r"https?://(?P<host>[^/\s\"]+)/v2/",
)


def of_process(why: str, log: list[str]) -> Found:
    """A process that ended badly. log: the last lines that it wrote."""
    return _match(PROCESS, "\n".join([*log, why]), "") or Found(BuildFailed, "")


def of_daemon(text: str, code: int, *, step: str = "", syntax: Syntax | None = None) -> Found:
    """What the daemon refused or could not do. step: the name of the step, where one failed."""
    host = _host(f"{text} {step}")
    found = _match(DAEMON, text, host) or Found(CODES.get(code, BuildFailed), "")
    if syntax is None:
        return found
    advice = _of_syntax(syntax, host)
    if found.advice and "--registry-mirror" not in found.advice:
        advice += f"\n{found.advice}"
    return Found(found.error, advice)


def _of_syntax(syntax: Syntax, host: str) -> str:
    named = f"`# syntax={syntax.image}` ({syntax.place})" if syntax.place else syntax.image
    return (
        f"{named} is the image that reads the Dockerfile, and the daemon cannot pull it.\n"
        f"Name a mirror of its registry: --registry-mirror {host or 'docker.io'}=HOST\n"
        f"or another image: --build-arg BUILDKIT_SYNTAX=HOST/docker/dockerfile:1\n"
        f"or leave it out: the daemon can read most Dockerfiles by itself."
    )


def _match(rules: tuple[Rule, ...], text: str, host: str) -> Found | None:
    for rule in rules:
        if found := re.search(rule.pattern, text):
            words = {"host": host or "the registry"} | found.groupdict()
            return Found(rule.error, rule.advice.format(**words))
    return None


def _host(text: str) -> str:
    """The registry that a text is about, under the name that users know it by; "" where it is not told."""
    for pattern in _HOSTS:
        if found := re.search(pattern, text):
            host = found["host"]
            return "docker.io" if host.endswith(".docker.io") else host
    return ""
