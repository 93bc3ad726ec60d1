"""The errors of this package, and the exit code that each of them means.

Every error that leaves the library is one of these. Its text names what was being done to which thing;
`hint`, where there is one, says what to do about it. The exit codes are documented in docs/exit-codes.md.
"""


class Error(Exception):
    """Base of every error raised by this package.

    message: what was being done to which thing and why it failed, without a trailing full stop.
    hint: what the user can do about it; may be empty.
    report: where a step of a build failed: the step, the end of its log and the lines of the Dockerfile, as
        text for people; else empty.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", report: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.report = report

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(Error):
    """Bad input, found before any work was started."""

    exit_code = 2


class AccessError(Error):
    """Credentials are missing or refused, or a push is not allowed. Trying again will not help."""

    exit_code = 3


class TransientError(Error):
    """Something outside the build failed in a way that may be gone at the next try."""

    exit_code = 75


class DaemonError(TransientError):
    """buildkitd could not be reached, did not start, or went away."""


class ProtocolError(DaemonError):
    """A peer sent what the protocol does not allow; the connection was ended."""


class RpcError(Error):
    """The daemon answered a call with a gRPC status other than OK.

    code: the gRPC status code (https://grpc.io/docs/guides/status-codes/).
    details: the serialised google.rpc.Status of the trailer `grpc-status-details-bin`, or b"".
    """

    def __init__(self, method: str, code: int, message: str, details: bytes = b"") -> None:
        super().__init__(message)
        self.method = method
        self.code = code
        self.details = details


class Cancelled(Error):
    """The build was ended by its caller or by a signal.

    signal: the number of the signal, or 0 where the library's caller cancelled.
    """

    def __init__(self, message: str = "cancelled", *, signal: int = 0) -> None:
        super().__init__(message)
        self.signal = signal
        self.exit_code = 128 + signal if signal else 130


class TimedOut(Error):
    """The build did not end within the time its caller gave it."""


class BuildFailed(Error):
    """A step of the build failed, or the daemon refused what the build asked for."""
