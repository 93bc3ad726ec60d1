"""A client's nodes: how they are connected, and the builds that are divided among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.endpoint import Endpoint
from runner.errors import UsageError
from runner.nodes.divide import check_divisible, divide
from runner.specs.csvspec import nearest
from runner.specs.node import Node, joined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.nodes.work import MakeWork
    from runner.registry.settings import RegistrySettings
    from runner.request import BuildRequest
    from runner.solve import Build

FALLBACKS = ("fail", "emulate")


class Nodes:
    """Nodes of a client, until it is closed. Nothing is connected before it is needed.

    Raises UsageError for a platform on two nodes and for a fallback that there is not.
    """

    def __init__(self, nodes: Iterable[str | Node], fallback: str, registries: RegistrySettings) -> None:
        if fallback not in FALLBACKS:
            raise UsageError(
                f"--node-fallback {fallback}: there is no such fallback", hint=nearest(fallback, FALLBACKS)
            )
        texts = (nodes,) if isinstance(nodes, str) else nodes
        self._nodes = joined(Node.parse(node) if isinstance(node, str) else node for node in texts)
        self._emulate = fallback == "emulate"
        self._registries = registries
        self._endpoints: dict[Node, Endpoint] = {}

    def endpoint(self, node: Node) -> Endpoint:
        """Where a node is connected. It knows registries by its own configuration."""
        if node not in self._endpoints:
            self._endpoints[node] = Endpoint(
                str(node.address),
                mode="join",
                root=None,
                cache_size=None,
                registries=self._registries.only_insecure(),
                tls=node.address.tls,
            )
        return self._endpoints[node]

    def start(self, request: BuildRequest, make: MakeWork, own: Endpoint, *, timeout: float | None) -> Build:
        """Start a build of a request that has platforms. own: for those that no node has.

        Raises UsageError.
        """
        from runner.nodes.work import NodesWork
        from runner.solve import Build

        parts = divide(request.platforms, self._nodes)
        check_divisible(request, parts)
        endpoints = {part.node: self.endpoint(part.node) if part.node else own for part in parts}
        work = NodesWork(
            request,
            parts,
            {**endpoints, None: own},
            make=make,
            registries=self._registries.with_insecure(request.insecure_hosts()),
            emulate=self._emulate,
        )
        return Build(work, timeout=timeout)

    def close(self) -> None:
        """Close the connections."""
        endpoints, self._endpoints = self._endpoints, {}
        for endpoint in endpoints.values():
            endpoint.close()
