"""Whether a build joins a daemon that runs, or starts one of its own."""

from __future__ import annotations

import os
from typing import NamedTuple

from runner.errors import UsageError
from runner.transport.address import TLS, Address, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Where BuildKit's own packages listen: joined when joining is forced and no address is given.
DEFAULT_ADDRESS = Address(path="/run/buildkit/buildkitd.sock")
MODES = ("auto", "join", "own")


class Decision(NamedTuple):
    """own: start a daemon. address: the one to join, or where our own listens; None is a private socket.

    notice: what to tell the user; may be empty.
    """

    own: bool
    address: Address | None
    notice: str = ""


def decide(
    address: Address | None, mode: str, answers: Callable[[str], bool], refuse_passing: Callable[[str], None]
) -> Decision:
    """The rule: a daemon that was named and answers is joined, else one of our own is started.

    mode: "auto", or "join" or "own" to have only that. answers: whether somebody listens on the unix socket
    of this path. refuse_passing: raises DaemonError where that is another command's own daemon, which is
    joined only by "join". A tcp address is joined without asking. Raises UsageError for what does not go
    together.
    """
    if mode not in MODES:
        raise UsageError(f"choosing a daemon: {mode!r} is not one of {', '.join(MODES)}")
    if address is None:
        return Decision(own=mode != "join", address=DEFAULT_ADDRESS if mode == "join" else None)
    if mode == "join":
        return Decision(own=False, address=address)
    if not address.path:
        if mode == "own":
            raise UsageError(
                f"starting a daemon of our own at {address}: it listens on unix sockets only",
                hint="Leave --daemon own out to join that one, or leave the address out.",
            )
        return Decision(own=False, address=address)
    if not answers(address.path):
        notice = f"nobody answers at {address}: starting a daemon of our own there"
        return Decision(own=True, address=address, notice=notice)
    refuse_passing(address.path)
    if mode == "own":
        raise UsageError(
            f"starting a daemon of our own at {address}: another one answers there",
            hint="Leave --daemon own out to join it, or give another address.",
        )
    return Decision(own=False, address=address)


def resolve(
    address: str | None,
    mode: str = "auto",
    *,
    tls: TLS | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Decision:
    """Apply the rule here and now. Without an address BUILDKIT_HOST counts. tls: for a tcp address.

    Raises as `decide` and `parse_address`, and AccessError for a socket that we may not open.
    """
    from runner.daemon.listen import answers, refuse_passing

    text = address or environ.get("BUILDKIT_HOST")
    return decide(parse_address(text, tls) if text else None, mode, answers, refuse_passing)
