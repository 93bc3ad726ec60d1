"""Secrets (`--secret`): what `RUN --mount=type=secret` may read during the build.

Keys and defaults: docker buildx build --secret.
"""

import os
from typing import NamedTuple

from runner.errors import UsageError
from runner.specs import csvspec

FLAG = "--secret"
KEYS = ("id", "type", "src", "source", "env")


class Secret(NamedTuple):
    """One secret, and the file or the environment variable that holds its value."""

    id: str
    file: str = ""
    env: str = ""

    @classmethod
    def parse(cls, text: str) -> "Secret":
        """Read `id=ID[,src=FILE|,env=NAME][,type=file|env]`.

        With neither src nor env it is the variable ID, or else the file ID. The file or variable must be
        there; its value is not read. Raises UsageError.
        """
        given = csvspec.attributes(FLAG, text)
        for key in given:
            if key not in KEYS:
                raise csvspec.refusal(FLAG, text, f"unknown key {key!r}", csvspec.nearest(key, KEYS))
        name, kind, env = given.get("id", ""), given.get("type", ""), given.get("env", "")
        file = given.get("src", given.get("source", ""))
        if not name:
            raise csvspec.refusal(FLAG, text, "it has no id=", "Such as id=token,env=TOKEN.")
        if kind not in ("", "file", "env"):
            raise csvspec.refusal(FLAG, text, f"type must be file or env, not {kind!r}")
        if kind == "env" and not env:
            env, file = file, ""
        if env and file:
            raise csvspec.refusal(FLAG, text, "it names two sources", "Give src= or env=, not both.")
        if not env and not file:
            env, file = (name, "") if name in os.environ and kind != "file" else ("", name)
        secret = cls(name, os.path.abspath(file) if file else "", env)
        secret.check()
        return secret

    def check(self) -> None:
        """Refuse a secret that is not there or that the daemon would not take. Raises UsageError."""
        from runner.session.secrets import MAX_SIZE

        if self.env:
            if self.env not in os.environ:
                raise self._error(f"the environment variable {self.env} is not set")
            size = len(os.environb[os.fsencode(self.env)])
        else:
            try:
                size = os.stat(self.file).st_size
            except OSError as cause:
                raise self._error(f"{self.file}: {cause.strerror}", "Give src=FILE or env=NAME.") from None
            if os.path.isdir(self.file):
                raise self._error(f"{self.file} is a directory")
            if not os.access(self.file, os.R_OK):
                raise self._error(f"{self.file} is not readable")
        if size > MAX_SIZE:
            raise self._error(f"it has {size} bytes, a secret may have {MAX_SIZE}")

    def _error(self, why: str, hint: str = "") -> UsageError:
        return UsageError(f"reading the secret {self.id!r}: {why}", hint=hint)
