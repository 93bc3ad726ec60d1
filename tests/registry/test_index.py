"""An index gets all of its tags or none: against a registry that refuses where a test says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import Error
from runner.registry.client import RegistryClient
from runner.registry.credentials import CredentialStore
from runner.registry.index import Placed, publish_index, publish_indexes
from runner.registry.settings import parse_settings
from runner.specs.reference import Reference
from tests.registry.server import Answer, Asked, Server

INDEX = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
OLD = b'{"old":1}'


class Fake:
    """A registry's manifests by path. refuses: the tags that cannot be written; once: only the first time."""

    def __init__(self) -> None:
        self.manifests: dict[str, bytes] = {}
        self.refuses: set[str] = set()

    def __call__(self, asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        if asked.method == "GET":
            found = self.manifests.get(name)
            return Answer(200, found, {"Content-Type": INDEX["mediaType"]}) if found else Answer(404)  # type: ignore[dict-item]
        if name in self.refuses or (asked.body == OLD and f"old {name}" in self.refuses):
            return Answer(403, b"immutable")
        self.manifests[name] = asked.body
        return Answer(201)


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def place(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[RegistryClient, Reference]]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with Server(fake) as server:
        client = RegistryClient(parse_settings(environ={}), CredentialStore())
        yield client, Reference.parse(f"{server.host}/a/b")


def test_all_tags_name_it(fake: Fake, place: tuple[RegistryClient, Reference]) -> None:
    made = publish_index(*place, ["1", "latest"], INDEX)
    data = fake.manifests["1"]
    assert json.loads(data) == INDEX
    assert fake.manifests == {made["digest"]: data, "1": data, "latest": data}
    assert made["mediaType"] == INDEX["mediaType"]
    assert made["size"] == len(data)


def test_tags_that_were_moved_are_put_back(fake: Fake, place: tuple[RegistryClient, Reference]) -> None:
    fake.manifests = {"1": OLD, "2": OLD}
    fake.refuses = {"2"}
    with pytest.raises(Error, match="403") as caught:
        publish_index(*place, ["1", "new", "2", "3"], INDEX)
    assert (fake.manifests["1"], fake.manifests["2"]) == (OLD, OLD)
    assert "3" not in fake.manifests
    name = place[1]
    hint = caught.value.hint
    assert f"{name}:1 was moved, and put back to sha256:" in hint
    assert f"{name}:new is new and names the index now" in hint
    assert f"{name}:3 was not moved" in hint


def test_what_cannot_be_put_back_is_told(fake: Fake, place: tuple[RegistryClient, Reference]) -> None:
    fake.manifests = {"1": OLD}
    fake.refuses = {"old 1", "2"}
    with pytest.raises(Error) as caught:
        publish_index(*place, ["1", "2"], INDEX)
    assert f"{place[1]}:1 names the index now, and could not be put back to sha256:" in caught.value.hint


def test_several_indexes_are_one_matter(fake: Fake, place: tuple[RegistryClient, Reference]) -> None:
    client, first = place
    second = first._replace(repository="a/c")
    fake.manifests = {"1": OLD, "2": OLD}
    other = {**INDEX, "annotations": {"a": "b"}}
    fake.refuses = {"2"}
    with pytest.raises(Error, match="403") as caught:
        publish_indexes(client, [Placed(first, ["1"], INDEX), Placed(second, ["2"], other)])
    assert (fake.manifests["1"], fake.manifests["2"]) == (OLD, OLD)
    assert f"{first}:1 was moved, and put back to sha256:" in caught.value.hint
    assert caught.value.hint.count("the index is ") == 2
    fake.refuses = set()
    made = publish_indexes(client, [Placed(first, ["1"], INDEX), Placed(second, ["2"], other)])
    assert [json.loads(fake.manifests[one["digest"]]) for one in made] == [INDEX, other]
    assert [json.loads(fake.manifests[tag]) for tag in ("1", "2")] == [INDEX, other]


def test_no_tag_is_set_before_all_are_there(fake: Fake, place: tuple[RegistryClient, Reference]) -> None:
    client, first = place
    other = {**INDEX, "annotations": {"a": "b"}}
    fake.refuses = {publish_index(client, first, (), other)["digest"]}
    with pytest.raises(Error, match="403"):
        publish_indexes(client, [Placed(first, ["1"], INDEX), Placed(first, ["2"], other)])
    assert not fake.manifests.keys() & {"1", "2"}
