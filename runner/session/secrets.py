"""moby.buildkit.secrets.v1.Secrets: what `RUN --mount=type=secret` reads."""

import os
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from runner.session.unary import Refusal, Unary
from runner.transport.stream import NOT_FOUND, UNKNOWN, Handler, ServerStream
from runner.wire import secrets

MAX_SIZE = 500 * 1024
"""The largest secret, in bytes: the limit of BuildKit's own client (session/secrets/secretsprovider)."""


class SecretSource(Protocol):
    """Where a secret's value comes from: a file or an environment variable; the other one is ""."""

    @property
    def id(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def env(self) -> str: ...


class Secrets:
    """Serves secrets by id. A value is read each time when the daemon asks for it, never before.

    An id that was not given is answered with NOT_FOUND, by which the daemon knows that an optional mount
    stays empty. A secret that was given but cannot be read fails the step.
    """

    methods: Sequence[str] = (secrets.GET_SECRET,)

    def __init__(self, sources: Iterable[SecretSource]) -> None:
        self._sources = {source.id: source for source in sources}
        self._piped: dict[str, bytes] = {}
        self._locks = {id: threading.Lock() for id in self._sources}

    def open(self, method: str, stream: ServerStream) -> Handler:  # noqa: ARG002
        return Unary(stream, self._get, blocking=True)

    def values(self) -> Iterator[bytes]:
        """The values that can be read now without waiting: what no log may show. What cannot be read is left
        out here, and fails the step that asks for it."""
        for source in self._sources.values():
            if source.env:
                yield os.environb.get(os.fsencode(source.env), b"")
                continue
            with suppress(OSError):
                if stat.S_ISREG(os.stat(source.file).st_mode):
                    yield _read(source.file)

    def _get(self, data: bytes) -> bytes:
        id = secrets.GetSecretRequest.decode(data).ID
        source = self._sources.get(id)
        if source is None:
            raise Refusal(NOT_FOUND, f"secret {id}: not found")
        value = self._environment(source.env, id) if source.env else self._file(source.file, id)
        if len(value) > MAX_SIZE:
            raise Refusal(UNKNOWN, f"secret {id} is larger than {MAX_SIZE // 1024} KiB")
        return secrets.GetSecretResponse(data=value).encode()

    def _environment(self, name: str, id: str) -> bytes:
        value = os.environb.get(os.fsencode(name))
        if value is None:
            raise Refusal(UNKNOWN, f"secret {id}: the environment variable {name} is not set")
        return value

    def _file(self, path: str, id: str) -> bytes:
        try:
            if stat.S_ISREG(os.stat(path).st_mode):
                return _read(path)
            # A pipe, such as a shell's <(…), gives its content once, but several steps may ask.
            with self._locks[id]:
                if id not in self._piped:
                    self._piped[id] = _read(path)
                return self._piped[id]
        except OSError as error:
            raise Refusal(UNKNOWN, f"reading secret {id} from {path}: {error.strerror}") from None


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_SIZE + 1)
