"""Where a daemon listens: `unix:///path` or `tcp://host:port`, with TLS or without."""

import os
import re
from typing import NamedTuple

from runner.errors import UsageError

# sun_path of unix(7), without its final zero.
_MAX_PATH = 107

_HINT = "use unix:///path/to/buildkitd.sock or tcp://host:port"


class TLS(NamedTuple):
    """Files for TLS, each a path in PEM format, or "" for none.

    ca: who may have signed the daemon's certificate; "" means the system's store.
    cert, key: what we show of ourselves; both or neither.
    server_name: the name that the daemon's certificate must have, if not the address' host.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    server_name: str = ""


class Address(NamedTuple):
    """A daemon's address. path is set for unix, host and port for tcp; TLS is for tcp only."""

    path: str = ""
    host: str = ""
    port: int = 0
    tls: TLS | None = None

    @property
    def authority(self) -> str:
        """What requests name as their `:authority`."""
        if self.path:
            return "localhost"
        name = (self.tls and self.tls.server_name) or self.host
        return f"[{name}]:{self.port}" if ":" in name else f"{name}:{self.port}"

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        return f"tcp://[{self.host}]:{self.port}" if ":" in self.host else f"tcp://{self.host}:{self.port}"


def parse_address(text: str, tls: TLS | None = None) -> Address:
    """The address that text names. Raises UsageError on anything but `unix:///path` and `tcp://host:port`."""
    scheme, found, rest = text.partition("://")
    if not found or scheme not in ("unix", "tcp"):
        raise UsageError(f"the daemon's address {text!r} is neither unix nor tcp", hint=_HINT)
    if tls is not None and bool(tls.cert) != bool(tls.key):
        missing = "key" if tls.cert else "certificate"
        raise UsageError(f"TLS for {text}: the client's {missing} is missing", hint="give both, or neither")
    if scheme == "unix":
        if not rest.startswith("/") or rest.endswith("/") or "\0" in rest:
            raise UsageError(f"the daemon's address {text!r} has no absolute path of a socket", hint=_HINT)
        if len(os.fsencode(rest)) > _MAX_PATH:
            raise UsageError(
                f"the socket's path in {text} is longer than {_MAX_PATH} bytes", hint="use a shorter one"
            )
        if tls is not None:
            raise UsageError(
                f"TLS for {text}: a unix socket does not speak it", hint="leave the TLS options out"
            )
        return Address(path=rest)
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})", rest, re.ASCII)
    if match is None or not 0 < int(match[3]) < 65536:
        raise UsageError(f"the daemon's address {text!r} has no host and port", hint=_HINT)
    return Address(host=match[1] or match[2], port=int(match[3]), tls=tls)
