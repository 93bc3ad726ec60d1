"""The image holds the same, whether we or buildctl send the context: same files, same layers."""

import io
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

import runner
from tests.real.conftest import Buildctl
from tests.support.buildkitd import Buildkitd
from tests.support.registry import Registry

Maker: TypeAlias = Callable[[Path], None]
Files: TypeAlias = Mapping[str, str | bytes | Maker]


# Later times become this one. buildctl's upload is a change of its last one, for which the daemon gives
# directories the time of now; the times of files stay to be compared.
EPOCH = "1750000000"
BEFORE = 1_700_000_000_123_456_789


class Case(NamedTuple):
    """A context, and how many files, links and directories the image holds of it.

    copy: the instructions after `FROM scratch`. dockerfile: its path, from the context.
    """

    holds: int
    files: Files
    ignore: str | bytes = ""
    copy: str = "COPY . /"
    dockerfile: str = "Dockerfile"


def plain(*names: str) -> dict[str, str | bytes | Maker]:
    """Files with something in them."""
    return {name: f"this is {name!a}" for name in names}


def link(target: str) -> Maker:
    return lambda path: path.symlink_to(target)


def hard(first: str) -> Maker:
    """One more name of the file or link `first`, from the same directory."""
    return lambda path: os.link(path.parent / first, path, follow_symlinks=False)


def node(mode: int) -> Maker:
    """An empty directory, a fifo, a socket or a device."""

    def make(path: Path) -> None:
        if mode & 0o170000 == 0o040000:
            path.mkdir()
        else:
            os.mknod(path, mode, os.makedev(1, 3))
        path.chmod(mode & 0o7777)

    return make


def file(mode: int = 0o644, *, time: int = BEFORE, xattrs: Mapping[str, bytes] | None = None) -> Maker:
    """time: nanoseconds since the epoch."""

    def make(path: Path) -> None:
        path.write_text("x")
        for name, value in (xattrs or {}).items():
            os.setxattr(path, name, value)
        path.chmod(mode)
        os.utime(path, ns=(time, time))

    return make


DIRECTORY, FIFO, SOCKET, DEVICE = 0o040000, 0o010000, 0o140000, 0o020000

SIZES = (0, 1, 255, 16 << 10, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 << 20)
ODD = (
    " ",
    " a ",
    "a\nb",
    "-rf",
    "--",
    "é",
    "e\u0301",
    "\t",
    '"',
    "'",
    "$(x)",
    "~",
    "...",
    "a\\b",
    "\x01",
    "😀",
)
# 10 files and 5 directories; with the Dockerfile and the ignore file the image holds 17 names of it.
TREE = plain("a", "b", "b.txt", "d/a", "d/b.txt", "d/e/a", "d/e/b.txt", "d/e/f/a", "z/a", ".git/a")

