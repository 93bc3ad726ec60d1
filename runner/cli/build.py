"""`buildkit-runner build`: a Dockerfile becomes an image."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from runner.cli import connection
from runner.cli.flags import HELP, Command, Flag, Values
from runner.cli.stdout import say
from runner.errors import UsageError
from runner.progress.events import WARNING, Notice
from runner.progress.readers import KINDS, open_reader
from runner.registry.settings import RegistrySettings, parse_settings
from runner.request import BuildRequest
from runner.specs.attest import Attestation
from runner.specs.csvspec import nearest

if TYPE_CHECKING:
    from runner.client import Client
    from runner.progress.events import Event
    from runner.result import BuildResult

DEFAULT_PLATFORM = "DOCKER_DEFAULT_PLATFORM"
NODE_VARIABLES = ("BUILDKIT_RUNNER_NODES", "BUILDKIT_RUNNER_NODES_FILE")
FALLBACKS = ("fail", "emulate")

# The displays that leave notices out.
HIDING = ("quiet", "none", "rawjson")
COMMAND = Command(
    "build",
    "CONTEXT",
    "Build an image from a Dockerfile. CONTEXT is the directory whose files the build may use.",
    {
        "What to build": (
            Flag("--file", "FILE", "the Dockerfile (default: CONTEXT/Dockerfile)", short="-f"),
            Flag("--target", "STAGE", "build this stage and what it needs"),
            Flag("--platform", "LIST", "for these platforms, such as linux/amd64,linux/arm64"),
            Flag("--build-arg", "K[=V]", "set a build argument; K alone: from the environment"),
            Flag("--label", "K=V", "add a label to the image"),
            Flag("--secret", "SPEC", "offer a secret: id=ID,src=FILE or id=ID,env=NAME"),
            Flag("--no-cache", "", "run every step again"),
            Flag("--pull", "", "look for newer base images"),
        ),
        "What becomes of it": (
            Flag("--tag", "REF", "name the image, such as host/team/app:1", short="-t"),
            Flag("--push", "", "push it under its names"),
            Flag("--output", "SPEC", "type=image,name=REF,push=true or type=cacheonly", "-o"),
            Flag("--cache", "KIND", "auto: keep one in the registry for each branch; inline; off (default)"),
            Flag("--cache-from", "SPEC", "read a cache: REF, type=local,src=DIR, …; see docs/cache.md"),
            Flag("--cache-to", "SPEC", "write a cache: type=inline, REF, type=local,dest=DIR, …"),
            Flag("--attest", "SPEC", "attest: type=provenance,mode=max or type=sbom"),
            Flag("--provenance", "SPEC", "short for --attest type=provenance: true, or mode=max"),
            Flag("--sbom", "SPEC", "short for --attest type=sbom: true, or generator=IMAGE"),
        ),
        "What is shown and written": (
            Flag("--progress", "KIND", f"{', '.join(KINDS)} (BUILDKIT_PROGRESS)"),
            Flag("--quiet", "", "show nothing, print the image's ID at the end", short="-q"),
            Flag("--metadata-file", "FILE", "write what was made, as JSON"),
            Flag("--iidfile", "FILE", "write the image's ID"),
            Flag("--events", "FILE", "write every event as a line of JSON"),
            Flag("--timeout", "TIME", "end the build after 90s, 10m, 1h30m..."),
            HELP,
        ),
        "Registries": (
            Flag("--insecure-registry", "HOST", "speak plain HTTP or unverified TLS to it"),
            Flag("--registry-ca", "HOST=FILE", "the CA of its certificate"),
            Flag("--registry-mirror", "HOST=MIRROR", "ask a mirror first: docker.io=HOST"),
            Flag("--registries", "FILE", "the same settings in a registries.toml"),
        ),
        **connection.GROUPS,
        "Nodes: other daemons, each for its platforms": (
            Flag(
                "--node", "SPEC", "linux/arm64=tcp://HOST:PORT,ca=FILE,cert=FILE,key=FILE; see docs/nodes.md"
            ),
            Flag("--nodes", "FILE", "the same in a nodes.toml"),
            Flag("--node-fallback", "HOW", "where one is down: fail (default) or emulate", choices=FALLBACKS),
        ),
    },
    """\
  buildkit-runner build -t registry.example.com/team/app:1 --push .
  buildkit-runner build -t 127.0.0.1:5000/app --push --insecure-registry 127.0.0.1:5000 -f app.Dockerfile .
  buildkit-runner build -o type=image,name=host/app,push=true --cache-to type=inline --cache-from host/app .
  buildkit-runner build --cache auto -t registry.example.com/team/app:1 --push .
  buildkit-runner build --platform linux/amd64,linux/arm64 --secret id=token,env=TOKEN -t host/app --push .

