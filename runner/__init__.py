"""buildkit-runner: build images with BuildKit from Python, without buildctl or Docker.

    with runner.Client() as client:
        result = client.build(runner.BuildRequest(".", tags=["registry.example.com/team/app:1"], push=True))

Everything named here is imported when it is first used: the start of the command is part of the product.
"""

from typing import TYPE_CHECKING

from runner import errors

if TYPE_CHECKING:
    from runner.api import Info
    from runner.client import Client
    from runner.disk import UsageRecord
    from runner.errors import Error
    from runner.progress import events
    from runner.registry.settings import RegistrySettings
    from runner.request import BuildRequest
    from runner.result import BuildResult
    from runner.solve import Build
    from runner.specs.attest import Attestation
    from runner.specs.cache import Cache
    from runner.specs.node import Node
    from runner.specs.output import Output
    from runner.specs.platform import Platform
    from runner.specs.reference import Reference
    from runner.specs.secret import Secret
    from runner.transport.address import TLS

__version__ = "0.1.0"

__all__ = [
    "TLS",
    "Attestation",
    "Build",
    "BuildRequest",
    "BuildResult",
    "Cache",
    "Client",
    "Error",
    "Info",
    "Node",
    "Output",
    "Platform",
    "Reference",
    "RegistrySettings",
    "Secret",
    "UsageRecord",
    "__version__",
    "errors",
    "events",
]

_MODULES = {
    "Attestation": "runner.specs.attest",
    "Build": "runner.solve",
    "BuildRequest": "runner.request",
    "BuildResult": "runner.result",
    "Cache": "runner.specs.cache",
    "Client": "runner.client",
    "Error": "runner.errors",
    "Info": "runner.api",
    "Node": "runner.specs.node",
    "Output": "runner.specs.output",
    "Platform": "runner.specs.platform",
    "Reference": "runner.specs.reference",
    "RegistrySettings": "runner.registry.settings",
    "Secret": "runner.specs.secret",
    "TLS": "runner.transport.address",
    "UsageRecord": "runner.disk",
    "events": "runner.progress",
}


if not TYPE_CHECKING:  # Type checkers would take any name otherwise.

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(__import__(_MODULES[name], fromlist=(name,)), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted(__all__)
