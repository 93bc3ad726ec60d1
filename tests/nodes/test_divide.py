"""Which daemon builds what of a request, and what each is told."""

from __future__ import annotations

from typing import Any

import pytest

from runner import BuildRequest
from runner.errors import UsageError
from runner.nodes.divide import Part, check_divisible, divide, part_of
from runner.request import plan
from runner.specs.node import Node
from runner.specs.platform import Platform, parse_platforms

AMD64, ARM64, ARM7, S390 = parse_platforms(["amd64,arm64,arm/v7,s390x".replace("arm/v7", "linux/arm/v7")])
ARM = Node.parse("linux/arm64+linux/arm/v7=tcp://arm:1")
OTHER = Node.parse("linux/s390x=tcp://other:1")


def parts_of(*platforms: Platform) -> tuple[Part, ...]:
    return divide(platforms, [ARM, OTHER])


def messages(**fields: Any) -> list[list[tuple[str, dict[str, str]]]]:
    """The exporters of the Solve of each part."""
    request = BuildRequest(".", platforms=["amd64", "arm64"], **fields)
    parts = divide(request.platforms, [ARM])
    check_divisible(request, parts)
    outputs = plan(request, ref="r", session="s").outputs
    found = []
    for part in parts:
        solve = plan(part_of(request, part, outputs), ref="r", session="s").solve
        assert solve.FrontendAttrs["platform"] == part.label
        found.append([(made.Type, made.Attrs) for made in solve.Exporters])
    return found


def test_each_node_has_its_platforms_and_our_own_daemon_the_rest() -> None:
    assert parts_of(ARM7, AMD64, ARM64, S390) == (
        Part((ARM7, ARM64), ARM),
        Part((AMD64,), None),
        Part((S390,), OTHER),
    )
    assert parts_of(AMD64) == (Part((AMD64,), None),)
    assert parts_of(ARM64) == (Part((ARM64,), ARM),)


def test_labels() -> None:
    part = Part((ARM64, ARM7), ARM)
    assert (part.label, part.suffix) == ("linux/arm64+linux/arm/v7", "linux-arm64-linux-arm-v7")
    assert (str(part), str(Part((AMD64,)))) == (
        "linux/arm64+linux/arm/v7 on tcp://arm:1",
        "linux/amd64 on our own daemon",
    )


def test_every_part_pushes_by_digest_without_tags() -> None:
    wanted = [("image", {"name": "h.io/app,h.io/b", "push": "true", "push-by-digest": "true"})]
    assert messages(tags=["h.io/app:1", "h.io/app:2", "h.io/b"], push=True) == [wanted, wanted]
    assert (
        messages(outputs=["type=image,push=true,push-by-digest=true,name=h.io/app,name=h.io/b"])
        == [[("image", {"name": "h.io/b", "push": "true", "push-by-digest": "true"})]] * 2
    )


def test_outputs_keep_their_attributes_and_each_platforms_annotations_go_to_it() -> None:
    first, second = messages(
        outputs=[
            "type=image,push=true,name=h.io/a:1,compression=zstd,annotation-manifest[linux/amd64].k=v,"
            "annotation-manifest[linux/arm64].k=w,annotation.x=y"
        ],
    )
    both = {
        "name": "h.io/a",
        "push": "true",
        "compression": "zstd",
        "annotation.x": "y",
        "push-by-digest": "true",
    }
    assert first == [("image", {**both, "annotation-manifest[linux/amd64].k": "v"})]
    assert second == [("image", {**both, "annotation-manifest[linux/arm64].k": "w"})]


def test_a_build_that_makes_no_image_is_divided_too() -> None:
    assert messages(outputs=["type=cacheonly"]) == [[], []]
    assert messages() == [[], []]


REFUSED: dict[str, dict[str, Any]] = {
    "the image is not pushed": {"tags": ["h.io/app"]},
    "--cache-to type=registry": {"cache_to": ["h.io/app:cache"]},
    "--cache-to type=local": {"cache_to": ["type=local,dest=x"]},
    "annotation[linux/s390x].k: linux/s390x is not built": {
        "outputs": ["type=image,name=h.io/a,push=true,annotation[linux/s390x].k=v"]
    },
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_divided(why: str) -> None:
    with pytest.raises(UsageError) as caught:
        messages(**REFUSED[why])
    assert why in caught.value.message
    assert "linux/amd64 on our own daemon, linux/arm64 on tcp://arm:1" in caught.value.message


@pytest.mark.parametrize("why", REFUSED)
def test_one_daemon_takes_it(why: str) -> None:
    request = BuildRequest(".", platforms=["arm64", "linux/arm/v7"], **REFUSED[why])
    check_divisible(request, divide(request.platforms, [ARM]))


def test_inline_caches_are_no_trouble() -> None:
    messages(cache_to=["type=inline"])


def test_each_part_has_a_cache_of_its_own() -> None:
    request = BuildRequest(
        ".", platforms=["amd64", "arm64"], tags=["h.io/app"], push=True, cache="auto,branch=b"
    )
    parts = divide(request.platforms, [ARM])
    part = part_of(request, parts[1], plan(request, ref="r", session="s").outputs)
    assert str(getattr(part.following_export(), "ref", "")) == "h.io/app:buildcache-b-linux-arm64"
    assert [str(cache.ref) for cache in part.cache_imports()] == [
        "h.io/app:buildcache-b-linux-arm64",
        "h.io/app:buildcache-main-linux-arm64",
    ]
