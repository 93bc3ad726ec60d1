"""Indexes that several names are to mean: all of them, or none."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import Error

if TYPE_CHECKING:
    from runner.registry.client import Manifest, RegistryClient
    from runner.specs.reference import Reference


class Placed(NamedTuple):
    """An index, and the repository and the tags there that are to mean it."""

    repository: "Reference"
    tags: Sequence[str]
    content: Mapping[str, Any]


def publish_index(
    client: "RegistryClient", repository: "Reference", tags: Sequence[str], index: Mapping[str, Any]
) -> dict[str, Any]:
    """Write an index under its digest, and only then under its tags; returns its descriptor as OCI has it.

    What it points to must be in the repository. If a tag cannot be set, those that were set before it get
    back what they meant, and the error tells the state of each. Raises AccessError, TransientError, Error.
    """
    return publish_indexes(client, [Placed(repository, tags, index)])[0]


def publish_indexes(client: "RegistryClient", wanted: Sequence[Placed]) -> list[dict[str, Any]]:
    """The same for several, as one: no tag is set before all of them are there under their digests."""
    import json
    from hashlib import sha256

    made, names, places = [], {}, []
    for repository, tags, index in wanted:
        data, kind = json.dumps(index, indent=2).encode(), str(index["mediaType"])
        digest = f"sha256:{sha256(data).hexdigest()}"
        client.put_manifest(repository._replace(tag="", digest=digest), data, kind)
        places.append(f"the index is {repository.name}@{digest}")
        made.append({"mediaType": kind, "digest": digest, "size": len(data)})
        names.update({repository._replace(tag=tag, digest=""): (data, kind) for tag in tags})
    before = {name: client.manifest(name) for name in names}
    order = list(names)
    for number, name in enumerate(order):
        try:
            client.put_manifest(name, *names[name])
        except Error as error:
            states = [_restored(client, done, before[done]) for done in order[:number]]
            states += [f"{left} was not moved" for left in order[number + 1 :]]
            error.hint = "\n".join(filter(None, (error.hint, *states, *places)))
            raise
    return made


def _restored(client: "RegistryClient", name: "Reference", before: "Manifest | None") -> str:
    """Put a tag back to what it was; returns what it is now, in words."""
    if before is None:
        return f"{name} is new and names the index now: a registry has no way to take only a tag back"
    try:
        client.put_manifest(name, before.data, before.media_type)
    except Error as error:
        return f"{name} names the index now, and could not be put back to {before.digest}: {error.message}"
    return f"{name} was moved, and put back to {before.digest}"
