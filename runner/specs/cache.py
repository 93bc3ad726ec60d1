"""Caches (`--cache-from`, `--cache-to`): where build steps are read from and written to.

Attributes: BuildKit's cache/remotecache and README; shorthands: docker buildx build --cache-from.
"""

from collections.abc import Iterable
from typing import NamedTuple

from runner.specs import compression, csvspec
from runner.specs.reference import Reference

FROM, TO = "--cache-from", "--cache-to"
LATER = ("local", "gha", "s3", "azblob")

_REF_CHECKS: dict[str, csvspec.Check] = {"ref": csvspec.any_text, "registry.insecure": csvspec.boolean}
_EXPORT_CHECKS: dict[str, csvspec.Check] = {
    "mode": csvspec.one_of("min", "max"),
    "ignore-error": csvspec.boolean,
}

CHECKS: dict[str, dict[str, dict[str, csvspec.Check]]] = {
    FROM: {"registry": _REF_CHECKS},
    TO: {
        "inline": _EXPORT_CHECKS,
        "registry": {
            **_REF_CHECKS,
            **_EXPORT_CHECKS,
            **compression.CHECKS,
            "oci-mediatypes": csvspec.boolean,
            "image-manifest": csvspec.boolean,
        },
    },
}


class Cache(NamedTuple):
    """One cache: kind `registry` (with a ref) or `inline` (only to write; it is part of the image).

    attrs: the other attributes, as BuildKit is told them.
    """

    kind: str
    ref: Reference | None = None
    attrs: csvspec.Pairs = ()

    @classmethod
    def parse_import(cls, text: str) -> "Cache":
        """Read a cache to import: `type=registry,ref=REF` or REF alone. Raises UsageError."""
        return cls._parse(FROM, text)

    @classmethod
    def parse_export(cls, text: str) -> "Cache":
        """Read a cache to export: `type=inline`, `type=registry,ref=REF,…` or REF. Raises UsageError."""
        return cls._parse(TO, text)

    @classmethod
    def _parse(cls, flag: str, text: str) -> "Cache":
        if "=" not in text:
            return cls("registry", Reference.parse(text).tagged())
        attrs = csvspec.attributes(flag, text)
        kind = attrs.pop("type", "")
        if kind not in CHECKS[flag]:
            if kind == "inline":
                hint = "An inline cache is read as type=registry,ref=IMAGE."
                raise csvspec.refusal(flag, text, "type=inline can only be written", hint)
            raise csvspec.unsupported(flag, text, kind, tuple(CHECKS[flag]), LATER)
        if flag == FROM and (exports := attrs.keys() - _REF_CHECKS.keys() & CHECKS[TO][kind].keys()):
            raise csvspec.refusal(flag, text, f"{min(exports)} belongs to {TO}")
        checked = csvspec.check(flag, text, attrs, CHECKS[flag][kind])
        compression.check_together(flag, text, checked)
        if checked.get("image-manifest") == "true" and checked.get("oci-mediatypes") == "false":
            raise csvspec.refusal(flag, text, "image-manifest=true needs oci-mediatypes=true")
        ref = checked.pop("ref", "")
        if kind == "registry" and not ref:
            raise csvspec.refusal(flag, text, "it has no ref=", "Such as ref=HOST/REPOSITORY:TAG.")
        return cls(kind, Reference.parse(ref).tagged() if ref else None, tuple(checked.items()))

    def attributes(self) -> dict[str, str]:
        """The attributes in BuildKit's words."""
        return ({"ref": str(self.ref)} if self.ref else {}) | dict(self.attrs)

    @property
    def idle(self) -> tuple[str, ...]:
        """Attributes that do nothing: an inline cache holds the image's own layers, whatever its mode."""
        return ("mode=max",) if self.kind == "inline" and ("mode", "max") in self.attrs else ()


def split_references(texts: Iterable[str]) -> list[str]:
    """Texts without any `=` are lists of references: one entry for each of them."""
    return [part for text in texts for part in (text.split(",") if "=" not in text else (text,))]
