"""A build whose steps tell what a cache holds, run by us and by buildctl."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from runner import BuildRequest, BuildResult, Client, events

# The layers of the first stage are not in the image: only mode=max keeps them.
DOCKERFILE = """\
FROM both AS made
RUN echo {name} && head -c 1000 /dev/urandom > /made
RUN cp /made /copied
FROM both
COPY --from=made /copied /{copy}
RUN echo {name} > /end
"""
FIRST = ["RUN cp /made /copied", "RUN echo {name} && head -c 1000 /dev/urandom > /made"]
SECOND = ["COPY --from=made /copied /{copy}", "RUN echo {name} > /end"]
PLATFORMS = {"one": ["linux/amd64"], "two": ["linux/amd64", "linux/arm64"]}


class Built(NamedTuple):
    """A build: its result, its notices, and its RUN and COPY steps by whether they were cached."""

    result: BuildResult
    notices: list[str]
    cached: list[str]
    ran: list[str]


def context(folder: Path, name: str, copy: str = "copied") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(DOCKERFILE.format(name=name, copy=copy))
    return folder


def steps(name: str, lines: list[str], copy: str = "copied", times: int = 1) -> list[str]:
    """The steps of that Dockerfile, as they are shown."""
    return sorted(line.format(name=name, copy=copy) for line in lines * times)


def build(address: str, request: BuildRequest) -> Built:
    seen: list[events.Event] = []
    with Client(address, daemon="join") as client:
        result = client.build(request, on_event=seen.append)
    hits = {e.vertex.digest for e in seen if isinstance(e, events.CacheHit)}
    # A step whose layer is unpacked at once is sometimes not told as cached.
    hits |= {e.vertex for e in seen if isinstance(e, events.Transfer) and e.id.startswith("extracting ")}
    ended = {
        e.vertex.digest: e.vertex.name for e in seen if isinstance(e, events.CacheHit | events.VertexDone)
    }
    shown = {digest: name.partition("] ")[2] for digest, name in ended.items()}
    shown = {digest: name for digest, name in shown.items() if name.startswith(("RUN ", "COPY "))}
    return Built(
        result,
        [e.message for e in seen if isinstance(e, events.Notice)],
        sorted(name for digest, name in shown.items() if digest in hits),
        sorted(name for digest, name in shown.items() if digest not in hits),
    )


def buildctl(tools: Path, address: str, source: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run buildctl's build on a daemon, whatever becomes of it; its progress is on stderr."""
    sources = (f"--local=context={source}", f"--local=dockerfile={source}")
    command = ["build", "--progress=plain", "--frontend=dockerfile.v0", *sources, *args]
    return subprocess.run(
        [tools / "buildctl", "--addr", address, *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def cached_by_buildctl(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The RUN and COPY steps that buildctl shows as cached, or whose layer it shows being unpacked."""
    assert done.returncode == 0, done.stderr
    hits = set(re.findall(r"^(#\d+) (?:CACHED$|extracting )", done.stderr, re.MULTILINE))
    shown = re.findall(r"^(#\d+) \[.*?\] ((?:RUN|COPY) .*)$", done.stderr, re.MULTILINE)
    return sorted(name for number, name in set(shown) if number in hits)
