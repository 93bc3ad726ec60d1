"""Attestations (`--attest`, `--sbom`, `--provenance`): none is made unless asked for.

Shorthands: docker buildx build --attest; attributes of provenance: BuildKit's solver/llbsolver/provenance.go.
"""

from collections.abc import Iterable
from typing import NamedTuple

from runner.specs import csvspec
from runner.specs.reference import Reference

FLAG = "--attest"
KINDS = ("provenance", "sbom")

PROVENANCE_CHECKS: dict[str, csvspec.Check] = {
    "mode": csvspec.one_of("min", "max"),
    "version": csvspec.one_of("v1", "v0.2"),
    "builder-id": csvspec.any_text,
    "filename": csvspec.any_text,
    "reproducible": csvspec.boolean,
    "inline-only": csvspec.boolean,
    "capture-usage": csvspec.boolean,
    "complete-materials": csvspec.boolean,
}


class Attestation(NamedTuple):
    """One attestation of the image: kind `provenance` or `sbom`.

    attrs: as BuildKit is told them. Those of an SBOM other than `generator` go to its generator, as
        environment variables BUILDKIT_SCAN_KEY.
    """

    kind: str
    attrs: csvspec.Pairs = ()
    disabled: bool = False

    @classmethod
    def parse(cls, text: str) -> "Attestation":
        """Read `type=provenance,mode=max` or `type=sbom,generator=IMAGE`. Raises UsageError."""
        return cls._parse(FLAG, text, csvspec.attributes(FLAG, text, keep_case=True))

    @classmethod
    def parse_short(cls, kind: str, text: str) -> "Attestation":
        """Read the value of `--provenance` or `--sbom`: a boolean, or attributes. Raises UsageError."""
        try:
            return cls(kind, disabled=csvspec.boolean(text) == "false")
        except ValueError:
            flag = f"--{kind}"
            return cls._parse(flag, text, {**csvspec.attributes(flag, text, keep_case=True), "type": kind})

    @classmethod
    def _parse(cls, flag: str, text: str, attrs: dict[str, str]) -> "Attestation":
        kind = attrs.pop("type", "")
        if kind not in KINDS:
            raise csvspec.unsupported(flag, text, kind, KINDS, ())
        known: dict[str, csvspec.Check] = {"disabled": csvspec.boolean}
        known |= PROVENANCE_CHECKS if kind == "provenance" else dict.fromkeys(attrs, csvspec.any_text) | known
        checked = csvspec.check(flag, text, attrs, known)
        disabled = checked.pop("disabled", "false") == "true"
        if "generator" in checked:
            checked["generator"] = str(Reference.parse(checked["generator"]).tagged())
        return cls(kind, tuple(checked.items()), disabled)

    def attribute(self) -> tuple[str, str]:
        """The frontend's attribute that asks for it."""
        return f"attest:{self.kind}", csvspec.join(self.attrs)


def asked(attestations: Iterable[Attestation]) -> tuple[Attestation, ...]:
    """Those that are to be made: the last of a kind counts."""
    return tuple(last for last in {a.kind: a for a in attestations}.values() if not last.disabled)
