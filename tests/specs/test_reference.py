"""References are read as Docker reads them (checked against github.com/distribution/reference)."""

import pytest

from runner.errors import UsageError
from runner.specs.reference import Reference

HEX = "0123456789abcdef" * 4

FULL_FORMS = {
    "busybox": "docker.io/library/busybox",
    "busybox:1.36": "docker.io/library/busybox:1.36",
    "user/app:cache": "docker.io/user/app:cache",
    "docker.io/busybox": "docker.io/library/busybox",
    "index.docker.io/busybox": "docker.io/library/busybox",
    "index.docker.io/user/app": "docker.io/user/app",
    "docker.io/library/busybox": "docker.io/library/busybox",
    "localhost/app": "localhost/app",
    "localhost:5000/app:Tag_1.0-x": "localhost:5000/app:Tag_1.0-x",
    "localhost": "docker.io/library/localhost",
    "127.0.0.1:5000/team/hello:1": "127.0.0.1:5000/team/hello:1",
    "[::1]:5000/app": "[::1]:5000/app",
    "git.example.org/a/b/c/d:latest": "git.example.org/a/b/c/d:latest",
    "HOST/app": "HOST/app",
    "a__b/c--d/e.f_g": "docker.io/a__b/c--d/e.f_g",
    f"app@sha256:{HEX}": f"docker.io/library/app@sha256:{HEX}",
    f"h.io/app:1@sha256:{HEX}": f"h.io/app:1@sha256:{HEX}",
    f"app@sha512:{HEX}{HEX}": f"docker.io/library/app@sha512:{HEX}{HEX}",
    "app:" + "t" * 128: "docker.io/library/app:" + "t" * 128,
    "h.io/" + "a" * 255: "h.io/" + "a" * 255,
}

REFUSED = {
    "": "empty",
    ":1": "no repository",
    "h.io/": "no repository",
    HEX: "image's ID",
    "App": "upper-case",
    "h.io/Team/app": "upper-case",
    "a//b": "not a repository's name",
    "/a": "not a repository's name",
    "a/": "not a repository's name",
    "-a": "not a repository's name",
    "a___b": "not a repository's name",
    "a._b": "not a repository's name",
    "a..b/c": "not a registry's host",
    "-h.io/a": "not a registry's host",
    "h.io:port/a": "not a registry's host",
    "https://h.io/a": "not a registry's host",
    "app:": "not a tag",
    "app:.1": "not a tag",
    "app:-1": "not a tag",
    "app:1:2": "not a tag",
    "app:é": "not a tag",
    "app:1\n": "not a tag",
    "app:" + "t" * 129: "not a tag",
    "app@": "not a digest",
    "app@sha256:abc": "not a digest",
    f"app@sha256:{HEX.upper()}": "not a digest",
    f"app@md5:{HEX}": "not a digest",
    "h.io/" + "a" * 256: "longer than 255",
    "a" * 248: "longer than 255",
}


@pytest.mark.parametrize("text", FULL_FORMS)
def test_what_is_left_out_is_filled_in(text: str) -> None:
    assert str(Reference.parse(text)) == FULL_FORMS[text]


@pytest.mark.parametrize("text", FULL_FORMS)
def test_the_full_form_means_the_same(text: str) -> None:
    assert Reference.parse(FULL_FORMS[text]) == Reference.parse(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_a_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=REFUSED[text]):
        Reference.parse(text)


def test_its_parts() -> None:
    found = Reference.parse(f"h.io:5000/team/app:1@sha256:{HEX}")
    assert found == Reference("h.io:5000", "team/app", "1", f"sha256:{HEX}")
    assert found.name == "h.io:5000/team/app"


def test_latest_is_the_tag_of_a_bare_name_only() -> None:
    assert Reference.parse("app").tagged().tag == "latest"
    assert Reference.parse("app:1").tagged().tag == "1"
    assert Reference.parse(f"app@sha256:{HEX}").tagged().tag == ""


def test_an_address_is_answered_with_the_reference_in_it() -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse("https://h.io/app:1")
    assert caught.value.hint == "A reference has no https://, write h.io/app:1."
