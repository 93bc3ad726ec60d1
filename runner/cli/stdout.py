"""What a machine reads: the command's result on stdout."""

import os
import sys

from runner.errors import Error


def say(text: str) -> None:
    """Write text and a newline to stdout, at once. Raises Error when it cannot be written."""
    if sys.stdout is None:  # As the interpreter has it when it starts without one; print would do nothing.
        raise Error("writing the result to stdout: it is closed")
    try:
        print(text, flush=True)
    except OSError as cause:
        # The interpreter flushes stdout once more at its end, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Error(f"writing the result to stdout: {cause.strerror}") from None
