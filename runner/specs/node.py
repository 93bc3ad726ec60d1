"""Nodes (`--node`): which daemon builds which platforms."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runner.errors import UsageError
from runner.specs import csvspec
from runner.specs.platform import Platform
from runner.transport.address import TLS, Address, parse_address

FLAG = "--node"
KEYS = ("ca", "cert", "key", "servername")
# Between the platforms of one node: no platform has it in its name.
PLUS = "+"


class Node(NamedTuple):
    """A daemon that is joined, and the platforms that are built on it. `str()`: `PLATFORMS on ADDRESS`."""

    platforms: tuple[Platform, ...]
    address: Address

    @classmethod
    def parse(cls, text: str, flag: str = FLAG) -> "Node":
        """Read `PLATFORM[+PLATFORM…]=ADDRESS[,ca=FILE][,cert=FILE][,key=FILE][,servername=NAME]`.

        flag: where the text stands, for errors. Files must be there; relative ones are relative to the
        working directory. Raises UsageError.
        """
        first, *rest = csvspec.fields(flag, text)
        names, equals, address = first.partition("=")
        if not equals or not names or not address:
            hint = "Such as linux/arm64=tcp://arm-builder:1234,ca=ca.pem,cert=cert.pem,key=key.pem."
            raise csvspec.refusal(flag, text, "it does not begin with PLATFORM=ADDRESS", hint)
        given: dict[str, str] = {}
        for field in rest:
            key, equals, value = field.partition("=")
            if key not in KEYS:
                raise csvspec.refusal(flag, text, f"unknown attribute {key!r}", csvspec.nearest(key, KEYS))
            if not equals or not value:
                raise csvspec.refusal(flag, text, f"{key} has no value")
            if key in given:
                raise csvspec.refusal(flag, text, f"{key} is given twice")
            given[key] = value
        return make_node(names.split(PLUS), address, given, where=f"reading {flag} {text!r}")

    def __str__(self) -> str:
        return f"{label(self.platforms)} on {self.address}"


def make_node(platforms: Iterable[str], address: str, files: dict[str, str], *, where: str) -> Node:
    """A node from its parts. files: by KEYS. where: what is being read, for errors. Raises UsageError."""
    tls = None
    if files:
        paths = {key: os.path.abspath(files[key]) for key in KEYS[:3] if key in files}
        for key, path in paths.items():
            if not os.path.isfile(path):
                raise UsageError(f"{where}: {key}: there is no file {path}", hint="Give a PEM file.")
            if not os.access(path, os.R_OK):
                raise UsageError(f"{where}: {key}: {path} is not readable")
        tls = TLS(**paths, server_name=files.get("servername", ""))
    try:
        return Node(tuple(dict.fromkeys(map(Platform.parse, platforms))), parse_address(address, tls))
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}", hint=error.hint) from None


def label(platforms: Iterable[Platform]) -> str:
    """Platforms as one word: `linux/arm64+linux/arm/v7`."""
    return PLUS.join(map(str, platforms))


def joined(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The same nodes, those at one address made one. Raises UsageError for a platform on two nodes."""
    found: dict[Address, Node] = {}
    owners: dict[Platform, Node] = {}
    for node in nodes:
        for platform in node.platforms:
            other = owners.setdefault(platform, node)
            if other.address != node.address:
                raise UsageError(
                    f"choosing nodes: {platform} is given to {other.address} and to {node.address}",
                    hint="Give each platform to one node.",
                )
        before = found.get(node.address, Node((), node.address))
        platforms = tuple(dict.fromkeys((*before.platforms, *node.platforms)))
        found[node.address] = Node(platforms, node.address)
    return tuple(found.values())


def overridden(nodes: Iterable[Node], by: Iterable[Node]) -> Iterator[Node]:
    """Nodes without the platforms that those of `by` have, and then those."""
    by = tuple(by)
    taken = {platform for node in by for platform in node.platforms}
    for node in nodes:
        if left := tuple(platform for platform in node.platforms if platform not in taken):
            yield node._replace(platforms=left)
    yield from by
