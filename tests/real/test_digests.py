"""The same input gives the same image, whether our command or buildctl builds it."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.real.conftest import Buildctl
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command
from tests.support.registry import Registry

EPOCH = "1700000000"

File = str | bytes


class Case(NamedTuple):
    """A Dockerfile with its context, and the options of both commands that mean the same."""

    dockerfile: str
    files: Mapping[str, File] = {}
    ours: tuple[str, ...] = ()
    peer: tuple[str, ...] = ()


def archive(names: Mapping[str, str]) -> bytes:
    """A tar archive with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in names.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


CASES = {
    "copy into scratch": Case("FROM scratch\nCOPY a b/ /x/\n", {"a": "a", "b/c": "c"}),
    "run": Case("FROM busybox\nRUN mkdir -p /x/y && echo hi >/x/y/z && ln -s z /x/y/l\n"),
    "stages": Case(
        "FROM busybox AS one\nRUN echo 1 >/one\nFROM busybox AS two\nRUN echo 2 >/two\n"
        "FROM scratch\nCOPY --from=one /one /\nCOPY --from=two /two /\n"
    ),
    "build argument": Case(
        "FROM busybox\nARG WHO=nobody\nENV WHO=$WHO\nRUN echo $WHO >/who\n",
        ours=("--build-arg", "WHO=me and you"),
        peer=("--opt", "build-arg:WHO=me and you"),
    ),
    "target": Case(
        "FROM scratch AS wanted\nCOPY a /\nFROM wanted AS not-wanted\nCOPY b /\n",
        {"a": "a", "b": "b"},
        ours=("--target", "wanted"),
        peer=("--opt", "target=wanted"),
    ),
    "owner and mode": Case("FROM scratch\nCOPY --chown=7:8 --chmod=0741 a /\n", {"a": "a"}),
    "here-document": Case(
        "FROM busybox\nRUN <<EOF\necho one >/one\necho two >/two\nEOF\nCOPY <<X /x\ny\nX\n"
    ),
    "metadata": Case(
        "FROM scratch\nCOPY a /\nENV A=1 B='2 3'\nLABEL l=m\nEXPOSE 80/tcp\nVOLUME /v\nUSER 5\nWORKDIR /w\n"
        'STOPSIGNAL SIGINT\nHEALTHCHECK --interval=5s CMD ["/a"]\nENTRYPOINT ["/a"]\nCMD ["b"]\n',
        {"a": "a"},
    ),
    "mounts": Case(
        "FROM busybox\nRUN --mount=type=bind,target=/in --mount=type=cache,target=/c "
        "--mount=type=tmpfs,target=/t cp /in/a /out && touch /c/x /t/x\n",
        {"a": "a"},
    ),
    "link": Case("FROM busybox\nCOPY --link a /x/\nCOPY --link b /x/\n", {"a": "a", "b": "b"}),
    "archive": Case("FROM scratch\nADD a.tar /x/\n", {"a.tar": archive({"d/e": "e", "f": "f"})}),
    "ignore file": Case(
        "FROM scratch\nCOPY . /\n",
        {"a.log": "", "keep.log": "", "d/a.log": "", "d/e": "e", ".dockerignore": "**/*.log\n!keep.log\n"},
    ),
    "labels": Case(
        "FROM busybox\nLABEL a=file\n",
        ours=("--label", "a=b", "--label", "org.example.c=d e"),
        peer=("--opt", "label:a=b", "--opt", "label:org.example.c=d e"),
    ),
    "two platforms": Case(
        "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /arch\n",
        {"amd64": "1", "arm64": "2"},
        ours=("--platform", "linux/amd64,linux/arm64"),
        peer=("--opt", "platform=linux/amd64,linux/arm64"),
    ),
    "for later builds": Case('FROM scratch\nCOPY a /\nONBUILD COPY b /\nSHELL ["/sh"]\n', {"a": "a"}),
}


def lay(folder: Path, case: Case) -> None:
    """Write the case's context."""
    for name, content in {"Dockerfile": case.dockerfile, **case.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize("name", CASES)
def test_the_digest_is_that_of_buildctl(
    name: str,
    tmp_path: Path,
    buildkitd: Buildkitd,
    registry: Registry,
    command: Command,
    buildctl: Buildctl,
) -> None:
    case = CASES[name]
    context = tmp_path / "context"
    lay(context, case)
    repository = f"digests/{name.replace(' ', '-')}"
    image = f"{registry.host}/{repository}"
    output = "type=image,push=true,registry.insecure=true,rewrite-timestamp=true"

    ours = command(
        "build", "--addr", buildkitd.address, "--no-cache", *case.ours,
        "-o", f"{output},name={image}:ours", str(context),
        env={"SOURCE_DATE_EPOCH": EPOCH},
    )  # fmt: skip
    assert ours.code == 0, ours.stderr
    buildctl(
        "build", "--frontend", "dockerfile.v0", "--no-cache",
        f"--local=context={context}", f"--local=dockerfile={context}",
        "--opt", f"build-arg:SOURCE_DATE_EPOCH={EPOCH}", *case.peer,
        "--output", f"{output},name={image}:peer",
    )  # fmt: skip

    made, wanted = registry.manifest(repository, "ours"), registry.manifest(repository, "peer")
    assert made.digest == wanted.digest, (made.json, wanted.json)