IGNORE = {
    "none": Case(16, TREE),
    "empty": Case(17, {**TREE, ".dockerignore": ""}),
    "names": Case(9, TREE, "a\nb\nb.txt\nd/e\n"),
    "slashes": Case(7, TREE, "/a\nb/\n/d/e/\n./z\n//b.txt\n"),
    "comments": Case(5, plain("a", "#a", "b", "#b", "c"), "#a\n# b\n #b\n\n   \n#c\nc\n"),
    "spaces": Case(3, plain("a", "b c", "d", "e"), "  a  \n\tb c\t\n d x\n\u00a0e\n"),
    "CRLF": Case(10, TREE, "a\r\nb.txt\r\n#x\r\n\r\nd/e\r\n"),
    "no last line end": Case(3, plain("a", "b"), "a"),
    "byte order mark": Case(2, plain("a", "b"), b"\xef\xbb\xbfa\nb\n"),
    "byte order mark and comment": Case(3, plain("a", "b"), b"\xef\xbb\xbf#b\na\n"),
    "stars": Case(13, TREE, "*.txt\nz/*\n*/*.txt\n.*/a\n"),
    "question marks": Case(5, plain("a", "ab", "abc", "d/b"), "a?\n??b\n?/?\n"),
    "two stars": Case(8, TREE, "**/a\n**/*.txt\n"),
    "two stars at the end": Case(12, TREE, "d/e/**\nz/**\n"),
    "two stars in the middle": Case(14, TREE, "d/**/a\n"),
    "two stars and a name": Case(8, TREE, "**txt\nd**\n"),
    "everything": Case(0, TREE, "**\n"),
    "everything but": Case(5, TREE, "**\n!**/*.txt\n"),
    "all but some": Case(6, TREE, "*\n!a\n!d/e/a\n!z\n"),
    "the last line counts": Case(10, TREE, "d\n!d\nd/e\n!z\nz\n!b\nb\n!b\n"),
    "exceptions below": Case(13, TREE, "d\n!d/e/f\n"),
    "exceptions with wildcards": Case(11, TREE, "*/*\n!d/*.txt\n!d/*/*.txt\n"),
    "exceptions with spaces": Case(4, TREE, "*\n! a\n !/d/a \n!Dockerfile\n"),
    "classes": Case(4, plain("a1", "b1", "c1", "d1", "-1", "ä1", "A1"), "[ab]1\n[d-e]1\n[à-ü]1\n[\\-]1\n"),
    "negated classes": Case(6, plain("a1", "b1", "b2", "d/1", "d/2"), "[^a][^1]\nd[^x][^1]\n"),
    "escapes": Case(4, plain("*", "a", "?", "[a]", "#x", "!x", "\\"), "\\*\n\\?\n\\[a\\]\n\\#x\n\\!x\n"),
    "escapes of expressions": Case(5, plain("1x", "ax", "dx", "-x"), "\\d*\n"),
    "signs of expressions": Case(
        5, plain("a+b", "aab", "a(b)", "a$", "^a", "a.b", "axb"), "a+?\na(?)\na.?\na$*\n*^\n"
    ),
    "alternatives": Case(4, plain("ab", "ac", "xb", "xc", "b|c"), "a?|xb\n"),
    "counts": Case(4, plain("aab", "a{2}b", "ab"), "a{2}?\n"),
    "dots": Case(17, TREE, ".\n..\n/\n./\n../a\n"),
    "dots inside": Case(11, TREE, "d/../a\n./d/./e\nx/../../b\n"),
    "letters": Case(4, plain("é", "ê", "日本", "日本語", "%41", "+"), "é\n日?\n%41\n+\n"),
    "many lines": Case(3, plain("f0", "f999", "f1000"), "\n".join(f"f{n}" for n in range(1000))),
    "Dockerfile": Case(1, plain("a"), "Dockerfile\n.dockerignore\n"),
    "the Dockerfile's own": Case(
        2, {**plain("a", "b"), "Dockerfile.dockerignore": "b\n*ockerfile*\n"}, "a\n"
    ),
    "a named Dockerfile's own": Case(
        2, {**plain("a", "b"), "x/my.df.dockerignore": "b\nx\n"}, "a\n", dockerfile="x/my.df"
    ),
}

