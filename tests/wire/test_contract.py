"""What we declare is what the pinned daemon was built with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from proto import drift, generate


@pytest.fixture(scope="module")
def ours() -> list[FileDescriptorProto]:
    return list(generate.contract().file)


@pytest.fixture(scope="module")
def theirs(tools: Path) -> list[FileDescriptorProto]:
    return drift.embedded((tools / "buildkitd").read_bytes())


def test_every_declaration_equals_the_daemons(
    ours: list[FileDescriptorProto], theirs: list[FileDescriptorProto], capsys: pytest.CaptureFixture[str]
) -> None:
    found = drift.compare(ours, theirs)
    with capsys.disabled():
        print(
            f"\nbuildkitd has {len(found.left_out)} declarations that proto/ leaves out",
            *found.left_out,
            sep="\n  ",
        )
    assert found.wrong == []


def test_the_control_api_is_declared_whole(ours: list[FileDescriptorProto]) -> None:
    methods = {name for file in ours for name, fact in drift.facts(file).items() if fact.startswith("rpc ")}
    control = {name.rpartition(".")[2] for name in methods if name.startswith("moby.buildkit.v1.Control.")}
    assert control == {
        *("DiskUsage", "Prune", "Solve", "Status", "Session", "ListWorkers", "Info"),
        *("ListenBuildHistory", "UpdateBuildHistory"),
    }
    services = {name.rpartition(".")[0] for name in methods}
    assert services == {
        "containerd.services.content.v1.Content",
        "grpc.health.v1.Health",
        "moby.buildkit.secrets.v1.Secrets",
        "moby.buildkit.v1.Control",
        "moby.buildkit.v1.frontend.LLBBridge",
        "moby.buildkit.v1.sourcepolicy.policysession.PolicyVerifier",
        "moby.exporter.v1.Exporter",
        "moby.filesync.v1.Auth",
        "moby.filesync.v1.FileSend",
        "moby.filesync.v1.FileSync",
        "moby.sshforward.v1.SSH",
        "moby.upload.v1.Upload",
    }


def change(ours: list[FileDescriptorProto], name: str) -> FileDescriptorProto:
    """A copy of the file `name`, in place of the original."""
    index = next(index for index, file in enumerate(ours) if file.name == name)
    copy = FileDescriptorProto()
    copy.CopyFrom(ours[index])
    ours[index] = copy
    return copy


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        (
            "name",
            "target",
            "fsutil.types.Stat.target: declared as optional string = 7, the daemon has nothing",
        ),
        ("number", 11, "fsutil.types.Stat.linkname: declared as optional string = 11, the daemon has"),
        ("type", 12, "fsutil.types.Stat.linkname: declared as optional bytes = 7, the daemon has"),
        ("label", 3, "fsutil.types.Stat.linkname: declared as repeated string = 7, the daemon has"),
        ("proto3_optional", True, "declared as optional string = 7 with presence, the daemon has"),
    ],
)
def test_a_field_that_differs_is_named(
    ours: list[FileDescriptorProto],
    theirs: list[FileDescriptorProto],
    attribute: str,
    value: object,
    said: str,
) -> None:
    mine = list(ours)
    stat = next(message for message in change(mine, "fsutil.proto").message_type if message.name == "Stat")
    setattr(stat.field[6], attribute, value)
    assert any(said in line for line in drift.compare(mine, theirs).wrong)


def test_an_enum_value_and_a_method_that_differ_are_named(
    ours: list[FileDescriptorProto], theirs: list[FileDescriptorProto]
) -> None:
    mine = list(ours)
    change(mine, "ops.proto").enum_type[0].value[1].number = 9
    change(mine, "control.proto").service[0].method[2].server_streaming = True
    assert drift.compare(mine, theirs).wrong == [
        "moby.buildkit.v1.Control.Solve: declared as "
        "rpc (.moby.buildkit.v1.SolveRequest) returns (stream .moby.buildkit.v1.SolveResponse), "
        "the daemon has rpc (.moby.buildkit.v1.SolveRequest) returns (.moby.buildkit.v1.SolveResponse)",
        "pb.NetMode.HOST: declared as = 9, the daemon has = 1",
    ]


def test_what_an_upgrade_adds_is_listed(
    ours: list[FileDescriptorProto], theirs: list[FileDescriptorProto]
) -> None:
    mine = [file for file in ours if file.name != "upload.proto"]
    control = change(mine, "control.proto")
    del control.message_type[[message.name for message in control.message_type].index("Vertex")]
    del change(mine, "fsutil.proto").message_type[0].field[3]
    left_out = drift.compare(mine, theirs).left_out
    assert "fsutil.types.Packet.data: optional bytes = 4" in left_out
    assert "moby.upload.v1.Upload: service" in left_out
    assert "moby.buildkit.v1.Vertex: message" in left_out
    assert not any(line.startswith("moby.buildkit.v1.Vertex.") for line in left_out)


def test_what_is_checked_in_is_generated_from_it() -> None:
    command = [sys.executable, str(generate.HERE / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_stale_files_are_named(tmp_path: Path) -> None:
    wanted = generate.modules(generate.contract().file)
    folder = Path(shutil.copytree(generate.ROOT / "runner" / "wire", tmp_path / "wire"))
    (folder / "auth.py").unlink()
    (folder / "old.py").touch()
    (folder / "ops.py").write_text("")
    assert generate.stale(folder, wanted) == ["auth.py", "old.py", "ops.py"]


def test_the_same_contract_gives_the_same_code() -> None:
    once: FileDescriptorSet = generate.contract()
    assert generate.modules(once.file) == generate.modules(reversed(generate.contract().file))
