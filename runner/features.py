"""What of our flags an older daemon does not know: it would leave it out without a word.

Compared by the sources of BuildKit from v0.20.2 to v0.32.2; the first version is the first tag that has it.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.specs import csvspec
from runner.specs.arguments import SOURCE_DATE_EPOCH
from runner.specs.epoch import is_number

if TYPE_CHECKING:
    from runner.wire import control

# Attributes by their minor version: v0.N.
PROVENANCE = {
    "version=v1": 23,  # frontend/attestations/parse.go, solver/llbsolver/provenance
    "complete-materials": 31,  # solver/llbsolver/provenance.go
}
IMAGE = {"danging-name-empty-only": 21}  # exporter/containerimage/exptypes/keys.go
S3 = {"disable_accept_encoding": 30, "retry_mode": 30, "retry_max_attempts": 30}  # cache/remotecache/s3/s3.go
EPOCH = 30  # A SOURCE_DATE_EPOCH that is no number: frontend/dockerfile/dockerfile2llb/epoch.go


def uses_new_features(solve: "control.SolveRequest") -> bool:
    """Whether the daemon must be asked for its version before it is told this."""
    return any(True for _ in _used(solve))


def too_new(solve: "control.SolveRequest", version: str) -> str | None:
    """What of a build a daemon of this version does not know, such as `--attest …: needs v0.23 or newer`.

    version: as the daemon tells it; one without a number, or v0.0.0 as in a build of one's own, is new.
    """
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    numbers = tuple(map(int, found.groups())) if found else (0, 0, 0)
    if numbers == (0, 0, 0):
        return None
    for minor, feature in sorted(_used(solve), reverse=True):
        if numbers[:2] < (0, minor):
            return f"{feature} needs v0.{minor} or newer"
    return None


def _used(solve: "control.SolveRequest") -> "Iterator[tuple[int, str]]":
    """The features of the table that are used, with their versions, as our flags spell them."""
    if text := solve.FrontendAttrs.get("attest:provenance"):
        for key, value in csvspec.attributes("--provenance", text).items():
            for name in (key, f"{key}={value}"):
                if name in PROVENANCE:
                    yield PROVENANCE[name], f"--provenance {name}"
    epoch = solve.FrontendAttrs.get(f"build-arg:{SOURCE_DATE_EPOCH}", "")
    if epoch and not is_number(epoch):
        yield EPOCH, f"{SOURCE_DATE_EPOCH}={epoch}"
    for exporter in solve.Exporters:
        yield from ((IMAGE[key], f"--output {key}") for key in exporter.Attrs if key in IMAGE)
    if solve.Cache:
        for flag, entries in (("--cache-from", solve.Cache.Imports), ("--cache-to", solve.Cache.Exports)):
            for entry in entries:
                if entry.Type == "s3":
                    yield from ((S3[key], f"{flag} {key}") for key in entry.Attrs if key in S3)
