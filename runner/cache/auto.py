"""`--cache auto` and `--cache inline`: which caches a build reads and writes, by its image and its branch.

Variables of CI systems: docs.github.com (Gitea and Forgejo set the same), docs.gitlab.com, woodpecker-ci.org.
Files in .git: gitrepository-layout(5).
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from runner.errors import UsageError
from runner.specs import csvspec
from runner.specs.cache import Cache
from runner.specs.reference import Reference

FLAG = "--cache"
KINDS = ("auto", "inline", "off")
PREFIX = "buildcache-"
TAG_LENGTH = 128
HASH_LENGTH = 12
FALLBACK = "main"

CHECKS: dict[str, dict[str, csvspec.Check]] = {
    "auto": {
        "branch": csvspec.any_text,
        "default-branch": csvspec.any_text,
        "ref": csvspec.any_text,
        "mode": csvspec.one_of("min", "max"),
        "ignore-error": csvspec.boolean,
    },
    "inline": {"branch": csvspec.any_text, "default-branch": csvspec.any_text},
    "off": {},
}
BRANCHES = (
    "GITHUB_HEAD_REF",  # A pull request's branch; GITHUB_REF_NAME is then NUMBER/merge.
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_SOURCE_BRANCH",  # A pull request's branch; CI_COMMIT_BRANCH is then where it goes to.
    "CI_COMMIT_BRANCH",
)
DEFAULT_BRANCHES = ("CI_DEFAULT_BRANCH", "CI_REPO_DEFAULT_BRANCH")


class Choice(NamedTuple):
    """What `--cache` says.

    kind: `auto`, a cache in the registry beside the image; `inline`, one in the image; `off`, none.
    branch, default_branch: whose caches; "" is not known: then the default one, and that is `main`.
    ref: another repository for the cache than the image's. mode, ignore_error: as `--cache-to` has them;
    mode "" is chosen by the build.
    suffix: ends the tags of caches, where a build has several solves and each its own.
    """

    kind: str = "off"
    branch: str = ""
    default_branch: str = ""
    ref: Reference | None = None
    mode: str = ""
    ignore_error: str = "true"
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> "Choice":
        """Read `auto`, `auto,branch=NAME,default-branch=NAME,ref=REPOSITORY,mode=min,ignore-error=false`,
        `inline`, `inline,branch=NAME,default-branch=NAME` or `off`; "" is `off`. Raises UsageError."""
        kind, comma, rest = (text or "off").partition(",")
        if kind not in KINDS:
            raise csvspec.refusal(FLAG, text, f"unknown kind {kind!r}", csvspec.nearest(kind, KINDS))
        given = csvspec.attributes(FLAG, rest) if comma else {}
        attrs = {key: value for key, value in csvspec.check(FLAG, text, given, CHECKS[kind]).items() if value}
        ref = Reference.parse(attrs["ref"]) if "ref" in attrs else None
        if ref and (ref.tag or ref.digest):
            raise csvspec.refusal(
                FLAG,
                text,
                f"ref has more than a name: {ref}",
                f"Write ref={ref.name}: the branch is the tag.",
            )
        return cls(
            kind,
            attrs.get("branch", ""),
            attrs.get("default-branch", ""),
            ref,
            attrs.get("mode", ""),
            attrs.get("ignore-error", "true"),
        )

    def located(self, context: str, environ: Mapping[str, str]) -> "Choice":
        """The same with the branches that it does not name: those of the CI system, else those of git.

        context: a directory in the work tree. Reads files of .git there or above it; runs nothing.
        """
        if self.kind == "off" or (self.branch and self.default_branch):
            return self
        head, default = git_branches(context)
        tagged = environ.get("GITHUB_REF_TYPE") == "tag"
        names = [environ.get(name, "") for name in BRANCHES if not (tagged and name == "GITHUB_REF_NAME")]
        defaults = [environ.get(name, "") for name in DEFAULT_BRANCHES]
        return self._replace(
            branch=next(filter(None, (self.branch, *names, head)), ""),
            default_branch=next(filter(None, (self.default_branch, *defaults, default)), ""),
        )

    def imports(self, image: Reference | None, given: Iterable[Cache] = ()) -> tuple[Cache, ...]:
        """The caches to read besides those given: the branch's, then the default branch's.

        The second one is for a branch that has no cache yet: where two caches hold a step, BuildKit 0.32 may
        not find in one of them what follows it in the other (measured: docs/cache.md).
        image: a name that is pushed. A ref that is given already is left out. Raises UsageError.
        """
        if self.kind == "off":
            return ()
        place, taken = self._place(image), {cache.ref for cache in given}
        default = self.default_branch or FALLBACK
        names = [image_tag(name) for name in (self.branch or default, default)]
        if self.kind == "auto":
            names = [cache_tag(name, self.suffix) for name in (self.branch or default, default)]
        found = [Cache("registry", place._replace(tag=name)) for name in dict.fromkeys(names)]
        return tuple(cache for cache in found if cache.ref not in taken)

    def exports(self, image: Reference | None, given: Iterable[Cache] = ()) -> tuple[Cache, ...]:
        """The cache to write besides those given: the branch's, or the image's own.

        image: a name that is pushed. None if there is such a one already. It has no `mode` where the build
        is to choose it. Raises UsageError.
        """
        if self.kind == "off":
            return ()
        place, given = self._place(image), tuple(given)
        if self.kind == "inline":
            return () if any(cache.kind == "inline" for cache in given) else (Cache("inline"),)
        ref = place._replace(tag=cache_tag(self.branch or self.default_branch or FALLBACK, self.suffix))
        if any(cache.ref == ref for cache in given):
            return ()
        attrs = {"mode": self.mode} if self.mode else {}
        attrs |= {"image-manifest": "true", "oci-mediatypes": "true", "ignore-error": self.ignore_error}
        return (Cache("registry", ref, tuple(attrs.items())),)

    def _place(self, image: Reference | None) -> Reference:
        """The repository of the caches."""
        if self.ref:
            return self.ref
        if image is None:
            hint = "Push the image (-t NAME --push)"
            if self.kind == "auto":
                hint += f", or say where the cache is: {FLAG} auto,ref=HOST/OWNER/NAME"
            raise UsageError(
                f"{FLAG} {self.kind}: the cache belongs to the pushed image, and none is pushed",
                hint=f"{hint}.",
            )
        return Reference(image.registry, image.repository)


def cache_tag(branch: str, suffix: str = "") -> str:
    """The tag of a branch's cache, at most 128 characters, another one for each branch and suffix.

    A name that cannot be a tag as it stands ends with a hash of it, and so does one that ends as if it had.
    """
    branch += f"-{suffix}" if suffix else ""
    text, room = _allowed(branch), TAG_LENGTH - len(PREFIX)
    if text == branch and len(text) <= room and not re.search(rf"-[0-9a-f]{{{HASH_LENGTH}}}\Z", text):
        return PREFIX + text
    from hashlib import sha256

    mark = sha256(branch.encode(errors="surrogatepass")).hexdigest()[:HASH_LENGTH]
    return f"{PREFIX}{text[: room - HASH_LENGTH - 1]}-{mark}"


def image_tag(branch: str) -> str:
    """The tag under which CI systems push a branch's image: what no tag may have becomes `-`."""
    return _allowed(branch).lstrip(".-")[:TAG_LENGTH] or FALLBACK