Exit codes and environment variables: docs/exit-codes.md""",
)


def run(words: list[str]) -> int:
    """Build, and print `REF@DIGEST` for each name of the image in the order of `-t`, or its ID with `-q`."""
    values = COMMAND.parse(words)
    if values.on(HELP.name):
        say(COMMAND.help())
        return 0
    display = _display(values)
    request = _request(values)
    registries = _registries(values, request)
    timeout = _timeout(values)
    write_files = _result_files(values, request)
    with _client(values, registries) as client, _readers(values, display) as show:
        result = client.build(request, on_event=show, timeout=timeout)
        # Before a file that cannot be written ends the command: what was pushed must not be lost.
        try:
            _say_result(result, request, display)
        finally:
            write_files(result)
    return 0


def _say_result(result: "BuildResult", request: BuildRequest, display: str) -> None:
    from runner.metadata import image_id, images

    if display == "quiet":
        lines = [image_id(result)]
    else:
        lines = [f"{name}@{digest}" for name, digest in images(result, _names(request))]
    for line in filter(None, lines):
        say(line)


def _names(request: BuildRequest) -> list[str]:
    return [str(name) for output in request.exporters() for name in output.names]


def _client(values: Values, registries: RegistrySettings) -> "Client":
    specs, file = values.filled("--node"), values.one("--nodes")
    if not (specs or file or any(os.environ.get(name) for name in NODE_VARIABLES)):
        return connection.make_client(values, registries)
    from runner.nodes.settings import parse_nodes

    nodes = parse_nodes(specs, file=file, environ=os.environ)
    return connection.make_client(values, registries, nodes, values.one("--node-fallback") or "fail")


def _timeout(values: Values) -> float | None:
    text = values.one("--timeout")
    if not text:
        return None
    from runner.specs.duration import parse_duration

    return parse_duration(text)


def _result_files(values: Values, request: BuildRequest) -> "Callable[[BuildResult], None]":
    """What writes the files that were asked for. Raises UsageError for those that cannot be written."""
    metadata_file, id_file = values.one("--metadata-file"), values.one("--iidfile")
    if not metadata_file and not id_file:
        return lambda result: None  # noqa: ARG005
    from runner.files import check_target, write_whole
    from runner.metadata import image_id, metadata

    if id_file and not request.exporters():
        raise UsageError(f"writing {id_file}: no image is made that has an ID", hint="Name one with -t.")
    for path in filter(None, (metadata_file, id_file)):
        check_target(path)

    def write(result: "BuildResult") -> None:
        if metadata_file:
            import json

            write_whole(metadata_file, json.dumps(metadata(result, _names(request)), indent=2) + "\n")
        if id_file:
            write_whole(id_file, image_id(result))

    return write


@contextmanager
def _readers(values: Values, display: str) -> "Iterator[Callable[[Event], None]]":
    """The display on stderr and the file of events, as one function that takes each event."""
    with ExitStack() as stack:
        stream = sys.stderr or stack.enter_context(open(os.devnull, "w"))  # None where it was closed.
        color = stream.isatty() and not os.environ.get("NO_COLOR")
        readers = [open_reader(display, stream, color)]
        stack.callback(readers[0].close)
        if path := values.one("--events"):
            from runner.progress.record import Recorder

            readers.append(stack.enter_context(Recorder(path)))

        def show(event: "Event") -> None:
            for reader in readers:
                reader.event(event)
            if display in HIDING and isinstance(event, Notice) and event.message.startswith(WARNING):
                print(event.message, file=stream, flush=True)

        yield show


def _request(values: Values) -> BuildRequest:
    if len(values.operands) != 1:
        why = f"unexpected {values.operands[1]!r}" if values.operands else "there is no CONTEXT"
        raise COMMAND.wrong(why, "Such as: buildkit-runner build -t NAME .")
    attestations = [Attestation.parse(text) for text in values.filled("--attest")]
    for kind in ("provenance", "sbom"):
        attestations += [Attestation.parse_short(kind, text) for text in values.filled(f"--{kind}")]
    request = BuildRequest(
        values.operands[0],
        dockerfile=values.one("--file"),
        tags=values.all("--tag"),
        outputs=values.filled("--output"),
        push=values.on("--push"),
        target=values.one("--target"),
        platforms=values.filled("--platform") or filter(None, [os.environ.get(DEFAULT_PLATFORM)]),
        build_args=values.all("--build-arg"),
        labels=values.all("--label"),
        no_cache=values.on("--no-cache"),
        pull=values.on("--pull"),
        secrets=values.filled("--secret"),
        cache_from=values.filled("--cache-from"),
        cache_to=values.filled("--cache-to"),
        cache=values.one("--cache"),
        attestations=attestations,
    )
    return request.with_environment(os.environ)


def _registries(values: Values, request: BuildRequest) -> RegistrySettings:
    """One place for all: what an output or a cache says of its registry counts like the flags."""
    return parse_settings(
        insecure=[*values.all("--insecure-registry"), *sorted(request.insecure_hosts())],
        cas=values.all("--registry-ca"),
        mirrors=values.all("--registry-mirror"),
        file=values.one("--registries"),
        environ=os.environ,
    )


def _display(values: Values) -> str:
    """Which display is asked for; `-q` and `--progress quiet` are the same, as in buildx."""
    asked = values.one("--progress") or os.environ.get("BUILDKIT_PROGRESS") or "auto"
    if asked not in KINDS:
        raise UsageError(f"--progress {asked}: there is no such display", hint=nearest(asked, KINDS))
    if values.on("--quiet") and asked not in ("auto", "quiet"):
        raise UsageError(f"--progress {asked} and --quiet cannot be used together", hint="Give one of them.")
    return "quiet" if values.on("--quiet") else asked
