"""Credential helpers: programs named `docker-credential-NAME` that give a registry's credentials.

The `docker` package speaks their protocol. Its import costs 75 to 110 ms, so it happens only for a registry
that has a helper.
"""

import os
import threading
from typing import TYPE_CHECKING

from runner.errors import AccessError
from runner.registry.credentials import Credentials

if TYPE_CHECKING:
    from subprocess import Popen

# The daemon gives up on us after 60 s.
_TIMEOUT = 45.0


def installed(name: str) -> bool:
    """Whether a helper is in PATH."""
    from shutil import which

    return which(f"docker-credential-{name}") is not None


class Helpers:
    """Asks helpers, one at a time: some of them ask at a keychain or a terminal."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._running: Popen[bytes] | None = None
        self._closed = False

    def lookup(self, name: str, server: str) -> Credentials:
        """What an installed helper knows of a server; false credentials where it knows nothing.

        server: a registry's host, or `https://index.docker.io/v1/`.
        Raises AccessError where it fails, does not answer within 45 s, or answers with something else.
        """
        with self._turn:
            from docker.credentials.errors import CredentialsNotFound, StoreError
            from docker.credentials.store import Store

            store = Store(name)
            # The package's own way to run it has no time limit, and nothing could end it.
            store._execute = lambda verb, data: self._run(store.exe, verb, data)
            doing = f"asking the credential helper {store.program} for {server}"
            try:
                answer = store.get(server)
                username, secret = str(answer["Username"]), str(answer["Secret"])
            except CredentialsNotFound:
                return Credentials()
            except StoreError as error:
                raise AccessError(f"{doing}: {' '.join(str(error).split())[:300]}") from None
            except TimeoutError:
                raise AccessError(f"{doing}: it did not answer within {_TIMEOUT:g} s") from None
            except OSError as error:
                raise AccessError(f"{doing}: {error.strerror}") from None
            except (ValueError, KeyError, TypeError):
                raise AccessError(f"{doing}: its answer is not a user name and a secret in JSON") from None
            # Source: docker/docker-credential-helpers, "<token>" stands for an identity token.
            return Credentials("" if username == "<token>" else username, secret, store.program)

    def close(self) -> None:
        """End the helper that still runs; none is started any more."""
        with self._state:
            self._closed = True
            if self._running is not None:
                _kill(self._running)

    def _run(self, program: str, verb: str, data: bytes) -> bytes:
        from subprocess import PIPE, CalledProcessError, Popen, TimeoutExpired

        from docker.credentials.errors import StoreError, process_store_error

        with self._state:
            if self._closed:
                raise StoreError("the build has ended")
            # A session of its own, so that its children end with it.
            process = Popen([program, verb], stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True)
            self._running = process
        with process:
            try:
                output, complaint = process.communicate(data, timeout=_TIMEOUT)
            except TimeoutExpired:
                _kill(process)
                raise TimeoutError from None
            finally:
                self._running = None
        if process.returncode:
            # A helper tells of its failure on stdout; one that crashed does on stderr.
            failure = CalledProcessError(process.returncode, verb, output.strip() or complaint.strip())
            raise process_store_error(failure, os.path.basename(program))
        return output


def _kill(process: "Popen[bytes]") -> None:
    import signal

    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
