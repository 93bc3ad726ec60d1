"""The configuration and the environment of a daemon of our own."""

from __future__ import annotations

from runner.daemon.leftovers import temporary
from runner.registry.settings import RegistrySettings, toml_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.daemon.process import Place

# Ours alone: the credentials are given to the daemon through the session, per registry and when it asks; the
# others speak to a service manager that started us.
STRIPPED = (
    "REGISTRY_USERNAME",
    "REGISTRY_PASSWORD",
    "REGISTRY_PASSWORD_FILE",
    "DOCKER_AUTH_CONFIG",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDNAMES",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
# Without these a step's output is cut at 2 MiB and slowed down to 200 KiB/s.
UNLIMITED_LOGS = {"BUILDKIT_STEP_LOG_MAX_SIZE": "-1", "BUILDKIT_STEP_LOG_MAX_SPEED": "-1"}


def buildkitd_toml(
    place: Place,
    runtime: str,
    registries: RegistrySettings,
    *,
    debug: bool = False,
    cache_size: int | None = None,
) -> str:
    """The text of its buildkitd.toml (docs/buildkitd.toml.md in moby/buildkit).

    runtime: the OCI runtime's path. It listens on the socket that it inherits. In otel.socketPath it collects
    the traces of its steps: two daemons on one machine must not share it.
    cache_size: bytes for all that is in the cache together; None leaves BuildKit's own rules, of which one
    drops cache mounts after two days.
    """
    collection = ""
    if cache_size is not None:
        collection = f"[[worker.oci.gcpolicy]]\nall = true\nmaxUsedSpace = {cache_size}\n"
    return f"""\
root = {toml_string(place.root)}
[log]
level = "{"debug" if debug else "info"}"
[grpc]
address = ["fd://"]
[otel]
socketPath = {toml_string(f"{place.runtime}/otel.sock")}
[worker.oci]
enabled = true
snapshotter = "auto"
binary = {toml_string(runtime)}
defaultCgroupParent = {toml_string(place.cgroup)}
{collection}[worker.containerd]
enabled = false
{registries.tables()}"""


def daemon_environment(
    environ: Mapping[str, str], root: str, path: str, registries: RegistrySettings
) -> dict[str, str]:
    """The daemon's environment: ours without what is ours alone.

    root: its state directory. path: its PATH. Where a proxy is set, the registries that were named are asked
    directly.
    """
    kept = {name: value for name, value in environ.items() if name not in STRIPPED}
    if any(environ.get(name) for name in PROXIES):
        kept["NO_PROXY"] = kept["no_proxy"] = registries.no_proxy(environ)
    return {**UNLIMITED_LOGS, **kept, "PATH": path, "TMPDIR": temporary(root)}
