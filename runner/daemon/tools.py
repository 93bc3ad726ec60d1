"""Where the programs are that a daemon of our own needs."""

from __future__ import annotations

import os
import sys

from runner.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# An ordinary PATH, as CI systems set it, leaves these out; Debian installs runc there.
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")
# The first that is found is used; BuildKit's images bring a runc of their own under the first name.
RUNTIMES = ("buildkit-runc", "runc", "crun")


def search_path(environ: Mapping[str, str]) -> str:
    """PATH, extended by the folder of our own command and by the system's folders."""
    folders = (*environ.get("PATH", "").split(":"), os.path.dirname(sys.executable), *SYSTEM_FOLDERS)
    return ":".join(dict.fromkeys(folder for folder in folders if os.path.isabs(folder)))


def find_buildkitd(path: str) -> str:
    """The absolute path of buildkitd. Raises UsageError where `path` has none."""
    found = _find("buildkitd", path)
    if not found:
        raise UsageError(
            "starting a daemon: no buildkitd in PATH",
            hint="Install BuildKit, or join a daemon that runs: --addr unix:///PATH or tcp://HOST:PORT.",
        )
    return found


def find_runtime(path: str) -> str:
    """The absolute path of the OCI runtime. Raises UsageError where `path` has none."""
    for name in RUNTIMES:
        if found := _find(name, path):
            return found
    raise UsageError(
        "starting a daemon: no OCI runtime (runc or crun) in PATH",
        hint="Install one (apt-get install runc), or join a daemon that runs, with --addr.",
    )


def _find(name: str, path: str) -> str:
    for folder in path.split(":"):
        candidate = os.path.join(folder, name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return ""
