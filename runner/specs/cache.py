"""Caches (`--cache-from`, `--cache-to`): where build steps are read from and written to.

Shorthands: docker buildx build --cache-from. Attributes: cache_attributes.py.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from runner.errors import UsageError
from runner.specs import cache_attributes, compression, csvspec
from runner.specs.cache_attributes import CHECKS, FROM, REQUIRED, TO
from runner.specs.reference import Reference

LATEST = "latest"


class Cache(NamedTuple):
    """One cache.

    kind: `registry` (with a ref), `inline` (only to write; it is part of the image), `local`, `gha`, `s3` or
        `azblob`.
    attrs: the other attributes; the directory of a local one (`src` or `dest`) is absolute.
    """

    kind: str
    ref: Reference | None = None
    attrs: csvspec.Pairs = ()

    @classmethod
    def parse_import(cls, text: str) -> "Cache":
        """Read a cache to import: `type=registry,ref=REF`, `type=local,src=DIR`, … or REF alone.

        Raises UsageError, whose text has no secrets.
        """
        return cls._parse(FROM, text)

    @classmethod
    def parse_export(cls, text: str) -> "Cache":
        """Read a cache to export: `type=inline`, `type=registry,ref=REF,…`, `type=local,dest=DIR`, … or REF.

        Raises UsageError, whose text has no secrets.
        """
        return cls._parse(TO, text)

    @classmethod
    def _parse(cls, flag: str, text: str) -> "Cache":
        if "=" not in text:
            return cls("registry", Reference.parse(text).tagged())
        attrs, text = _attributes(flag, text)
        kind = attrs.pop("type", "")
        if kind not in CHECKS[flag]:
            raise _unknown(flag, text, kind)
        known, other = CHECKS[flag][kind], FROM if flag == TO else TO
        for key in attrs.keys() - known.keys() & CHECKS[other].get(kind, {}).keys():
            raise csvspec.refusal(
                flag, text, f"{key} belongs to {other}", f"Known: {', '.join(sorted(known))}."
            )
        checked = csvspec.check(flag, text, attrs, known)
        compression.check_together(flag, text, checked)
        if checked.get("image-manifest") == "true" and checked.get("oci-mediatypes") == "false":
            raise csvspec.refusal(flag, text, "image-manifest=true needs oci-mediatypes=true")
        needed, example = REQUIRED[flag].get(kind, ("", ""))
        if needed and needed not in checked:
            raise csvspec.refusal(flag, text, f"it has no {needed}=", example)
        for key in ("src", "dest"):
            if key in checked:
                checked[key] = os.path.abspath(checked[key])
        ref = checked.pop("ref", "")
        return cls(kind, Reference.parse(ref).tagged() if ref else None, tuple(checked.items()))

    def with_environment(self, environ: Mapping[str, str]) -> "Cache":
        """The same with what buildx takes from the environment: addresses and secrets. Raises UsageError."""
        from runner.specs.cache_environment import filled

        return self._replace(attrs=tuple(filled(self.kind, dict(self.attrs), environ).items()))

    def attributes(self) -> dict[str, str]:
        """The attributes in BuildKit's words. The directory of a local cache is as `store` writes it."""
        attrs = dict(self.attrs)
        for key in attrs.keys() & {"src", "dest"}:
            attrs[key] = _header_text(attrs[key])
        return ({"ref": str(self.ref)} if self.ref else {}) | attrs

    @property
    def directory(self) -> str:
        """The absolute path of a local cache; "" for other kinds."""
        attrs = dict(self.attrs)
        return attrs.get("dest") or attrs.get("src", "")

    @property
    def store(self) -> str:
        """The name by which the daemon asks for a local cache's directory: a header's value, so ASCII."""
        return f"local:{_header_text(self.directory)}"

    @property
    def tag(self) -> str:
        """Which of the caches in a local directory."""
        return dict(self.attrs).get("tag", LATEST)

    def is_true(self, name: str) -> bool:
        """Whether a boolean attribute was given as true."""
        return dict(self.attrs).get(name) == "true"

    @property
    def lacks(self) -> str:
        """What this cache cannot work without and was not given; buildx leaves such a cache out."""
        attrs = dict(self.attrs)
        if self.kind != "gha":
            return ""
        if not attrs.get("token"):
            return "token (ACTIONS_RUNTIME_TOKEN)"
        return (
            "" if attrs.get("url") or attrs.get("url_v2") else "url (ACTIONS_CACHE_URL, ACTIONS_RESULTS_URL)"
        )

    @property
    def idle(self) -> tuple[str, ...]:
        """Attributes that do nothing: an inline cache holds the image's own layers, whatever its mode."""
        return ("mode=max",) if self.kind == "inline" and ("mode", "max") in self.attrs else ()

    def masks(self) -> tuple[str, ...]:
        """The values that must not be shown anywhere."""
        return cache_attributes.secrets(dict(self.attrs))

    def __repr__(self) -> str:
        attrs = cache_attributes.shown(csvspec.join(self.attrs))
        return f"Cache(kind={self.kind!r}, ref={self.ref!r}, attrs={attrs!r})"


def split_references(texts: Iterable[str]) -> list[str]:
    """Texts without any `=` are lists of references: one entry for each of them."""
    return [part for text in texts for part in (text.split(",") if "=" not in text else (text,))]


def _attributes(flag: str, text: str) -> tuple[dict[str, str], str]:
    """A text's attributes, and it as errors may quote it."""
    quotable = cache_attributes.shown_until_secret(text)
    try:
        return csvspec.attributes(flag, text), cache_attributes.shown(text)
    except UsageError:
        if quotable == text:
            raise
    hint = 'A value with a comma is quoted with its key: "token=a,b".'
    raise csvspec.refusal(flag, quotable, "it is not a line of key=value", hint)


def _unknown(flag: str, text: str, kind: str) -> UsageError:
    if kind == "inline":
        why, hint = "type=inline can only be written", "An inline cache is read as type=registry,ref=IMAGE."
    elif not kind:
        why, hint = "it has no type=", f"Known: {', '.join(sorted(CHECKS[flag]))}."
    else:
        why, hint = f"unknown type {kind!r}", csvspec.nearest(kind, CHECKS[flag])
    return csvspec.refusal(flag, text, why, hint)


def _header_text(path: str) -> str:
    """A path as the daemon can send it in a header: what is not printable ASCII is percent-encoded."""
    if re.fullmatch("[!-$&-~]*", path):
        return path
    from urllib.parse import quote

    return quote(os.fsencode(path))
