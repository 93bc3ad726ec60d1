"""Before anything is built on nodes: they answer, and they build what they are named for."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

from runner.errors import DaemonError, Error, UsageError
from runner.specs.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.endpoint import Endpoint
    from runner.nodes.divide import Part
    from runner.specs.node import Node

_WORDS = (
    ("--tlsdir or ", ""),
    ("--tlscacert", "ca="),
    ("--tlscert", "cert="),
    ("--tlskey", "key="),
    ("--tlsservername", "servername="),
)


def unreachable(
    parts: Iterable[Part], endpoints: Mapping[Node | None, Endpoint], timeout: float | None
) -> dict[Part, DaemonError]:
    """Ask the nodes of these parts, all at once, and tell which cannot be reached, and why.

    timeout: seconds, where less than usual. Raises UsageError for a node that does not build its platforms
    and for TLS files that cannot be used, and what else a node answers.
    """
    answers: SimpleQueue[tuple[Part, BaseException | None]] = SimpleQueue()

    def ask(part: Part) -> None:
        try:
            _check(part, endpoints[part.node], timeout)
        except BaseException as error:
            answers.put((part, error))
        else:
            answers.put((part, None))

    asked = [part for part in parts if part.node]
    for part in asked:
        threading.Thread(target=ask, args=(part,), name=f"buildkit-runner-{part.label}", daemon=True).start()
    # Waits here, where a signal can end it.
    found = dict(answers.get() for _ in asked)
    down: dict[Part, DaemonError] = {}
    for part in asked:
        error = found[part]
        if isinstance(error, DaemonError):
            error.message = f"the node for {part.label}: {error.message}"
            error.hint = in_node_words(error.hint)
            down[part] = error
        elif error is not None:
            if isinstance(error, Error):
                error.message = f"the node for {part.label}: {error.message}"
            raise error
    return down


def in_node_words(hint: str) -> str:
    """A hint about TLS with the attributes of --node in place of flags."""
    for flag, attribute in _WORDS:
        hint = hint.replace(flag, attribute)
    return hint


def _check(part: Part, endpoint: Endpoint, timeout: float | None) -> None:
    from runner import api

    connection = endpoint.connect(timeout)
    try:
        listed = [text for worker in api.workers(connection) for text in worker.platforms]
    finally:
        connection.close()
    built = set()
    for text in listed:
        with suppress(UsageError):  # One that this version does not know.
            built.add(Platform.parse(text))
    if lacking := [str(platform) for platform in part.platforms if platform not in built]:
        raise UsageError(
            f"{connection.address} does not build {', '.join(lacking)}: its workers build "
            f"{', '.join(listed) or 'nothing'}",
            hint="Name it for one of these, or give it an emulator.",
        )
