"""Platforms are read as containerd reads them (checked against github.com/containerd/platforms)."""

import os

import pytest

from runner.errors import UsageError
from runner.specs.platform import Platform, local, parse_platforms

NORMAL_FORMS = {
    "linux/amd64": "linux/amd64",
    "Linux/AMD64": "linux/amd64",
    "linux/x86_64": "linux/amd64",
    "linux/amd64/v1": "linux/amd64",
    "linux/amd64/v3": "linux/amd64/v3",
    "amd64": "linux/amd64",
    "x86-64": "linux/amd64",
    "i386": "linux/386",
    "linux/i386/x": "linux/386",
    "aarch64": "linux/arm64",
    "linux/arm64/v8": "linux/arm64",
    "linux/arm64/8": "linux/arm64",
    "linux/arm64/9.0": "linux/arm64/v9",
    "linux/arm": "linux/arm/v7",
    "arm": "linux/arm/v7",
    "armhf": "linux/arm/v7",
    "armel": "linux/arm/v6",
    "linux/armhf/v6": "linux/arm/v7",
    "linux/arm/6": "linux/arm/v6",
    "linux/riscv64": "linux/riscv64",
    "macos/arm64": "darwin/arm64",
    "windows(10.0.17763)/amd64": "windows(10.0.17763)/amd64",
    "wasi/wasm": "wasi/wasm",
}

REFUSED = (
    "",
    "linux/",
    "/amd64",
    "linux//v7",
    "linux/*",
    "*",
    "linux/amd64/v2/x",
    "li nux/amd64",
    "linux/(1)",
)


@pytest.mark.parametrize("text", NORMAL_FORMS)
def test_aliases_have_one_normal_form(text: str) -> None:
    assert str(Platform.parse(text)) == NORMAL_FORMS[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_a_platform_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="reading the platform"):
        Platform.parse(text)


def test_an_unknown_architecture_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        Platform.parse("linux/arm46")
    assert caught.value.hint == "Did you mean arm64?"


def test_an_operating_system_alone_has_this_machines_architecture() -> None:
    assert Platform.parse("linux") == local()
    assert Platform.parse("windows(10.0)").architecture == local().architecture
    assert Platform.parse("LOCAL") == local()


@pytest.mark.parametrize(
    ("machine", "platform"),
    [
        ("x86_64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
        ("armv6l", "linux/arm/v6"),
        ("i686", "linux/386"),
    ],
)
def test_the_kernels_name_of_a_machine(monkeypatch: pytest.MonkeyPatch, machine: str, platform: str) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "", "", "", machine)))
    assert str(local()) == platform


def test_lists_may_be_split_by_commas_and_each_counts_once() -> None:
    found = parse_platforms(["linux/amd64, arm64", "x86_64", "linux/arm/v7"])
    assert [str(one) for one in found] == ["linux/amd64", "linux/arm64", "linux/arm/v7"]
