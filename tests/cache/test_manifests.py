"""What a cache's configuration says of an image's layers."""

from __future__ import annotations

import json

import pytest

from runner.cache.manifests import has_chain
from runner.cache.store import Mismatch


def config(*layers: tuple[str, int]) -> bytes:
    """As BuildKit writes it: a parent 0 is left out."""
    entries = [{"blob": blob, **({"parent": parent} if parent else {})} for blob, parent in layers]
    return json.dumps({"layers": entries, "records": []}).encode()


CACHE = config(("end", 1), ("copy", 2), ("base", -1), ("copy", 4), ("made", 2), ("end", 0))


@pytest.mark.parametrize(
    ("chain", "there"),
    [
        (["base"], True),
        (["base", "copy", "end"], True),
        (["base", "copy", "end", "end"], True),
        (["base", "made", "copy"], True),
        (["base", "made", "copy", "end"], False),
        (["base", "end"], False),
        (["copy", "end"], False),
        (["other"], False),
        ([], True),
    ],
)
def test_layers_must_stand_on_one_another(chain: list[str], there: bool) -> None:
    assert has_chain(CACHE, chain) is there


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"layers":1}', b'{"layers":[1]}', b'{"layers":[{}]}'])
def test_what_is_no_configuration_is_told(data: bytes) -> None:
    with pytest.raises(Mismatch, match="configuration"):
        has_chain(data, ["base"])
