"""`buildkit-runner build`: a Dockerfile becomes an image."""

import os
import sys
from argparse import SUPPRESS, Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from runner.cli.connection import add_daemon_flags, make_client
from runner.cli.parser import Parser
from runner.errors import UsageError
from runner.files import check_target, write_whole
from runner.metadata import image_id, metadata
from runner.progress.readers import KINDS, open_reader
from runner.registry.settings import RegistrySettings, parse_settings
from runner.request import BuildRequest
from runner.specs.attest import Attestation
from runner.specs.csvspec import nearest
from runner.specs.duration import parse_duration

if TYPE_CHECKING:
    from runner.progress.events import Event
    from runner.result import BuildResult

EXAMPLES = """\
  buildkit-runner build -t registry.example.com/team/app:1 --push .
  buildkit-runner build -t 127.0.0.1:5000/app --push --insecure-registry 127.0.0.1:5000 -f docker/Dockerfile .
  buildkit-runner build -o type=image,name=host/app:1,push=true --cache-to type=inline --cache-from host/app:1 .
  buildkit-runner build --platform linux/amd64,linux/arm64 --secret id=token,env=TOKEN -t host/app:1 --push .

Environment: BUILDKIT_HOST, BUILDKIT_PROGRESS, DOCKER_CONFIG, SOURCE_DATE_EPOCH and more: docs/exit-codes.md
"""


def parser() -> Parser:
    """The flags of `build`."""
    summary = "Build an image from a Dockerfile. CONTEXT is the directory whose files the build may use."
    made = Parser("build", "[OPTIONS] CONTEXT", summary, EXAMPLES)
    made.add_argument("context", nargs="?", help=SUPPRESS)
    what = made.group("What to build")
    what.value(
        "-f", "--file", metavar="FILE", default="", help="the Dockerfile (default: CONTEXT/Dockerfile)"
    )
    what.value("--target", metavar="STAGE", default="", help="build this stage and what it needs")
    what.several("--platform", metavar="LIST", help="for these platforms, such as linux/amd64,linux/arm64")
    what.several("--build-arg", metavar="K[=V]", help="set a build argument; K alone: from the environment")
    what.several("--label", metavar="K=V", help="add a label to the image")
    what.several("--secret", metavar="SPEC", help="offer a secret: id=ID,src=FILE or id=ID,env=NAME")
    what.switch("--no-cache", help="run every step again")
    what.switch("--pull", help="look for newer base images")

    out = made.group("What becomes of it")
    out.several("-t", "--tag", metavar="REF", help="name the image, such as registry.example.com/team/app:1")
    out.switch("--push", help="push it under its names")
    out.several("-o", "--output", metavar="SPEC", help="type=image,name=REF,push=true,… or type=cacheonly")
    out.several("--cache-from", metavar="SPEC", help="read steps from a cache: REF or type=registry,ref=REF")
    out.several(
        "--cache-to", metavar="SPEC", help="write a cache: type=inline or type=registry,ref=REF,mode=max"
    )
    out.several("--attest", metavar="SPEC", help="attest: type=provenance,mode=max or type=sbom")
    out.value("--provenance", metavar="SPEC", help="short for --attest type=provenance: true or mode=max")
    out.value("--sbom", metavar="SPEC", help="short for --attest type=sbom: true or generator=IMAGE")

    shown = made.group("What is shown and written")
    shown.value(
        "--progress", metavar="KIND", help="auto, plain, rawjson, json, quiet or none (BUILDKIT_PROGRESS)"
    )
    shown.switch("-q", "--quiet", help="show nothing, print the image's ID at the end")
    shown.value("--metadata-file", metavar="FILE", default="", help="write what was made, as JSON")
    shown.value("--iidfile", metavar="FILE", default="", help="write the image's ID")
    shown.value("--events", metavar="FILE", default="", help="write every event as a line of JSON")
    shown.value("--timeout", metavar="TIME", default="", help="end the build after 90s, 10m, 1h30m…")
    shown.end("-h", "--help", help="show this help")

    registry = made.group("Registries")
    registry.several("--insecure-registry", metavar="HOST", help="speak plain HTTP or unverified TLS to it")
    registry.several("--registry-ca", metavar="HOST=FILE", help="the CA of its certificate")
    registry.several("--registry-mirror", metavar="HOST=MIRROR", help="ask a mirror first: docker.io=HOST")
    registry.value("--registries", metavar="FILE", default="", help="the same settings in a registries.toml")
    add_daemon_flags(made)
    return made


