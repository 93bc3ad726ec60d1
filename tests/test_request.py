"""A request and the message that goes out for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UsageError
from runner.registry.settings import RegistrySettings, parse_settings
from runner.request import BuildRequest, SolvePlan, plan
from runner.specs.output import Output
from runner.specs.platform import Platform
from runner.specs.reference import Reference
from runner.specs.secret import Secret
from runner.wire import control


def planned(registries: RegistrySettings | None = None, **fields: Any) -> SolvePlan:
    """The plan of a request for the context `.`."""
    return plan(BuildRequest(".", **fields), ref="the-build", session="the-session", registries=registries)


def attributes(**fields: Any) -> Mapping[str, str]:
    """The frontend's attributes, without the Dockerfile's name."""
    attrs = dict(planned(**fields).solve.FrontendAttrs)
    assert attrs.pop("filename") == "Dockerfile"
    return attrs


def exporters(registries: RegistrySettings | None = None, **fields: Any) -> list[tuple[str, dict[str, str]]]:
    return [(made.Type, made.Attrs) for made in planned(registries, **fields).solve.Exporters]


def test_the_whole_message() -> None:
    request = BuildRequest(
        "examples/hello",
        tags=["127.0.0.1:5000/team/hello:1"],
        push=True,
        build_args={"A": "1"},
        platforms=["linux/amd64"],
        cache_from=["h.io/cache"],
        cache_to=["type=inline"],
    )
    assert plan(request, ref="r", session="s", dockerfile="my.Dockerfile").solve == control.SolveRequest(
        Ref="r",
        Session="s",
        Frontend="dockerfile.v0",
        FrontendAttrs={
            "filename": "my.Dockerfile",
            "platform": "linux/amd64",
            "build-arg:A": "1",
            "cache-imports": '[{"Type": "registry", "Attrs": {"ref": "h.io/cache:latest"}}]',
        },
        Exporters=[
            control.Exporter(Type="image", Attrs={"name": "127.0.0.1:5000/team/hello:1", "push": "true"})
        ],
        Cache=control.CacheOptions(
            Exports=[control.CacheOptionsEntry(Type="inline")],
            Imports=[control.CacheOptionsEntry(Type="registry", Attrs={"ref": "h.io/cache:latest"})],
        ),
    )


FRONTEND: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"target": "test"}, {"target": "test"}),
    ({"no_cache": True}, {"no-cache": ""}),
    ({"pull": True}, {"image-resolve-mode": "pull"}),
    ({"platforms": ["linux/amd64,aarch64", "armhf"]}, {"platform": "linux/amd64,linux/arm64,linux/arm/v7"}),
    ({"platforms": "arm64"}, {"platform": "linux/arm64"}),
    ({"build_args": ["A=1", "B=x=y", "C="]}, {"build-arg:A": "1", "build-arg:B": "x=y", "build-arg:C": ""}),
    ({"labels": {"a": "b"}}, {"label:a": "b"}),
    ({"labels": ["a=b c", "d"]}, {"label:a": "b c", "label:d": ""}),
    (
        {"attestations": ["type=provenance,mode=max", "type=sbom"]},
        {"attest:provenance": "mode=max", "attest:sbom": ""},
    ),
    ({"attestations": ["type=sbom", "type=sbom,disabled=true"]}, {}),
]


@pytest.mark.parametrize(("fields", "attrs"), FRONTEND)
def test_what_the_frontend_is_told(fields: dict[str, Any], attrs: dict[str, str]) -> None:
    assert attributes(**fields) == attrs


def test_a_frontend_of_ones_own() -> None:
    solve = planned(build_args={"BUILDKIT_SYNTAX": "h.io/dockerfile:1 --opt"}).solve
    assert solve.Frontend == "gateway.v0"
    assert solve.FrontendAttrs["source"] == "h.io/dockerfile:1"
    assert solve.FrontendAttrs["cmdline"] == "h.io/dockerfile:1 --opt"
    assert solve.FrontendAttrs["build-arg:BUILDKIT_SYNTAX"] == "h.io/dockerfile:1 --opt"


EXPORTERS: list[tuple[dict[str, Any], list[tuple[str, dict[str, str]]]]] = [
    ({}, []),
    ({"outputs": ["type=cacheonly"]}, []),
    ({"outputs": ["type=cacheonly"], "tags": ["a"]}, []),
    ({"tags": ["a"]}, [("image", {"name": "docker.io/library/a:latest"})]),
    (
        {"tags": ["h.io/a:1", "h.io/a:2", "h.io/a:1"], "push": True},
        [("image", {"name": "h.io/a:1,h.io/a:2", "push": "true"})],
    ),
    (
        {"outputs": ["type=image,name=h.io/a,compression=zstd"], "push": True},
        [("image", {"name": "h.io/a:latest", "push": "true", "compression": "zstd"})],
    ),
    (
        {"outputs": ["type=cacheonly"], "tags": ["h.io/a:1"], "push": True},
        [("image", {"name": "h.io/a:1", "push": "true"})],
    ),
    (
        {"outputs": ["type=image,name=h.io/a:1,push=true", "type=registry,name=i.io/b:2"]},
        [
            ("image", {"name": "h.io/a:1", "push": "true"}),
            ("image", {"name": "i.io/b:2", "push": "true"}),
        ],
    ),
    (
        {"outputs": ["type=image,name=h.io/a:1"], "tags": ["i.io/b:2"]},
        [("image", {"name": "i.io/b:2"})],
    ),
    (
        {"outputs": ["type=image,push-by-digest=true,push=true,name=h.io/a"]},
        [("image", {"name": "h.io/a", "push": "true", "push-by-digest": "true"})],
    ),
]


@pytest.mark.parametrize(("fields", "made"), EXPORTERS)
def test_the_exporters(fields: dict[str, Any], made: list[tuple[str, dict[str, str]]]) -> None:
    assert exporters(**fields) == made


def test_the_outputs_behind_the_exporters_have_their_final_names() -> None:
    assert planned(tags=["h.io/a"], push=True).outputs == (
        Output("image", (Reference("h.io", "a", "latest"),), push=True),
    )


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"push": True}, "pushing the image: it has no name"),
    ({"outputs": ["type=image,push=true"]}, "pushing the image: it has no name"),
    ({"tags": ["A"]}, "upper-case"),
    ({"tags": [f"a@sha256:{'0' * 64}"]}, "cannot be given a digest"),
    ({"outputs": ["type=image,push-by-digest=true,push=true"], "tags": ["a:1"]}, "pushes no tag"),
    ({"outputs": ["type=tar"]}, "not supported yet"),
    ({"platforms": ["linux/amd46"]}, "'amd46' is neither"),
    ({"build_args": ["=1"]}, "it has no name"),
    ({"secrets": ["id=x,env=NOT_SET"]}, "NOT_SET is not set"),
    ({"dockerfile": "-"}, "only a local path"),
    ({"dockerfile": "d/\udcff"}, r"reading --file: '\\udcff' is not valid UTF-8"),
    ({"target": "\udcff"}, "reading --target: .* is not valid UTF-8\nWrite it in UTF-8"),
    ({"build_args": ["A=\udcff"]}, "reading --build-arg: the value of 'A' is not valid UTF-8"),
    ({"build_args": ["\udcff=1"]}, "reading --build-arg: .* is not valid UTF-8"),
    ({"labels": {"a": "\udcff"}}, "reading --label: the value of 'a' is not valid UTF-8"),
    ({"tags": ["a\udcff"]}, "reading the image reference"),
    ({"outputs": ["type=image,annotation.a=\udcff"]}, "reading --output: the value of 'annotation.a' is not"),
    ({"attestations": ["type=sbom,a=\udcff"]}, "reading --attest: the value of 'a' is not valid UTF-8"),
    ({"cache_to": ["h.io/a", "type=registry,ref=h.io/a:latest,mode=max"]}, "two caches go to h.io/a:latest"),
    ({"cache_to": ["type=local,dest=/c/a", "type=local,dest=/c/b/../a,tag=b"]}, "two caches go to /c/a"),
]


@pytest.mark.parametrize(("fields", "words"), REFUSED)
def test_bad_input_is_refused_when_the_request_is_made(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        BuildRequest(".", **fields)


@pytest.mark.parametrize(
    "context", ["-", "https://h.io/a.git", "git@h.io:a.git", "github.com/a/b", "ssh://git@h/a"]
)
def test_a_context_from_elsewhere_is_not_a_path(context: str) -> None:
    with pytest.raises(UsageError, match="only a local path"):
        BuildRequest(context)


def test_a_directory_may_have_such_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "github.com" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert BuildRequest("github.com/a").context == "github.com/a"


def test_texts_and_parsed_values_make_the_same_request(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    secret = f"id=s,src={tmp_path}/s"
    one = BuildRequest(Path("dir"), tags="a:1", platforms="arm64", secrets=secret, cache_from="b,c:1")
    assert one.context == "dir"
    assert one.tags == (Reference.parse("a:1"),)
    assert one.platforms == (Platform("linux", "arm64"),)
    assert one.secrets == (Secret.parse(secret),)
    again = BuildRequest(
        "dir", tags=one.tags, platforms=one.platforms, secrets=one.secrets, cache_from=one.cache_from
    )
    assert again == one


def test_a_request_is_frozen() -> None:
    request = BuildRequest(".", build_args={"A": "1"})
    with pytest.raises(AttributeError):
        request.push = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        request.build_args["A"] = "2"  # type: ignore[index]


class TestCaches:
    def test_imports_are_told_to_the_frontend_and_to_the_solver(self) -> None:
        made = planned(cache_from=["h.io/a,h.io/b:1", "type=registry,ref=i.io/c,registry.insecure=true"])
        wanted = [
            {"Type": "registry", "Attrs": {"ref": "h.io/a:latest"}},
            {"Type": "registry", "Attrs": {"ref": "h.io/b:1"}},
            {"Type": "registry", "Attrs": {"ref": "i.io/c:latest", "registry.insecure": "true"}},
        ]
        assert json.loads(made.solve.FrontendAttrs["cache-imports"]) == wanted
        assert made.solve.Cache is not None
        assert [{"Type": e.Type, "Attrs": e.Attrs} for e in made.solve.Cache.Imports] == wanted

    def test_the_same_cache_counts_once(self) -> None:
        request = BuildRequest(".", cache_to=["type=inline", "type=inline", "h.io/a", "h.io/a:latest"])
        assert [cache.kind for cache in request.cache_exports()] == ["inline", "registry"]

    @pytest.mark.parametrize(
        ("value", "kinds"), [("1", ["inline"]), ("true", ["inline"]), ("0", []), ("no", [])]
    )
    def test_a_build_argument_asks_for_an_inline_cache(self, value: str, kinds: list[str]) -> None:
        request = BuildRequest(".", build_args={"BUILDKIT_INLINE_CACHE": value})
        assert [cache.kind for cache in request.cache_exports()] == kinds

    def test_local_ones_are_stores_of_the_session(self) -> None:
        request = BuildRequest(
            ".",
            cache_from=["type=local,src=/c/a", "type=local,src=/c/empty"],
            cache_to=["type=local,dest=/c/a,mode=max", "type=local,dest=/c/b,tag=main,reset=true"],
        )
        digest = "sha256:" + "0" * 64
        made = plan(request, ref="r", session="s", digests={request.cache_from[0]: digest})
        assert made.stores == ("local:/c/a", "local:/c/b")
        assert json.loads(made.solve.FrontendAttrs["cache-imports"]) == [
            {"Type": "local", "Attrs": {"src": "/c/a", "digest": digest}}
        ]
        assert made.solve.Cache is not None
        assert [(entry.Type, entry.Attrs) for entry in made.solve.Cache.Exports] == [
            ("local", {"dest": "/c/a", "mode": "max"}),
            ("local", {"dest": "/c/b", "tag": "main", "reset": "true"}),
        ]
        assert planned(cache_from=["h.io/a"], cache_to=["type=inline"]).stores == ()

    def test_one_at_github_without_a_token_is_left_out_as_buildx_does_and_said(self) -> None:
        request = BuildRequest(
            ".", cache_from=["type=gha"], cache_to=["type=gha,mode=max"], outputs="type=cacheonly"
        )
        made = plan(request, ref="r", session="s")
        assert made.solve.Cache == control.CacheOptions()
        assert "cache-imports" not in made.solve.FrontendAttrs
        assert made.notices == (
            "--cache-from: type=gha is left out, as it has no token (ACTIONS_RUNTIME_TOKEN)",
            "--cache-to: type=gha is left out, as it has no token (ACTIONS_RUNTIME_TOKEN)",
        )

    def test_secrets_of_the_environment_go_to_the_daemon_and_nowhere_else(self) -> None:
        environ = {
            "ACTIONS_RUNTIME_TOKEN": "swordfish-1",
            "ACTIONS_CACHE_URL": "https://h.io/",
            "AWS_ACCESS_KEY_ID": "swordfish-2",
            "AWS_SECRET_ACCESS_KEY": "swordfish-3-longer",
        }
        request = BuildRequest(".", cache_from=["type=gha"], cache_to=["type=s3,bucket=b,region=r"])
        request = request.with_environment(environ)
        made = plan(request, ref="r", session="s")
        assert made.solve.Cache is not None
        assert made.solve.Cache.Imports[0].Attrs == {"token": "swordfish-1", "url": "https://h.io/"}
        assert made.solve.Cache.Exports[0].Attrs["secret_access_key"] == "swordfish-3-longer"
        assert made.masks == ("swordfish-3-longer", "swordfish-1", "swordfish-2")
        assert "swordfish" not in repr(made) + repr(request) + "".join(made.notices)


class TestInsecureRegistries:
    plain = parse_settings(insecure=["plain:5000"])

    def test_a_setting_marks_pushes_and_caches(self) -> None:
        made = planned(
            self.plain,
            tags=["plain:5000/a:1"],
            push=True,
            cache_from=["plain:5000/a:1", "h.io/a"],
            cache_to=["type=registry,ref=plain:5000/c,mode=max"],
        ).solve
        insecure = {"registry.insecure": "true"}
        assert made.Exporters[0].Attrs == {"name": "plain:5000/a:1", "push": "true", **insecure}
        assert made.Cache is not None
        assert [entry.Attrs for entry in made.Cache.Imports] == [
            {"ref": "plain:5000/a:1", **insecure},
            {"ref": "h.io/a:latest"},
        ]
        assert made.Cache.Exports[0].Attrs == {"ref": "plain:5000/c:latest", "mode": "max", **insecure}

    def test_what_is_not_pushed_needs_no_mark(self) -> None:
        assert exporters(self.plain, tags=["plain:5000/a:1"]) == [("image", {"name": "plain:5000/a:1"})]

    def test_names_of_both_sorts_make_two_exporters(self) -> None:
        tags = ["h.io/a:1", "plain:5000/a:1", "i.io/a:1"]
        assert exporters(self.plain, tags=tags, push=True) == [
            ("image", {"name": "h.io/a:1,i.io/a:1", "push": "true"}),
            ("image", {"name": "plain:5000/a:1", "push": "true", "registry.insecure": "true"}),
        ]

    def test_a_mark_on_an_output_counts_for_the_caches_too(self) -> None:
        request = BuildRequest(
            ".",
            outputs=["type=image,name=h.io/a:1,push=true,registry.insecure=true"],
            cache_from=["h.io/a:1", "i.io/a:1"],
        )
        assert request.insecure_hosts() == {"h.io"}
        cache = plan(request, ref="", session="").solve.Cache
        assert cache is not None
        assert [entry.Attrs.get("registry.insecure") for entry in cache.Imports] == ["true", None]

    def test_an_output_may_say_that_it_is_secure(self) -> None:
        output = "type=image,name=plain:5000/a:1,push=true,registry.insecure=false"
        assert exporters(self.plain, outputs=[output])[0][1]["registry.insecure"] == "false"


def test_the_registries_that_are_written_to_come_images_first() -> None:
    made = planned(
        tags=["b.io/x", "a.io/x", "b.io/y"],
        push=True,
        cache_to=["c.io/x", "a.io/x:cache", "type=inline"],
        cache_from=["d.io/x"],
    )
    assert made.pushed == ("b.io", "a.io", "c.io")
    assert planned(tags=["b.io/x"]).pushed == ()


def test_the_registry_of_the_first_tag_comes_first_also_where_it_is_insecure() -> None:
    plain = parse_settings(insecure=["plain:5000"])
    tags = ["plain:5000/a:1", "h.io/a:1"]
    assert planned(plain, tags=tags, push=True).pushed == ("plain:5000", "h.io")


@pytest.mark.parametrize("epoch", ["", "0", "-1", "+1700000000", "context", "One", str(2**63 - 1)])
def test_the_times_that_buildkit_takes(tmp_path: Path, epoch: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch as one\nADD https://h.io/x /\nFROM scratch\n")
    request = BuildRequest(tmp_path, build_args={"SOURCE_DATE_EPOCH": epoch})
    assert request.build_args["SOURCE_DATE_EPOCH"] == epoch


@pytest.mark.parametrize("epoch", ["abc", "1.5", " 1", "1\n", "\u0661", str(2**63), "2024-01-01"])
def test_another_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "Dockerfile").write_text("FROM scratch AS one\n")
    with pytest.raises(UsageError, match=r"reading SOURCE_DATE_EPOCH .*: it is not a number.*\nGive seconds"):
        BuildRequest(tmp_path, build_args={"SOURCE_DATE_EPOCH": epoch})
    with pytest.raises(UsageError, match="reading SOURCE_DATE_EPOCH"):
        BuildRequest(tmp_path).with_environment({"SOURCE_DATE_EPOCH": epoch})


def test_a_secret_given_twice_is_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "1")
    (tmp_path / "two").write_text("2")
    made = planned(secrets=["id=s,env=ONE", f"id=s,src={tmp_path}/two", "id=t,env=ONE"])
    assert made.secrets == (Secret("s", file=f"{tmp_path}/two"), Secret("t", env="ONE"))


NOTICES: list[tuple[dict[str, Any], list[str]]] = [
    ({"tags": ["a"], "push": True}, []),
    ({"outputs": ["type=cacheonly"]}, []),
    ({}, ["no output was asked for"]),
    ({"tags": ["a"]}, ["the image is not pushed"]),
    (
        {"outputs": ["type=image,name=a,push=true,unpack=true,name-canonical=true"]},
        ["unpack=true and name-canonical=true has no effect"],
    ),
    ({"outputs": ["type=registry,name=a"], "tags": ["b"]}, ["-t replaces its name=docker.io/library/a"]),
    ({"tags": ["a"], "push": True, "cache_to": ["type=inline,mode=max"]}, ["mode=max has no effect"]),
]


@pytest.mark.parametrize(("fields", "words"), NOTICES)
def test_notices(fields: dict[str, Any], words: list[str]) -> None:
    notices = planned(**fields).notices
    assert len(notices) == len(words)
    for notice, wanted in zip(notices, words, strict=True):
        assert wanted in notice


def test_passwords_are_in_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(
        '{"proxies": {"default": {"httpProxy": "http://me:hunter22@proxy:3128"}}}'
    )
    request = BuildRequest(
        ".", build_args={"PIP": "https://u:token-1@h"}, labels={"l": "http://a:labelpw@h"}
    ).with_environment({"SOURCE_DATE_EPOCH": "17"})
    made = plan(request, ref="r", session="s")
    assert made.solve.FrontendAttrs["build-arg:HTTP_PROXY"] == "http://me:hunter22@proxy:3128"
    assert made.solve.FrontendAttrs["build-arg:SOURCE_DATE_EPOCH"] == "17"
    assert set(made.masks) == {"hunter22", "me:hunter22", "token-1", "u:token-1", "labelpw", "a:labelpw"}
    for text in (repr(request), str(request), repr(made), f"{made}"):
        assert not [secret for secret in ("hunter22", "token-1", "labelpw") if secret in text]
    assert "'PIP': '***'" in repr(request)


def test_the_environments_arguments_do_not_replace_those_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    request = BuildRequest(".", build_args={"SOURCE_DATE_EPOCH": "1"})
    assert request.with_environment({"SOURCE_DATE_EPOCH": "2"}) == request
