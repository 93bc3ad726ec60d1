"""The attributes for layer compression, which image outputs and registry caches share."""

from collections.abc import Mapping

from runner.specs import csvspec

CHECKS: dict[str, csvspec.Check] = {
    "compression": csvspec.one_of("uncompressed", "gzip", "estargz", "zstd"),
    "compression-level": csvspec.integer,
    "force-compression": csvspec.boolean,
}
OCI_ONLY = ("estargz", "zstd")


def check_together(flag: str, text: str, attrs: Mapping[str, str]) -> None:
    """Refuse what BuildKit refuses later: a level out of range, a type without its media type."""
    kind = attrs.get("compression", "gzip")
    highest = 22 if kind == "zstd" else 9
    if not 0 <= int(attrs.get("compression-level", "0")) <= highest:
        raise csvspec.refusal(flag, text, f"compression-level of {kind} is 0 to {highest}")
    if kind in OCI_ONLY and attrs.get("oci-mediatypes") == "false":
        raise csvspec.refusal(flag, text, f"compression={kind} needs oci-mediatypes=true")
