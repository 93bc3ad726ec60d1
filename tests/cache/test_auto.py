"""Which caches `--cache` means: by the image, the branch, the CI system and git's files."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from runner import BuildRequest
from runner.cache.auto import Choice, cache_tag, git_branches, image_tag
from runner.errors import UsageError
from runner.request import cache_solve, plan, without_import
from runner.specs.cache import Cache
from runner.specs.reference import TAG, Reference

IMAGE = Reference.parse("h.io/team/app:1f3c")
LONG = "feature/" + "x" * 200


def read(text: str, image: Reference | None = IMAGE) -> list[str]:
    return [str(cache.ref) for cache in Choice.parse(text).imports(image)]


def written(text: str, image: Reference | None = IMAGE) -> list[tuple[str, dict[str, str]]]:
    return [(cache.kind, cache.attributes()) for cache in Choice.parse(text).exports(image)]


READ: dict[str, list[str]] = {
    "": [],
    "off": [],
    "auto": ["h.io/team/app:buildcache-main"],
    "auto,branch=": ["h.io/team/app:buildcache-main"],
    "auto,branch=main": ["h.io/team/app:buildcache-main"],
    "auto,branch=v2": ["h.io/team/app:buildcache-v2", "h.io/team/app:buildcache-main"],
    "auto,branch=v2,default-branch=trunk": ["h.io/team/app:buildcache-v2", "h.io/team/app:buildcache-trunk"],
    "auto,default-branch=trunk": ["h.io/team/app:buildcache-trunk"],
    "auto,branch=v2,ref=c.io/team/app-cache": [
        "c.io/team/app-cache:buildcache-v2",
        "c.io/team/app-cache:buildcache-main",
    ],
    "inline": ["h.io/team/app:main"],
    "inline,branch=feature/login": ["h.io/team/app:feature-login", "h.io/team/app:main"],
    "inline,branch=v2,default-branch=trunk": ["h.io/team/app:v2", "h.io/team/app:trunk"],
}


@pytest.mark.parametrize("text", READ)
def test_the_branchs_cache_comes_before_its_fallback(text: str) -> None:
    assert read(text) == READ[text]


def test_solves_that_run_apart_have_a_suffix_each() -> None:
    choice = Choice.parse("auto,branch=v2")._replace(suffix="b")
    assert [str(cache.ref) for cache in choice.imports(IMAGE)] == [
        "h.io/team/app:buildcache-v2-b",
        "h.io/team/app:buildcache-main-b",
    ]
    assert [str(cache.ref) for cache in choice.exports(IMAGE)] == ["h.io/team/app:buildcache-v2-b"]
    inline = Choice.parse("inline,branch=v2")._replace(suffix="b")
    assert [str(cache.ref) for cache in inline.imports(IMAGE)] == ["h.io/team/app:v2", "h.io/team/app:main"]
    assert len(cache_tag(LONG, "linux-arm64")) == 128
    assert cache_tag(LONG, "linux-arm64") != cache_tag(LONG, "linux-amd64")


def test_only_the_branchs_cache_is_written() -> None:
    attrs = {
        "ref": "h.io/team/app:buildcache-v2",
        "image-manifest": "true",
        "oci-mediatypes": "true",
        "ignore-error": "true",
    }
    assert written("auto,branch=v2") == [("registry", attrs)]
    other = {"mode": "min", "ignore-error": "false"}
    assert written("auto,branch=v2,mode=min,ignore-error=0") == [("registry", attrs | other)]
    assert written("inline,branch=v2") == [("inline", {})]
    assert written("off") == written("") == []


def test_a_cache_elsewhere_needs_no_image() -> None:
    assert read("auto,ref=c.io/app-cache", None) == ["c.io/app-cache:buildcache-main"]
    for text in ("auto", "inline"):
        with pytest.raises(UsageError, match="none is pushed") as caught:
            read(text, None)
        assert "-t NAME --push" in caught.value.hint


def test_what_is_given_wins() -> None:
    choice = Choice.parse("auto,branch=v2")
    mine = Cache.parse_export("type=registry,ref=h.io/team/app:buildcache-v2,mode=min")
    assert choice.exports(IMAGE, [mine]) == ()
    assert [str(cache.ref) for cache in choice.imports(IMAGE, [mine])] == ["h.io/team/app:buildcache-main"]
    assert Choice.parse("inline").exports(IMAGE, [Cache("inline")]) == ()


WRONG = {
    "aut": "unknown kind 'aut'",
    "branch=v2": "unknown kind 'branch=v2'",
    "auto,brunch=v2": "unknown attribute 'brunch'",
    "auto,mode=maximum": "mode must be min or max, not 'maximum'",
    "auto,ignore-error=maybe": "ignore-error must be true or false",
    "auto,ref=h.io/App": "upper-case",
    "auto,ref=h.io/app:1": "ref has more than a name: h.io/app:1",
    "auto,v2": "'v2' is not key=value",
    "inline,mode=max": "unknown attribute 'mode'",
    "off,branch=v2": "unknown attribute 'branch'",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_words_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(WRONG[text])):
        BuildRequest(".", tags=["h.io/app"], push=True, cache=text)


def test_every_branch_has_a_tag_of_its_own() -> None:
    marked = cache_tag("feature/login")
    assert re.fullmatch(r"buildcache-feature-login-[0-9a-f]{12}", marked)
    names = ["feature/login", "feature-login", "feature#login", marked.removeprefix("buildcache-")]
    names += ["Feature-login", LONG, f"{LONG}y", "x" * 117, "x" * 118, "ä", "ö", "\udcff", "-", ".", "_"]
    tags = [cache_tag(name) for name in names]
    assert len(set(tags)) == len(names)
    assert all(re.fullmatch(TAG, tag) for tag in tags)
    assert cache_tag("x" * 117) == f"buildcache-{'x' * 117}"
    assert len(cache_tag(LONG)) == 128


def test_an_image_is_looked_for_under_the_tag_that_ci_gives_it() -> None:
    assert image_tag("feature/login") == "feature-login"
    assert [image_tag(name) for name in ("/", ".x", "")] == ["main", "x", "main"]
    assert re.fullmatch(TAG, image_tag(LONG))


CI: dict[str, tuple[dict[str, str], tuple[str, str]]] = {
    "a push at GitHub or Gitea": ({"GITHUB_REF_NAME": "v2", "GITHUB_REF_TYPE": "branch"}, ("v2", "")),
    "a pull request": ({"GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "fix"}, ("fix", "")),
    "a git tag is no branch": ({"GITHUB_REF_NAME": "v1.0", "GITHUB_REF_TYPE": "tag"}, ("", "")),
    "GitLab": ({"CI_COMMIT_BRANCH": "v2", "CI_DEFAULT_BRANCH": "trunk"}, ("v2", "trunk")),
    "a merge request": ({"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix"}, ("fix", "")),
    "Woodpecker": (
        {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_SOURCE_BRANCH": "fix", "CI_REPO_DEFAULT_BRANCH": "main"},
        ("fix", "main"),
    ),
    "nothing": ({"GITHUB_HEAD_REF": ""}, ("", "")),
}


@pytest.mark.parametrize("name", CI)
def test_the_ci_system_tells_the_branch(name: str, tmp_path: Path) -> None:
    environ, expected = CI[name]
    choice = Choice.parse("auto").located(str(tmp_path), environ)
    assert (choice.branch, choice.default_branch) == expected
    given = Choice.parse("auto,branch=mine,default-branch=ours")
    assert given.located(str(tmp_path), environ) == given


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t.invalid")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


class TestGit:
    @pytest.fixture
    def work(self, tmp_path: Path) -> Path:
        """A repository with the branch trunk, where feature/x is checked out."""
        folder = tmp_path / "origin"
        folder.mkdir()
        git(folder, "init", "-q", "-b", "trunk")
        git(folder, "commit", "-q", "--allow-empty", "-m", "first")
        git(folder, "checkout", "-q", "-b", "feature/x")
        return folder

    def test_a_work_tree_and_a_folder_in_it(self, work: Path) -> None:
        (work / "app").mkdir()
        assert git_branches(str(work)) == git_branches(str(work / "app")) == ("feature/x", "")

    def test_a_clone_knows_the_default_branch(self, work: Path, tmp_path: Path) -> None:
        git(work, "checkout", "-q", "trunk")
        git(tmp_path, "clone", "-q", str(work), "clone")
        git(tmp_path / "clone", "checkout", "-q", "-b", "mine")
        assert git_branches(str(tmp_path / "clone")) == ("mine", "trunk")
        git(tmp_path / "clone", "worktree", "add", "-q", "-b", "second", str(tmp_path / "second"))
        assert git_branches(str(tmp_path / "second")) == ("second", "trunk")

    @pytest.mark.parametrize("packed", [False, True])
    def test_without_an_origin_main_comes_before_master(self, work: Path, packed: bool) -> None:
        for name in ("master", "main"):
            git(work, "branch", name)
            if packed:
                git(work, "pack-refs", "--all")
            assert git_branches(str(work)) == ("feature/x", name)

    def test_a_detached_head_is_no_branch(self, work: Path) -> None:
        git(work, "checkout", "-q", "--detach")
        assert git_branches(str(work)) == ("", "")

    @pytest.mark.parametrize(
        "head", ["", "ref: refs/heads/.invalid\n", "ref: refs/remotes/origin/x\n", "\xff\n"]
    )
    def test_files_that_say_nothing(self, tmp_path: Path, head: str) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "HEAD").write_text(head, encoding="latin-1")
        assert git_branches(str(tmp_path)) == ("", "")
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / ".git").write_text("gitdir: ../nowhere\n")
        assert git_branches(str(tmp_path / "sub")) == ("", "")


class TestRequest:
    def test_the_daemon_is_told_of_all_caches(self, tmp_path: Path) -> None:
        request = BuildRequest(
            tmp_path,
            tags=["local-only/app", "h.io/app:1"],
            push=True,
            cache="auto,ref=h.io/app-cache",
            cache_from=["h.io/other"],
            cache_to=["type=inline"],
        ).with_environment({"GITHUB_REF_NAME": "v2"})
        planned = plan(request, ref="r", session="s")
        cache = planned.solve.Cache
        assert cache
        assert [entry.Attrs["ref"] for entry in cache.Imports] == [
            "h.io/other:latest",
            "h.io/app-cache:buildcache-v2",
            "h.io/app-cache:buildcache-main",
        ]
        assert [(entry.Type, entry.Attrs.get("ref")) for entry in cache.Exports] == [("inline", None)]
        assert planned.following is not None
        assert planned.following.Attrs["ref"] == "h.io/app-cache:buildcache-v2"
        assert planned.pushed == ("docker.io", "h.io")
        assert planned.fallback == 2
        without_import(planned.solve, 2)
        read = [entry["Attrs"]["ref"] for entry in json.loads(planned.solve.FrontendAttrs["cache-imports"])]
        assert read == ["h.io/other:latest", "h.io/app-cache:buildcache-v2"]

    def test_the_cache_is_written_by_a_second_solve_in_a_session_of_its_own(self) -> None:
        request = BuildRequest(
            ".", tags=["h.io/app:1"], push=True, cache="auto", attestations=["type=sbom"], target="a"
        )
        planned = plan(request, ref="r", session="s")
        assert planned.following is not None
        second = cache_solve(planned.solve, planned.following)
        assert (second.Ref, second.Session, second.Internal) == ("r-cache", "s-cache", True)
        assert second.Exporters == []
        assert "attest:sbom" in planned.solve.FrontendAttrs
        assert "attest:sbom" not in second.FrontendAttrs
        assert second.FrontendAttrs["target"] == "a"
        assert second.Cache is not None
        assert second.Cache.Exports == [planned.following]

    def test_a_build_without_cache_writes_it_at_once(self) -> None:
        """Its steps would all run again in a second Solve."""
        request = BuildRequest(".", tags=["h.io/app:1"], push=True, cache="auto", no_cache=True)
        planned = plan(request, ref="r", session="s")
        assert planned.following is None
        assert planned.solve.Cache is not None
        (entry,) = planned.solve.Cache.Exports
        assert (entry.Attrs["ref"], entry.Attrs["mode"]) == ("h.io/app:buildcache-main", "max")

    def test_the_place_is_the_first_name_that_is_pushed(self) -> None:
        outputs = ["type=image,name=a.io/kept", "type=image,name=b.io/app:1,push=true,registry.insecure=true"]
        planned = plan(BuildRequest(".", outputs=outputs, cache="auto"), ref="r", session="s")
        assert planned.solve.Cache
        assert [entry.Attrs for entry in planned.solve.Cache.Imports] == [
            {"ref": "b.io/app:buildcache-main", "registry.insecure": "true"}
        ]

    def test_without_a_push_it_is_refused_at_once(self) -> None:
        with pytest.raises(UsageError, match="none is pushed"):
            BuildRequest(".", tags=["h.io/app"], cache="auto")

    def test_a_parsed_choice_is_the_same(self) -> None:
        one, two = (
            BuildRequest(".", tags=["h.io/app"], push=True, cache=cache)
            for cache in ("auto,branch=v2", Choice.parse("auto,branch=v2"))
        )
        assert one == two

    def test_the_pair_of_an_inline_cache_and_the_pushed_name(self) -> None:
        name = "h.io/team/app:1f3c"
        output = f"type=image,name={name},push=true,registry.insecure=true"
        request = BuildRequest(
            ".", outputs=[output], cache_to=["type=inline"], cache_from=[f"type=registry,ref={name}"]
        )
        cache = plan(request, ref="r", session="s").solve.Cache
        assert cache
        assert [(entry.Type, entry.Attrs) for entry in cache.Exports] == [("inline", {})]
        assert [(entry.Type, entry.Attrs) for entry in cache.Imports] == [
            ("registry", {"ref": name, "registry.insecure": "true"})
        ]
