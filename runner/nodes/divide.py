"""Which daemon builds what of a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import UsageError
from runner.specs.node import Node, label
from runner.specs.output import ANNOTATION, Output
from runner.specs.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.request import BuildRequest


class Part(NamedTuple):
    """Platforms that are built in one solve. node: on which daemon; None is the client's own."""

    platforms: tuple[Platform, ...]
    node: Node | None = None

    @property
    def label(self) -> str:
        """`linux/arm64`, or several joined by `+`."""
        return label(self.platforms)

    @property
    def suffix(self) -> str:
        """For the tag of a cache: `linux-arm64`."""
        return "-".join(re.sub(r"[^A-Za-z0-9_.]+", "-", str(platform)) for platform in self.platforms)

    def __str__(self) -> str:
        return f"{self.label} on {self.node.address if self.node else 'our own daemon'}"


def divide(platforms: Iterable[Platform], nodes: Iterable[Node]) -> tuple[Part, ...]:
    """A part for each node that has some of the platforms, and one for those that no node has.

    In the order of the platforms.
    """
    owners = {platform: node for node in nodes for platform in node.platforms}
    found: dict[Node | None, tuple[Platform, ...]] = {}
    for platform in platforms:
        node = owners.get(platform)
        found[node] = (*found.get(node, ()), platform)
    return tuple(Part(names, node) for node, names in found.items())


def check_divisible(request: BuildRequest, parts: tuple[Part, ...]) -> None:
    """Refuse what several daemons cannot make together. Raises UsageError."""
    if len(parts) == 1:
        return
    where = f"building {', '.join(map(str, parts))}"
    for output in request.exporters():
        if not output.push:
            raise UsageError(
                f"{where}: the image is not pushed, and no node has all of it",
                hint="Push it with --push, or only build it with -o type=cacheonly.",
            )
        for key, _ in output.attrs:
            asked = _annotated(key)
            if asked and asked not in request.platforms:
                raise UsageError(f"{where}: --output {key}: {asked} is not built")
    for cache in request.cache_to:
        if cache.kind != "inline" and not cache.lacks:
            raise UsageError(
                f"{where}: --cache-to type={cache.kind}: what one of them writes, another would replace",
                hint="Use --cache auto, which gives each its own cache, or inline ones.",
            )


def part_of(request: BuildRequest, part: Part, outputs: Iterable[Output]) -> BuildRequest:
    """The request for one of several parts, which pushes by digest only and has a cache of its own.

    outputs: the images of the whole request, as its plan has them.
    """
    others = tuple(output for output in request.outputs if output.kind != "image")
    return request._replace(
        platforms=part.platforms,
        tags=(),
        push=False,
        outputs=(*(_by_digest(output, part) for output in outputs), *others),
        cache=request.cache and request.cache._replace(suffix=part.suffix),
    )


def _by_digest(output: Output, part: Part) -> Output:
    names = tuple(dict.fromkeys(name._replace(tag="") for name in output.names))
    attrs = tuple(
        (key, value)
        for key, value in output.attrs
        if key != "push-by-digest" and _annotated(key) in (None, *part.platforms)
    )
    return output._replace(names=names, attrs=(*attrs, ("push-by-digest", "true")))


def _annotated(key: str) -> Platform | None:
    """The platform of `annotation…[PLATFORM].NAME`."""
    found = re.fullmatch(ANNOTATION, key)
    return Platform.parse(found[2]) if found and found[2] else None