def _allowed(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)


def git_branches(folder: str) -> tuple[str, str]:
    """The branch that is checked out, and the default branch, of the work tree that a directory is in.

    "" where git's files do not say it: no repository, a detached HEAD, no `origin` and no main or master.
    """
    git = _git_directory(os.path.abspath(folder))
    if not git:
        return "", ""
    common = os.path.join(git, _line(git, "commondir"))
    default = _branch(common, "refs/remotes/origin/HEAD", "refs/remotes/origin/")
    if not default:
        default = next((name for name in ("main", "master") if _exists(common, name)), "")
    return _branch(git, "HEAD", "refs/heads/"), default


def _git_directory(folder: str) -> str:
    """The .git of a directory or of the nearest one above it; that of a work tree is named in a file."""
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return git
        if line := _line(folder, ".git"):
            return os.path.join(folder, line.removeprefix("gitdir:").strip())
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return ""


def _branch(git: str, name: str, kind: str) -> str:
    """The branch that a symbolic ref names. A repository with reftables has `.invalid` in its HEAD."""
    target = _line(git, name).removeprefix("ref:").strip()
    branch = target.removeprefix(kind)
    return branch if branch != target and branch != ".invalid" else ""


def _exists(git: str, branch: str) -> bool:
    names = (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}")
    if any(os.path.exists(os.path.join(git, name)) for name in names):
        return True
    try:
        with open(os.path.join(git, "packed-refs"), errors="surrogateescape") as file:
            return any(line.rstrip("\n").endswith(tuple(f" {name}" for name in names)) for line in file)
    except OSError:
        return False


def _line(folder: str, name: str) -> str:
    """The first line of a file; "" where it cannot be read."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(65536).rstrip("\n")
    except OSError:
        return ""
