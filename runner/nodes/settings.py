"""Where nodes are named: flags, a nodes.toml, the environment."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from runner.errors import UsageError
from runner.specs.node import KEYS, Node, joined, make_node, overridden

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = "BUILDKIT_RUNNER_NODES"
FILE_VARIABLE = "BUILDKIT_RUNNER_NODES_FILE"


_FILE_HINT = "docs/nodes.md shows such a file."


def parse_nodes(
    specs: Iterable[str] = (), *, file: str = "", environ: Mapping[str, str] = os.environ
) -> tuple[Node, ...]:
    """Read the flags, else the environment.

    specs: as --node takes them; file: a nodes.toml (--nodes). Without both, BUILDKIT_RUNNER_NODES has specs,
    separated by `;` or line ends, and BUILDKIT_RUNNER_NODES_FILE names a file. Specs take their platforms
    from the nodes of a file. Raises UsageError.
    """
    given = [Node.parse(text) for text in specs]
    if not given and not file:
        texts = re.split(r"[;\n]", environ.get(VARIABLE, ""))
        given = [Node.parse(text.strip(), VARIABLE) for text in texts if text.strip()]
        file = environ.get(FILE_VARIABLE, "")
    return joined(overridden(joined(read_nodes(file)) if file else (), joined(given)))


def read_nodes(path: str) -> tuple[Node, ...]:
    """The nodes of a nodes.toml: `[[node]]` tables; relative files are relative to its directory.

    Raises UsageError.
    """
    import tomllib

    try:
        with open(path, "rb") as stream:
            content = tomllib.load(stream)
    except OSError as cause:
        raise UsageError(f"reading the nodes file {path}: {cause.strerror}", hint=_FILE_HINT) from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise UsageError(f"reading the nodes file {path}: {cause}", hint=_FILE_HINT) from cause
    tables = content.pop("node", [])
    if content:
        raise UsageError(f"{path}: unknown key {next(iter(content))!r}", hint="Write [[node]] tables.")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{path}: node is not a list of tables", hint="Write [[node]] above each.")
    folder = os.path.dirname(os.path.abspath(path))
    return tuple(_node(table, folder, f"{path}: [[node]] {n}") for n, table in enumerate(tables, 1))


def _node(table: dict[str, Any], folder: str, where: str) -> Node:
    platforms = table.get("platforms")
    for key, value in table.items():
        if key not in ("platforms", "address", *KEYS):
            known = ", ".join(("platforms", "address", *KEYS))
            raise UsageError(f"{where}: unknown key {key!r}", hint=f"Known keys: {known}.")
        if key != "platforms" and not isinstance(value, str):
            raise UsageError(f"{where}: {key} is not a string")
    if not isinstance(platforms, list) or not platforms or not all(isinstance(p, str) for p in platforms):
        raise UsageError(f"{where}: platforms is not a list of strings", hint='Such as ["linux/arm64"].')
    if not table.get("address"):
        raise UsageError(f"{where}: it has no address", hint='Such as address = "tcp://arm-builder:1234".')
    files = {key: table[key] for key in KEYS if table.get(key)}
    paths = {k: v if k == "servername" else os.path.join(folder, v) for k, v in files.items()}
    return make_node(platforms, table["address"], paths, where=where)
