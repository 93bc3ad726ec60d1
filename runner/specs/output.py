"""Outputs (`-o`, `--output`): what becomes of the build's result.

Attributes: BuildKit's exporter/containerimage/exptypes/keys.go; shorthands: docker buildx build --output.
"""

import re
from typing import NamedTuple

from runner.errors import UsageError
from runner.specs import compression, csvspec
from runner.specs.platform import Platform
from runner.specs.reference import Reference

FLAG = "--output"
KINDS = ("image", "registry", "cacheonly")
LATER = ("local", "tar", "oci", "docker")

IMAGE_CHECKS: dict[str, csvspec.Check] = {
    "name": csvspec.any_text,
    "push": csvspec.boolean,
    "push-by-digest": csvspec.boolean,
    "registry.insecure": csvspec.boolean,
    "unpack": csvspec.boolean,
    "store": csvspec.boolean,
    "name-canonical": csvspec.boolean,
    "dangling-name-prefix": csvspec.any_text,
    "danging-name-empty-only": csvspec.boolean,  # BuildKit spells it so.
    "oci-mediatypes": csvspec.boolean,
    "oci-artifact": csvspec.boolean,
    "attestation-inline": csvspec.boolean,
    "prefer-nondist-layers": csvspec.boolean,
    "source-date-epoch": csvspec.integer,
    "rewrite-timestamp": csvspec.boolean,
    **compression.CHECKS,
}
# They act on the image store of a containerd worker; the OCI worker has none.
NEED_IMAGE_STORE = ("unpack", "name-canonical")

ANNOTATION = r"annotation(-index|-index-descriptor|-manifest|-manifest-descriptor)?(?:\[([\w/-]+)\])?\.\S+"


class Output(NamedTuple):
    """One output: kind `image` or `cacheonly`.

    names: under which the image shall stand. push: whether it is pushed under them.
    attrs: the other attributes, as BuildKit is told them.
    """

    kind: str
    names: tuple[Reference, ...] = ()
    push: bool = False
    attrs: csvspec.Pairs = ()

    @classmethod
    def parse(cls, text: str) -> "Output":
        """Read an output as `-o` takes it, such as `type=image,name=host/app:1,push=true`.

        Raises UsageError.
        """
        if "=" not in text:
            kind = "tar" if text == "-" else "local"
            raise csvspec.unsupported(FLAG, text, kind, KINDS, LATER)
        attrs = csvspec.attributes(FLAG, text)
        kind = attrs.pop("type", "")
        if kind not in KINDS:
            raise csvspec.unsupported(FLAG, text, kind, KINDS, LATER)
        if kind == "cacheonly":
            csvspec.check(FLAG, text, attrs, {})
            return cls(kind)
        return cls._image(text, {"push": "true", **attrs} if kind == "registry" else attrs)

    @classmethod
    def _image(cls, text: str, given: dict[str, str]) -> "Output":
        known = IMAGE_CHECKS | {key: csvspec.any_text for key in given if _is_annotation(text, key)}
        attrs = csvspec.check(FLAG, text, given, known)
        compression.check_together(FLAG, text, attrs)
        if attrs.get("oci-artifact") == "true" and attrs.get("oci-mediatypes") == "false":
            raise csvspec.refusal(FLAG, text, "oci-artifact=true needs oci-mediatypes=true")
        names = tuple(Reference.parse(name.strip()) for name in attrs.pop("name", "").split(",") if name)
        push = attrs.pop("push", "false") == "true"
        return cls("image", names, push, tuple(attrs.items()))

    def named(self, names: tuple[Reference, ...], *, push: bool) -> "Output":
        """The same under these names (or its own where there are none), as they go to the daemon.

        push: push it even if it does not say so itself. Raises UsageError for names that cannot be pushed.
        """
        by_digest = dict(self.attrs).get("push-by-digest") == "true"
        names, push = names or self.names, push or self.push
        for name in names:
            if name.digest:
                why = "a new image cannot be given a digest"
            elif by_digest and name.tag:
                why = "push-by-digest=true pushes no tag"
            else:
                continue
            raise UsageError(f"naming the image {name}: {why}", hint=f"Write {name.name}.")
        if push and not names:
            raise UsageError("pushing the image: it has no name", hint="Name it with -t HOST/REPOSITORY:TAG.")
        return self._replace(names=names if by_digest else tuple(n.tagged() for n in names), push=push)

    def attributes(self) -> dict[str, str]:
        """The exporter's attributes in BuildKit's words."""
        names = ",".join(map(str, self.names))
        return ({"name": names} if names else {}) | ({"push": "true"} if self.push else {}) | dict(self.attrs)

    @property
    def idle(self) -> tuple[str, ...]:
        """Attributes that do nothing on BuildKit's OCI worker."""
        return tuple(key for key, value in self.attrs if key in NEED_IMAGE_STORE and value == "true")


def _is_annotation(text: str, key: str) -> bool:
    """Annotations are `annotation[-LEVEL][[PLATFORM]].NAME`, with any NAME."""
    found = re.fullmatch(ANNOTATION, key)
    if found and found[2]:
        if (found[1] or "").startswith("-index"):
            raise csvspec.refusal(FLAG, text, f"{key!r}: an index has no platform")
        Platform.parse(found[2])
    return bool(found)
