"""From an address to a connected, non-blocking socket, and what is wrong where there is none."""

import os
import socket
import time
from collections.abc import Sequence
from errno import EAGAIN, EHOSTUNREACH, ENETUNREACH
from typing import TYPE_CHECKING, Protocol

from runner.errors import DaemonError, UsageError
from runner.transport.address import TLS, Address
from runner.transport.outbox import Buffer

if TYPE_CHECKING:
    import ssl

RECEIVE = 128 << 10
# The kernel's default makes many small writes of a large upload.
_UNIX_BUFFER = 1 << 20
_MAX_BUFFERS = 512
# Seconds until a unix socket with a full queue is tried again.
_AGAIN = 0.02
# A host that vanished is noticed after about a minute.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 6))
_USER_TIMEOUT_MS = 60_000


class Wire(Protocol):
    """A connected socket that never blocks."""

    def fileno(self) -> int: ...

    def receive(self) -> bytes | None:
        """What has come: b"" when the peer has closed, None when there is nothing now. Raises OSError."""

    def send(self, buffers: Sequence[Buffer]) -> int:
        """Write as much as can be written now. Returns how many bytes. Raises OSError."""

    def why(self, error: OSError) -> str:
        """What an OSError of this wire means, in words."""

    def close(self) -> None: ...


def dial(address: Address, timeout: float) -> Wire:
    """Connect within timeout seconds. Raises DaemonError, or UsageError for files that cannot be used."""
    deadline = time.monotonic() + timeout
    context = _context(address.tls, address) if address.tls is not None else None
    try:
        sock = _connect_unix(address.path, deadline) if address.path else _connect_tcp(address, deadline)
    except OSError as error:
        raise DaemonError(f"connecting to {address}: {plain_reason(error)}", hint=_hint(error)) from error
    except ValueError as error:
        raise UsageError(f"connecting to {address}: that is no name of a host ({error})") from error
    if context is None or address.tls is None:
        sock.setblocking(False)
        return PlainWire(sock)
    try:
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        name = address.tls.server_name or address.host
        return TlsWire(context.wrap_socket(sock, server_hostname=name))
    except OSError as error:
        sock.close()
        reason = tls_reason(error)
        raise DaemonError(f"connecting to {address} with TLS: {reason}", hint=tls_hint(reason)) from error
    except BaseException:
        sock.close()
        raise


def _connect_unix(path: str, deadline: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNIX_BUFFER)
        sock.setblocking(False)
        # The listener's queue may be full; then there is nothing to wait for with poll.
        while (error := sock.connect_ex(path)) == EAGAIN:
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError
            time.sleep(min(left, _AGAIN))
        if error:
            raise OSError(error, os.strerror(error))
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_tcp(address: Address, deadline: float) -> socket.socket:
    """Try all addresses of the host in turn; the last one's error counts."""
    last: OSError = OSError(0, "the host has no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _KEEPALIVE:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last


class PlainWire:
    """A socket without TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(RECEIVE)
        except BlockingIOError:
            return None

    def send(self, buffers: Sequence[Buffer]) -> int:
        try:
            return self._socket.sendmsg(buffers if len(buffers) <= _MAX_BUFFERS else [b"".join(buffers)])
        except BlockingIOError:
            return 0

    def why(self, error: OSError) -> str:
        return plain_reason(error)

    def close(self) -> None:
        self._socket.close()


class TlsWire:
    """A socket with TLS, after its handshake."""

    def __init__(self, sock: "ssl.SSLSocket") -> None:
        from ssl import SSLWantReadError, SSLWantWriteError

        sock.setblocking(False)
        self._socket = sock
        self._would_block = (SSLWantReadError, SSLWantWriteError)
        self._pending: Buffer = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        # A record holds at most 16 KiB, so that nothing stays behind in OpenSSL, where poll does not see it.
        try:
            return self._socket.recv(RECEIVE)
        except self._would_block:
            return None

    def send(self, buffers: Sequence[Buffer]) -> int:
        # After "would block" OpenSSL wants to see the same bytes again.
        pending = self._pending or b"".join(buffers)
        self._pending = pending
        try:
            sent = self._socket.send(pending)
        except self._would_block:
            return 0
        self._pending = b""
        return sent

    def why(self, error: OSError) -> str:
        return tls_reason(error)

    def close(self) -> None:
        self._socket.close()


def _context(tls: TLS, address: Address) -> "ssl.SSLContext":
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["h2"])
    path = tls.ca
    try:
        if tls.ca:
            context.load_verify_locations(cafile=tls.ca)
        else:
            context.load_default_certs()
        if tls.cert:
            path = tls.cert
            # Without the function OpenSSL would ask for a password at the terminal.
            context.load_cert_chain(tls.cert, tls.key, password=lambda: "")
    except ssl.SSLError as error:
        raise UsageError(
            f"TLS for {address}: {path} cannot be used: {error.reason or error}",
            hint="PEM files are wanted, and a key without a password that belongs to the certificate",
        ) from None
    except OSError as error:
        missing = path if os.path.exists(path) is False else tls.key or path
        raise UsageError(f"TLS for {address}: {missing} cannot be read: {error.strerror}") from None
    name = tls.server_name or address.host
    try:
        # The same for a socket would leave it open until the exception is gone.
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except ValueError as error:
        raise UsageError(f"TLS for {address}: {name!r} is no name of a host ({error})") from None
    return context


def plain_reason(error: OSError) -> str:
    """An OSError in words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror or str(error)
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def tls_reason(error: OSError) -> str:
    """An OSError of a TLS socket in words."""
    reason = str(getattr(error, "reason", None) or "")
    if message := getattr(error, "verify_message", ""):
        return f"its certificate does not hold: {message}"
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
        return "it wants a certificate of ours that it accepts"
    if "ALERT" in reason and ("CERTIFICATE" in reason or "CA" in reason):
        return f"it does not accept our certificate ({reason.lower().replace('_', ' ')})"
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return "it answered in plain text, not TLS"
    if "EOF" in reason or "EOF" in type(error).__name__:
        return "it closed the connection without a reason"
    return reason.lower().replace("_", " ") or plain_reason(error)


def tls_hint(reason: str) -> str:
    """What to do about a reason of `tls_reason`."""
    if reason.startswith("its certificate"):
        return "Name the CA that signed it with --tlscacert, or the name that is in it with --tlsservername."
    if "certificate of ours" in reason or "our certificate" in reason:
        return "Give one that its CA signed with --tlscert and --tlskey."
    return ""


def _hint(error: OSError) -> str:
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return "Is buildkitd running there?"
    if isinstance(error, PermissionError):
        return "This user may not use buildkitd's socket"
    if isinstance(error, socket.gaierror):
        return "Is the name right, and does this machine's DNS know it?"
    if isinstance(error, TimeoutError) or error.errno in (EHOSTUNREACH, ENETUNREACH):
        return "Is the address right, and does a firewall let this machine through to it?"
    return ""