FILES = {
    "Dockerfile elsewhere": Case(2, plain("a", "b"), "a\n", dockerfile="../other/Dockerfile"),
    "dockerfile in lower case": Case(2, plain("a"), dockerfile="dockerfile"),
    "links": Case(
        15,
        {
            **plain("t/a", "t/u/b"),
            "file": link("t/a"),
            "directory": link("t"),
            "nowhere": link("no/such"),
            "absolute": link("/t/a"),
            "outside": link("../../../../etc/passwd"),
            "t/up": link("../file"),
            "chain": link("chain2"),
            "chain2": link("./t/../chain3"),
            "chain3": link("t/u"),
            "loop": link("loop"),
        },
    ),
    "links that are copied": Case(
        7,
        {
            **plain("t/a", "t/u/b", "etc/passwd", "v/c"),
            "file": link("t/a"),
            "directory": link("t"),
            "absolute": link("/t/u"),
            "outside": link("../../../../etc/passwd"),
            "chain": link("chain2"),
            "chain2": link("./t/../chain3"),
            "chain3": link("v"),
        },
        copy="COPY file directory /\nCOPY absolute outside /\nCOPY chain /",
    ),
    "links in the way": Case(
        1, {**plain("t/a", "t/u/b", "t/c"), "l": link("t"), "t/m": link("u")}, copy="COPY l/m/b /"
    ),
    "links and wildcards": Case(
        2, {**plain("t/a", "u/b"), "l1": link("t/a"), "l2": link("u"), "m": link("u")}, copy="COPY l* /"
    ),
    "links that are ignored": Case(
        4, {**plain("t/a"), "l": link("t"), "t/m": link("a")}, "l\nt/m\n", copy="COPY . /"
    ),
    "hard links": Case(
        8, {**plain("a", "d/x"), "b": hard("a"), "c": hard("a"), "d/y": hard("x"), "d/z": hard("../a")}
    ),
    "hard links without the first": Case(4, {**plain("a"), "b": hard("a"), "c": hard("a")}, "a\n"),
    "hard links to links": Case(4, {**plain("a"), "l": link("a"), "m": hard("l")}),
    "modes": Case(
        14,
        {
            **{f"f{mode:o}": file(mode) for mode in (0, 0o200, 0o444, 0o777, 0o4755, 0o2755, 0o1644, 0o7777)},
            **{f"d{mode:o}": node(DIRECTORY | mode) for mode in (0, 0o700, 0o1777, 0o2755, 0o4755)},
        },
    ),
    "extended attributes": Case(
        4,
        {
            "a": file(xattrs={"user.one": b"1", "user.two": b"\0\xff" * 50, "user.none": b""}),
            "b": file(0o755, xattrs={"security.capability": bytes.fromhex("0100000200040000" + "00" * 12)}),
            "c": file(xattrs={"trusted.x": b"y"}),
        },
    ),
    "empty directories": Case(4, {"d/e": node(DIRECTORY | 0o755), "f": node(DIRECTORY | 0o755)}),
    "odd names": Case(18, plain(*ODD, "n" * 255)),
    "names that are not UTF-8": Case(5, plain("\udcff", "a\udce9b", "d\udcff/x\udc80")),
    "names in the order of bytes": Case(
        13,
        plain("a", "a-b", "A", "aé", "a\uffff", "a😀", "ab/c", "ab-", "ab.", "ab0", "ab!"),
    ),
    "a deep tree": Case(102, plain("/".join(["deep"] * 100 + ["a"]))),
    "special files": Case(
        4, {"fifo": node(FIFO | 0o600), "null": node(DEVICE | 0o666), "socket": node(SOCKET | 0o755)}
    ),
    "times": Case(
        8,
        {str(time): file(time=time) for time in (0, 1, -1, 123456789, -(10**18), 10**18, 2**62)},
    ),
    "sizes": Case(
        9,
        {f"f{size}": bytes(size) for size in SIZES},
    ),
    "many small files": Case(2021, {f"{n // 100}/{n}": str(n) for n in range(2000)}),
    "copied with wildcards": Case(7, TREE, copy="COPY *.txt ?/*.txt /\nCOPY [dz] /"),
    "copied with escapes": Case(3, plain("[a]", "a", "*b", "bb"), copy="COPY [[]a] \\*b /"),
    "copied in parts": Case(6, TREE, "d/e/b.txt\n", copy="COPY d/e /\nCOPY z/a b.txt /\nADD d/b.txt /"),
    "copied by stages": Case(3, TREE, copy="COPY d/e /\nFROM scratch\nCOPY z/a b.txt /\nCOPY --from=0 /a /"),
}

CASES = {**{f"ignore file: {name}": case for name, case in IGNORE.items()}, **FILES}


def lay(context: Path, case: Case) -> None:
    """Write the context."""
    files = {case.dockerfile: f"FROM scratch\n{case.copy}\n", **case.files}
    if case.ignore:
        files[".dockerignore"] = case.ignore
    for name, content in files.items():
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            if name in case.files:
                os.utime(path, ns=(BEFORE, BEFORE))


@pytest.mark.parametrize("name", CASES)
def test_the_layers_are_those_of_buildctl(
    name: str, tmp_path: Path, buildkitd: Buildkitd, registry: Registry, buildctl: Buildctl
) -> None:
    case = CASES[name]
    context = tmp_path / "context"
    lay(context, case)
    dockerfile = context / case.dockerfile
    repository = f"contexts/c{list(CASES).index(name)}"
    output = f"type=image,push=true,rewrite-timestamp=true,name={registry.host}/{repository}"

    with runner.Client(buildkitd.address, daemon="join") as client:
        request = runner.BuildRequest(
            context,
            dockerfile=dockerfile,
            outputs=[f"{output}:ours"],
            build_args={"SOURCE_DATE_EPOCH": EPOCH},
            no_cache=True,
        )
        client.build(request)
    buildctl(
        "build", "--frontend", "dockerfile.v0", "--no-cache",
        f"--local=context={context}", f"--local=dockerfile={dockerfile.parent}",
        "--opt", f"filename={dockerfile.name}", "--opt", f"build-arg:SOURCE_DATE_EPOCH={EPOCH}",
        "--output", f"{output}:peer",
    )  # fmt: skip

    ours, peer = (layers(registry, repository, tag) for tag in ("ours", "peer"))
    assert ours == peer
    names = [name for layer in ours for name in contents(registry.blob(repository, layer))]
    assert len(names) == case.holds, sorted(names)


def layers(registry: Registry, repository: str, tag: str) -> list[str]:
    return [layer["digest"] for layer in registry.manifest(repository, tag).json["layers"]]


def contents(layer: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return tar.getnames()
