"""The daemon is told where to keep its state, what to run steps with, and which registries there are."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from runner.daemon.config import buildkitd_toml, daemon_environment
from runner.daemon.process import Place
from runner.registry.settings import RegistrySettings, parse_settings
from runner.transport.address import Address

NONE = RegistrySettings()
MIRROR = parse_settings(insecure=["mirror.test:5000"], mirrors=["docker.io=mirror.test:5000"], environ={})


def configuration(
    root: str = "/state",
    registries: RegistrySettings = NONE,
    *,
    debug: bool = False,
    cache_size: int | None = None,
) -> dict[str, Any]:
    place = Place(root, "/run/ours", "ours-1", Address(path="/run/ours/buildkitd.sock"))
    text = buildkitd_toml(place, "/usr/sbin/runc", registries, debug=debug, cache_size=cache_size)
    return tomllib.loads(text)


def test_it_has_one_worker_and_sockets_of_its_own() -> None:
    assert configuration() == {
        "root": "/state",
        "log": {"level": "info"},
        "grpc": {"address": ["fd://"]},
        "otel": {"socketPath": "/run/ours/otel.sock"},
        "worker": {
            "oci": {
                "enabled": True,
                "snapshotter": "auto",
                "binary": "/usr/sbin/runc",
                "defaultCgroupParent": "ours-1",
            },
            "containerd": {"enabled": False},
        },
    }


def test_it_logs_everything_when_asked() -> None:
    assert configuration(debug=True)["log"] == {"level": "debug"}


def test_one_size_is_for_everything_in_the_cache() -> None:
    worker = configuration(cache_size=10 << 30)["worker"]
    assert worker["oci"]["gcpolicy"] == [{"all": True, "maxUsedSpace": 10 << 30}]
    assert worker["containerd"] == {"enabled": False}


@pytest.mark.parametrize("root", ['/a "quoted" name', "/back\\slash", "/line\nbreak\x7f", "/ünï"])
def test_any_path_survives(root: str) -> None:
    assert configuration(root)["root"] == root


def test_registries_follow() -> None:
    assert configuration(registries=MIRROR)["registry"] == {
        "mirror.test:5000": {"http": True, "insecure": True},
        "docker.io": {"mirrors": ["mirror.test:5000"]},
    }


def environment(**ours: str) -> dict[str, str]:
    return daemon_environment(ours, "/state", "/usr/bin:/usr/sbin", MIRROR)


def test_credentials_stay_with_us() -> None:
    got = environment(
        REGISTRY_USERNAME="me", REGISTRY_PASSWORD="hunter2", REGISTRY_PASSWORD_FILE="/f", HOME="/root"
    )
    assert "REGISTRY" not in " ".join(got)
    assert got["HOME"] == "/root"


def test_the_output_of_steps_is_unlimited_unless_the_user_says_otherwise() -> None:
    assert environment()["BUILDKIT_STEP_LOG_MAX_SIZE"] == "-1"
    got = environment(BUILDKIT_STEP_LOG_MAX_SIZE="5000")
    assert (got["BUILDKIT_STEP_LOG_MAX_SIZE"], got["BUILDKIT_STEP_LOG_MAX_SPEED"]) == ("5000", "-1")


def test_it_finds_its_programs_and_keeps_its_temporary_files_in_its_state() -> None:
    got = environment(PATH="/bin", TMPDIR="/elsewhere")
    assert (got["PATH"], got["TMPDIR"]) == ("/usr/bin:/usr/sbin", "/state/runner.tmp")


def test_a_proxy_is_not_asked_for_the_registries_that_were_named() -> None:
    assert "NO_PROXY" not in environment()
    got = environment(https_proxy="http://proxy:3128", no_proxy="intern")
    assert got["https_proxy"] == "http://proxy:3128"
    assert got["NO_PROXY"] == got["no_proxy"] == "intern,localhost,127.0.0.1,::1,mirror.test:5000"


def test_the_service_manager_that_started_us_is_not_told_of_it() -> None:
    assert "NOTIFY_SOCKET" not in environment(NOTIFY_SOCKET="/run/systemd/notify")
