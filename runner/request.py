"""What to build (`BuildRequest`), and what goes out to the daemon for it (`plan`).

Frontend attributes as docker buildx build sets them.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from runner.errors import UsageError
from runner.specs.arguments import (
    SOURCE_DATE_EPOCH,
    check_text,
    parse_build_args,
    parse_labels,
    passwords,
    with_environment,
)
from runner.specs.attest import Attestation, asked
from runner.specs.cache import Cache, split_references
from runner.specs.epoch import check_epoch
from runner.specs.output import Output
from runner.specs.platform import Platform, parse_platforms
from runner.specs.reference import Reference
from runner.specs.secret import Secret
from runner.wire import control

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.cache.auto import Choice
    from runner.registry.settings import RegistrySettings

T = TypeVar("T")

FRONTEND = "dockerfile.v0"
REMOTE = r"-|[A-Za-z][A-Za-z0-9+.-]*://.*|git@.*|github\.com/.*"


class _Fields(NamedTuple):
    context: str
    dockerfile: str
    tags: tuple[Reference, ...]
    outputs: tuple[Output, ...]
    push: bool
    target: str
    platforms: tuple[Platform, ...]
    build_args: Mapping[str, str]
    labels: Mapping[str, str]
    no_cache: bool
    pull: bool
    secrets: tuple[Secret, ...]
    cache_from: tuple[Cache, ...]
    cache_to: tuple[Cache, ...]
    cache: "Choice | None"
    attestations: tuple[Attestation, ...]


class BuildRequest(_Fields):
    """One build of a Dockerfile. Frozen; every text is parsed and checked when it is made.

    context: the directory whose files the build may use.
    dockerfile: its path; "" is `Dockerfile` in the context.
    tags: the names of the image. push: push it under them, and every image of `outputs` under its own.
    outputs: what else to do with the result, as `-o` says it.
    target, platforms, build_args, labels, no_cache, pull: as `docker buildx build` takes them. A build
        argument whose value is None takes that of the environment.
    secrets, cache_from, cache_to, cache, attestations: as their flags take them; nothing is attested unless
        asked. `cache` knows no branch that it does not name before `with_environment`.

    Raises UsageError.
    """

    __slots__ = ()

    def __new__(
        cls,
        context: "str | os.PathLike[str]",
        *,
        dockerfile: "str | os.PathLike[str]" = "",
        tags: "Iterable[str | Reference]" = (),
        outputs: "Iterable[str | Output]" = (),
        push: bool = False,
        target: str = "",
        platforms: "Iterable[str | Platform]" = (),
        build_args: "Iterable[str] | Mapping[str, str | None]" = (),
        labels: "Iterable[str] | Mapping[str, str]" = (),
        no_cache: bool = False,
        pull: bool = False,
        secrets: "Iterable[str | Secret]" = (),
        cache_from: "Iterable[str | Cache]" = (),
        cache_to: "Iterable[str | Cache]" = (),
        cache: "str | Choice" = "",
        attestations: "Iterable[str | Attestation]" = (),
    ) -> Self:
        request = super().__new__(
            cls,
            context=_local("context", os.fspath(context)),
            dockerfile=_local("Dockerfile", os.fspath(dockerfile)),
            tags=_parsed(tags, Reference.parse),
            outputs=_parsed(outputs, Output.parse),
            push=push,
            target=target,
            platforms=parse_platforms(map(str, _listed(platforms))),
            build_args=MappingProxyType(parse_build_args(build_args)),
            labels=MappingProxyType(parse_labels(labels)),
            no_cache=no_cache,
            pull=pull,
            secrets=tuple({secret.id: secret for secret in _parsed(secrets, Secret.parse)}.values()),
            cache_from=_parsed(_split(cache_from), Cache.parse_import),
            cache_to=_parsed(_split(cache_to), Cache.parse_export),
            cache=_choice(cache) if cache else None,
            attestations=asked(_parsed(attestations, Attestation.parse)),
        )
        request.exporters()
        request.cache_exports()
        request.following_export()
        return request._checked()

    def with_environment(self, environ: Mapping[str, str]) -> Self:
        """The same with what buildx takes from the environment, as the command does.

        Build arguments: SOURCE_DATE_EPOCH and the `proxies` of Docker's configuration file. The addresses and
        secrets of caches at GitHub and AWS. The branches of `cache`, also as git's files say them. Raises
        UsageError.
        """
        return self._replace(
            build_args=MappingProxyType(with_environment(self.build_args, environ)),
            cache_from=tuple(cache.with_environment(environ) for cache in self.cache_from),
            cache_to=tuple(cache.with_environment(environ) for cache in self.cache_to),
            cache=self.cache and self.cache.located(self.context, environ),
        )._checked()

    def _checked(self) -> Self:
        """The same, if the daemon can be told its texts and its SOURCE_DATE_EPOCH. Raises UsageError."""
        check_text("--file", os.path.basename(self.dockerfile))
        check_text("--target", self.target)
        for flag, pairs in (("--build-arg", self.build_args), ("--label", self.labels)):
            for key, value in pairs.items():
                check_text(flag, key)
                check_text(flag, value, of=key)
        for flag, specs in (("--output", self.outputs), ("--attest", self.attestations)):
            for key, value in (pair for spec in specs for pair in spec.attrs):
                check_text(flag, key)
                check_text(flag, value, of=key)
        check_epoch(self.build_args.get(SOURCE_DATE_EPOCH, ""), self.context, self.dockerfile)
        return self

    def exporters(self) -> tuple[Output, ...]:
        """The images to make: outputs with the tags and `push` put in, as buildx does. Raises UsageError."""
        images = [output for output in self.outputs if output.kind == "image"]
        if not images and (self.push or (self.tags and not self.outputs)):
            images = [Output("image")]
        return tuple(output.named(self.tags, push=self.push) for output in images)

    def cache_imports(self) -> tuple[Cache, ...]:
        """The caches to read: `cache_from`, then those of `cache`. Raises UsageError."""
        more = self.cache.imports(self._pushed_name(), self.cache_from) if self.cache else ()
        return (*self.cache_from, *more)

    def cache_exports(self) -> tuple[Cache, ...]:
        """The caches to write with the image: `cache_to`, the inline one that the build argument
        BUILDKIT_INLINE_CACHE asks for, and that of `cache` where it does not follow. Raises UsageError.
        """
        inline = self.build_args.get("BUILDKIT_INLINE_CACHE", "").lower() in ("1", "t", "true")
        found = tuple(dict.fromkeys((*self.cache_to, *([Cache("inline")] if inline else ()))))
        if self.cache and not self.cache_follows:
            choice = self.cache._replace(mode=self.cache.mode or "max")
            found += choice.exports(self._pushed_name(), found)
        places = [str(cache.ref or cache.directory) for cache in found]
        for place in filter(None, places):
            if places.count(place) > 1:
                raise UsageError(
                    f"exporting the cache: two caches go to {place}", hint="Give one --cache-to for it."
                )
        return found

    @property
    def cache_follows(self) -> bool:
        """Whether the cache of `cache` is written by a Solve of its own, after the image's has ended well.

        Its steps are cached then, but those of `no_cache` would all run again.
        """
        return self.cache is not None and self.cache.kind == "auto" and not self.no_cache

    def following_export(self) -> Cache | None:
        """The cache that a Solve of its own writes; None where there is none. Raises UsageError."""
        if self.cache is None or not self.cache_follows:
            return None
        return next(iter(self.cache.exports(self._pushed_name(), self.cache_exports())), None)

    def _pushed_name(self) -> Reference | None:
        return next((name for output in self.exporters() if output.push for name in output.names), None)

    def insecure_hosts(self) -> frozenset[str]:
        """The registries that an output or a cache marks with `registry.insecure=true`."""
        outputs = {name.registry for o in self.exporters() if _insecure(o) == "true" for name in o.names}
        caches = (*self.cache_from, *self.cache_to)
        return frozenset(outputs | {c.ref.registry for c in caches if c.ref and _insecure(c) == "true"})

    def masks(self) -> tuple[str, ...]:
        """What must not be shown of it, longest first: passwords in URLs of its build arguments and labels,
        and the secrets of its caches."""
        caches = (*self.cache_from, *self.cache_to)
        found = {secret for cache in caches for secret in cache.masks()}
        found.update(passwords((*self.build_args.values(), *self.labels.values())))
        return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))

    def __repr__(self) -> str:
        """Without the values of build arguments, of which any may be a secret."""
        keys = MappingProxyType(dict.fromkeys(self.build_args, "***"))
        return hide(super(BuildRequest, self._replace(build_args=keys)).__repr__(), self.masks())


class SolvePlan(NamedTuple):
    """A build as the daemon is told it, and what the session must serve meanwhile.

    The local directories that it asks for are named `context` and `dockerfile`.
    outputs: what stands behind each exporter of the message, in its order.
    pushed: the registries that are written to: those of the images first, as `-t` and `-o` name them, then
        those of the caches.
    stores: the names of the local caches that it may read and write.
    fallback: which of the imports is only for a build for which the one before it is not there.
    following: the cache that a Solve of its own (`cache_solve`) writes when this one has ended well; without
        a `mode` where the build is to choose it.
    notices: what the user should know. masks: what must not be shown in any text, longest first.
    """

    solve: control.SolveRequest
    outputs: tuple[Output, ...]
    secrets: tuple[Secret, ...]
    pushed: tuple[str, ...]
    stores: tuple[str, ...]
    fallback: int | None
    following: control.CacheOptionsEntry | None
    notices: tuple[str, ...]
    masks: tuple[str, ...]

    def __repr__(self) -> str:
        text = f"SolvePlan(solve={self.solve!r}, outputs={self.outputs!r}, secrets={self.secrets!r})"
        return hide(text, self.masks)


def plan(
    request: BuildRequest,
    *,
    ref: str,
    session: str,
    dockerfile: str = "Dockerfile",
    registries: "RegistrySettings | None" = None,
    digests: "Mapping[Cache, str]" = MappingProxyType({}),
) -> SolvePlan:
    """The message for a request. Pure: it reads no file, no environment and no socket.

    ref: the build's name. session: the session's id. dockerfile: its name in the directory `dockerfile`.
    digests: what the local caches to import hold; one without a digest holds nothing, and is left out.
    """
    marked = request.insecure_hosts()

    def insecure(host: str) -> bool:
        return host in marked or (registries is not None and registries.insecure(host))

    outputs = tuple(part for output in request.exporters() for part in _by_security(output, insecure))
    caches_in = [c for c in request.cache_imports() if not c.lacks and (c.kind != "local" or c in digests)]
    caches_out = [c for c in request.cache_exports() if not c.lacks]
    imports = [_cache_entry(cache, insecure, digests) for cache in caches_in]
    exports = [_cache_entry(cache, insecure) for cache in caches_out]
    attrs = dict(_frontend_attributes(request, dockerfile))
    _set_imports(attrs, imports)
    images = (name.registry for output in request.exporters() if output.push for name in output.names)
    follows = request.following_export()
    caches = (cache.ref.registry for cache in (*caches_out, *filter(None, [follows])) if cache.ref)
    solve = control.SolveRequest(
        Ref=ref,
        Session=session,
        Frontend="gateway.v0" if "source" in attrs else FRONTEND,
        FrontendAttrs=attrs,
        Exporters=[control.Exporter(Type=output.kind, Attrs=output.attributes()) for output in outputs],
        Cache=control.CacheOptions(Exports=exports, Imports=imports),
    )
    return SolvePlan(
        solve=solve,
        outputs=outputs,
        secrets=request.secrets,
        pushed=tuple(dict.fromkeys((*images, *caches))),
        fallback=len(imports) - 1 if _falls_back(request) else None,
        following=_cache_entry(follows, insecure) if follows else None,
        stores=tuple(dict.fromkeys(c.store for c in (*caches_in, *caches_out) if c.kind == "local")),
        notices=tuple(_notices(request)),
        masks=request.masks(),
    )


def _falls_back(request: BuildRequest) -> bool:
    """Whether the last import is the default branch's, in place of the branch's."""
    return len(request.cache_imports()) - len(request.cache_from) == 2


def without_import(solve: control.SolveRequest, number: int) -> None:
    """Take an import out of a message."""
    if solve.Cache:
        del solve.Cache.Imports[number]
        _set_imports(solve.FrontendAttrs, solve.Cache.Imports)


def _set_imports(attrs: dict[str, str], imports: list[control.CacheOptionsEntry]) -> None:
    """The frontend's own list of the caches to read: the Dockerfile's looks at no other."""
    attrs.pop("cache-imports", None)
    if imports:
        import json

        attrs["cache-imports"] = json.dumps([{"Type": entry.Type, "Attrs": entry.Attrs} for entry in imports])


def cache_solve(solve: control.SolveRequest, export: control.CacheOptionsEntry) -> control.SolveRequest:
    """What solves the same again, from the daemon's cache, and only writes a cache.

    It needs a session of its own: in the same one the daemon takes the context for cached without a look at
    its files, and a cache without their digests fits no other build. The history has no record of it.
    """
    imports = solve.Cache.Imports if solve.Cache else []
    attrs = {key: value for key, value in solve.FrontendAttrs.items() if not key.startswith("attest:")}
    return control.SolveRequest(
        Ref=f"{solve.Ref}-cache",
        Session=f"{solve.Session}-cache",
        Frontend=solve.Frontend,
        FrontendAttrs=attrs,
        Internal=True,
        Cache=control.CacheOptions(Exports=[export], Imports=imports),
    )


def _frontend_attributes(request: BuildRequest, dockerfile: str) -> Iterator[tuple[str, str]]:
    yield "filename", dockerfile
    if request.target:
        yield "target", request.target
    if request.platforms:
        yield "platform", ",".join(map(str, request.platforms))
    if request.no_cache:
        yield "no-cache", ""
    if request.pull:
        yield "image-resolve-mode", "pull"
    for key, value in request.build_args.items():
        yield f"build-arg:{key}", value
    for key, value in request.labels.items():
        yield f"label:{key}", value
    for attestation in request.attestations:
        yield attestation.attribute()
    if syntax := request.build_args.get("BUILDKIT_SYNTAX", "").strip():
        yield "source", syntax.split(" ")[0]
        yield "cmdline", syntax


def _by_security(output: Output, insecure: "Callable[[str], bool]") -> Iterator[Output]:
    """The output with `registry.insecure` where its names need it.

    The attribute counts for all names of an exporter, so names of both sorts make two exporters.
    """
    if not output.push or _insecure(output):
        yield output
        return
    for unsafe in (False, True):
        if names := tuple(name for name in output.names if insecure(name.registry) is unsafe):
            attrs = (*output.attrs, ("registry.insecure", "true")) if unsafe else output.attrs
            yield output._replace(names=names, attrs=attrs)


def _cache_entry(
    cache: Cache, insecure: "Callable[[str], bool]", digests: "Mapping[Cache, str]" = MappingProxyType({})
) -> control.CacheOptionsEntry:
    attrs = cache.attributes()
    if cache in digests:
        attrs["digest"] = digests[cache]
    if cache.ref and insecure(cache.ref.registry):
        attrs.setdefault("registry.insecure", "true")
    return control.CacheOptionsEntry(Type=cache.kind, Attrs=attrs)


def _notices(request: BuildRequest) -> Iterator[str]:
    images = request.exporters()
    if not request.outputs and not images:
        yield "no output was asked for: the result stays in the build cache (-t names an image)"
    if images and not any(output.push for output in images):
        yield "the image is not pushed: it stays in the daemon until its cache is pruned (--push pushes it)"
    for output in request.outputs:
        if output.idle:
            names = " and ".join(f"{name}=true" for name in output.idle)
            yield f"--output: {names} has no effect on BuildKit's OCI worker: it has no image store"
        if request.tags and output.names:
            yield f"--output: -t replaces its name={','.join(map(str, output.names))}"
    for flag, caches in (("--cache-from", request.cache_from), ("--cache-to", request.cache_to)):
        for cache in caches:
            if cache.lacks:
                yield f"{flag}: type={cache.kind} is left out, as it has no {cache.lacks}"
    for cache in request.cache_to:
        for name in cache.idle:
            yield f"--cache-to: {name} has no effect with type={cache.kind}; type=registry has it"


def hide(text: str, masks: Iterable[str]) -> str:
    """A text without what must not be shown."""
    for secret in masks:
        text = text.replace(secret, "***")
    return text


def _choice(value: "str | Choice") -> "Choice":
    from runner.cache.auto import Choice

    return Choice.parse(value) if isinstance(value, str) else value


def _insecure(spec: Output | Cache) -> str:
    return dict(spec.attrs).get("registry.insecure", "")


def _listed(values: Iterable[T]) -> Iterable[T]:
    """One text given where a list of them is asked for counts as a list of one."""
    return (values,) if isinstance(values, str) else values  # type: ignore[return-value]


def _parsed(values: Iterable[str | T], parse: "Callable[[str], T]") -> tuple[T, ...]:
    """Each value once, those that are texts parsed."""
    return tuple(dict.fromkeys(parse(v) if isinstance(v, str) else v for v in _listed(values)))


def _split(values: Iterable[str | T]) -> Iterator[str | T]:
    for value in _listed(values):
        if isinstance(value, str):
            yield from split_references([value])
        else:
            yield value


def _local(what: str, path: str) -> str:
    if re.fullmatch(REMOTE, path) and not os.path.exists(path):
        hint = "Write it to a file first." if path == "-" else "Fetch it into a directory first."
        raise UsageError(
            f"the {what} {path!r}: only a local path is supported yet by this version", hint=hint
        )
    return path
