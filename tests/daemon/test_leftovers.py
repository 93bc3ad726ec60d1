"""After a daemon was killed: its containers, cgroups and mounts are removed, and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.daemon import leftovers

CGROUP = f"buildkit-runner-test-{os.getpid()}"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "a state"
    made.mkdir()
    yield made
    for point, _ in reversed(leftovers.mounts()):
        if point.startswith(f"{tmp_path}/"):
            subprocess.run(["umount", point], check=True)


def mount(folder: Path) -> Path:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "test", folder], check=True)
    (folder / "content").write_text("of a layer")
    return folder


def mounted_below(folder: Path) -> list[str]:
    return [point for point, _ in leftovers.mounts() if point.startswith(f"{folder}/")]


def cgroup(name: str) -> Path:
    """A cgroup for processes, in the hierarchy that has them on this machine."""
    points = [point for point, kind in leftovers.mounts() if kind.startswith("cgroup")]
    top = next(point for point in points if point.endswith("/pids") or point == "/sys/fs/cgroup")
    return Path(top, name)


def test_the_mounts_of_a_killed_daemon_go(root: Path) -> None:
    rootfs = mount(root / "runc-overlayfs" / "executor" / "abc" / "rootfs")
    mount(rootfs / "proc")
    mount(root / "runc-overlayfs" / "cachemounts" / "buildkit1")
    mount(root / "runner.tmp" / "buildkit-mount1")
    leftovers.clean(str(root), CGROUP)
    assert mounted_below(root) == []
    assert not rootfs.exists()
    assert os.listdir(root / "runner.tmp") == []


def test_the_mounts_of_others_stay(root: Path) -> None:
    volumes = [mount(root / "runc-overlayfs" / "content"), mount(root / "volume")]
    neighbour = mount(root.with_name("a state 2") / "runner.tmp" / "buildkit-mount1")
    leftovers.clean(str(root), CGROUP)
    assert [Path(point) for point in mounted_below(root)] == volumes
    assert (neighbour / "content").exists()


def test_the_bundles_of_dead_containers_go_and_the_cache_stays(root: Path) -> None:
    worker = root / "runc-overlayfs"
    (worker / "executor" / "abc" / "rootfs").mkdir(parents=True)
    (worker / "executor" / "abc" / "config.json").write_text("{}")
    (worker / "executor" / "resolv.conf").write_text("")
    (worker / "content").mkdir()
    (worker / "content" / "blob").write_text("")
    leftovers.clean(str(root), CGROUP)
    assert os.listdir(worker / "executor") == ["resolv.conf"]
    assert (worker / "content" / "blob").exists()


def test_links_in_what_is_removed_are_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("")
    (root / "runner.tmp").mkdir()
    (root / "runner.tmp" / "link").symlink_to(tmp_path / "precious")
    leftovers.clean(str(root), CGROUP)
    assert (tmp_path / "precious" / "file").exists()
    assert os.listdir(root / "runner.tmp") == []


def test_processes_in_its_cgroups_are_killed_and_the_cgroups_removed(root: Path) -> None:
    container, neighbour = cgroup(f"{CGROUP}/buildkit/abc"), cgroup(f"{CGROUP}-other/buildkit/abc")
    with subprocess.Popen(["sleep", "60"]) as inside, subprocess.Popen(["sleep", "60"]) as outside:
        for folder, process in ((container, inside), (neighbour, outside)):
            folder.mkdir(parents=True)
            (folder / "cgroup.procs").write_text(f"{process.pid}\n")
        leftovers.clean(str(root), CGROUP)
        assert inside.wait(1) == -9
        assert outside.poll() is None
        assert not cgroup(CGROUP).exists()
        assert neighbour.exists()
        leftovers.clean(str(root), f"{CGROUP}-other")
        assert not cgroup(f"{CGROUP}-other").exists()


def test_nothing_to_do_is_done_quickly(root: Path) -> None:
    leftovers.clean(str(root), CGROUP)
    assert os.listdir(root) == []


def test_sockets_go_with_their_directory(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for path in (runtime / "otel.sock", runtime / "buildkitd.sock", tmp_path / "elsewhere.sock"):
        path.write_text("")
    leftovers.remove_runtime(str(runtime))
    for name in ("elsewhere.sock", "gone.sock"):
        leftovers.remove_socket(f"{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []
