"""Attestations as buildx's flags ask for them."""

import pytest

from runner.errors import UsageError
from runner.specs.attest import Attestation, asked

ATTRIBUTES = {
    "type=provenance": ("attest:provenance", ""),
    "type=provenance,mode=max": ("attest:provenance", "mode=max"),
    "type=provenance,version=v0.2,inline-only=1": ("attest:provenance", "version=v0.2,inline-only=true"),
    'type=provenance,"builder-id=a,b"': ("attest:provenance", '"builder-id=a,b"'),
    "type=sbom": ("attest:sbom", ""),
    "type=sbom,generator=h.io/scan": ("attest:sbom", "generator=h.io/scan:latest"),
    "type=sbom,generator=scan:1,EXTRA=x": ("attest:sbom", "generator=docker.io/library/scan:1,EXTRA=x"),
}

REFUSED = {
    "mode=max": "it has no type=",
    "type=slsa": "unknown type 'slsa'",
    "type=provenance,mode=all": "mode must be min or max",
    "type=provenance,mod=max": "unknown attribute 'mod'",
    "type=provenance,version=2": "version must be v1 or v0.2",
    "type=sbom,generator=A": "upper-case",
    "type=sbom,disabled=maybe": "disabled must be true or false",
}


@pytest.mark.parametrize("text", ATTRIBUTES)
def test_the_frontend_is_asked(text: str) -> None:
    assert Attestation.parse(text).attribute() == ATTRIBUTES[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Attestation.parse(text)
    assert REFUSED[text] in caught.value.message


def test_the_short_flags() -> None:
    assert Attestation.parse_short("sbom", "true") == Attestation("sbom")
    assert Attestation.parse_short("sbom", "false") == Attestation("sbom", disabled=True)
    assert (
        Attestation.parse_short("sbom", "generator=a:1").attribute()[1] == "generator=docker.io/library/a:1"
    )
    assert Attestation.parse_short("provenance", "mode=min").attribute() == ("attest:provenance", "mode=min")
    with pytest.raises(UsageError, match="reading --provenance 'max'"):
        Attestation.parse_short("provenance", "max")


def test_the_last_of_a_kind_counts() -> None:
    given = [Attestation.parse(t) for t in ("type=sbom", "type=provenance", "type=sbom,disabled=true")]
    assert [one.kind for one in asked(given)] == ["provenance"]
    assert [one.kind for one in asked([*given, Attestation("sbom")])] == ["sbom", "provenance"]