def run(words: list[str]) -> int:
    """Build, and print `REF@DIGEST` for each name of the image, or its ID with `-q`."""
    args = parser().parse(words)
    if args.context is None:
        raise UsageError("build: there is no CONTEXT", hint="Such as: buildkit-runner build .")
    display = _display(args)
    request = _request(args)
    registries = _registries(args, request)
    timeout = parse_duration(args.timeout) if args.timeout else None
    targets = [path for path in (args.metadata_file, args.iidfile) if path]
    for path in targets:
        check_target(path)
    with make_client(args, registries) as client, _readers(args, display) as show:
        result = client.build(request, on_event=show, timeout=timeout)
    if args.metadata_file:
        import json

        write_whole(args.metadata_file, json.dumps(metadata(result), indent=2) + "\n")
    if args.iidfile:
        write_whole(args.iidfile, image_id(result))
    _print(result, display)
    return 0


def _print(result: "BuildResult", display: str) -> None:
    if display == "quiet":
        print(image_id(result))
        return
    for exporter in result.exporters:
        digest = exporter.descriptor.digest if exporter.descriptor else result.digest
        for name in exporter.names:
            print(f"{name}@{digest}")


@contextmanager
def _readers(args: Namespace, display: str) -> "Iterator[Callable[[Event], None]]":
    """The display on stderr and the file of events, as one function that takes each event."""
    stream = sys.stderr
    color = stream.isatty() and not os.environ.get("NO_COLOR")
    with ExitStack() as stack:
        readers = [open_reader(display, stream, color)]
        if args.events:
            from runner.progress.record import Recorder

            readers.append(stack.enter_context(Recorder(args.events)))
        for reader in readers:
            stack.callback(reader.close)

        def show(event: "Event") -> None:
            for reader in readers:
                reader.event(event)

        yield show


def _request(args: Namespace) -> BuildRequest:
    attestations = [Attestation.parse(text) for text in args.attest]
    for kind in ("provenance", "sbom"):
        if text := getattr(args, kind):
            attestations.append(Attestation.parse_short(kind, text))
    request = BuildRequest(
        args.context,
        dockerfile=args.file,
        tags=args.tag,
        outputs=args.output,
        push=args.push,
        target=args.target,
        platforms=args.platform,
        build_args=args.build_arg,
        labels=args.label,
        no_cache=args.no_cache,
        pull=args.pull,
        secrets=args.secret,
        cache_from=args.cache_from,
        cache_to=args.cache_to,
        attestations=attestations,
    )
    return request.with_environment(os.environ)


def _registries(args: Namespace, request: BuildRequest) -> RegistrySettings:
    return parse_settings(
        insecure=[*args.insecure_registry, *sorted(request.insecure_hosts())],
        cas=args.registry_ca,
        mirrors=args.registry_mirror,
        file=args.registries,
        environ=os.environ,
    )


def _display(args: Namespace) -> str:
    """Which display is asked for; `-q` and `--progress quiet` are the same, as in buildx."""
    asked = args.progress or os.environ.get("BUILDKIT_PROGRESS") or "auto"
    if asked not in KINDS:
        raise UsageError(f"--progress {asked}: there is no such display", hint=nearest(asked, KINDS))
    if args.quiet and asked not in ("auto", "quiet"):
        raise UsageError(f"--progress {asked} and --quiet cannot be used together", hint="Give one of them.")
    return "quiet" if args.quiet else asked
