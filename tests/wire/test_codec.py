"""Our codec against protobuf's own, and against peers that send what they should not."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys

import pytest
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage

from proto import generate
from runner.errors import ProtocolError, UsageError
from runner.wire import auth, codec, content, control, errdefs, fsutil, gateway, ops, secrets, timestamp
from runner.wire.codec import MAX_DEPTH, Message
from tests.wire.peers import fill, our_classes, protobuf_classes, same

CONTRACT = generate.contract()
THEIRS = protobuf_classes(CONTRACT)
OURS = our_classes(
    importlib.import_module(f"runner.wire.{generate.module_of(file)}") for file in CONTRACT.file
)

STAT = fsutil.Stat(path="a/b", mode=0o644, size=5, modTime=-1, xattrs={"user.k": b"v"})


def test_every_message_of_the_contract_has_a_class() -> None:
    assert OURS.keys() == THEIRS.keys()


@pytest.mark.parametrize("name", sorted(OURS))
def test_both_sides_read_each_others_messages(name: str) -> None:
    chance = random.Random(name)
    for _ in range(12):
        theirs = THEIRS[name]()
        fill(theirs, chance)
        ours = OURS[name].decode(theirs.SerializeToString(deterministic=True))
        assert same(ours, theirs)
        assert THEIRS[name].FromString(ours.encode()) == theirs
        assert OURS[name].decode(ours.encode()) == ours


def test_damaged_messages_are_refused_or_read_as_protobuf_reads_them() -> None:
    chance = random.Random(3)
    refused = 0
    # None with maps: where a map's entry holds unknown fields, protobuf drops it, but Go and we keep it.
    for name in ["moby.buildkit.v1.StatusResponse", "pb.ExecOp", "pb.FileOp", "google.rpc.Status"] * 300:
        theirs = THEIRS[name]()
        fill(theirs, chance, 2)
        data = bytearray(theirs.SerializeToString(deterministic=True) or b"\0")
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        refused += _refused(OURS[name], THEIRS[name], bytes(data))
    assert 300 < refused < 1200


def _refused(ours: type[Message], theirs: type[ProtobufMessage], data: bytes) -> bool:
    try:
        mine = ours.decode(data)
    except ProtocolError:
        return True
    try:
        other = theirs.FromString(data)
    except DecodeError:
        pytest.fail(f"only protobuf refused {data.hex()}")
    assert same(mine, other)
    return False


# Values


def test_what_is_not_set_is_not_written() -> None:
    assert control.SolveRequest().encode() == b""
    assert control.SolveRequest(Ref="", Internal=False, Exporters=[], FrontendAttrs={}).encode() == b""
    assert ops.Op(exec=ops.ExecOp()).encode() == b"\x12\x00"


def test_arguments_are_copied() -> None:
    names = ["x"]
    request = control.SolveRequest(Entitlements=names)
    names.append("y")
    assert request.Entitlements == ["x"]
    assert control.SolveRequest().Entitlements is not control.SolveRequest().Entitlements


def test_messages_are_compared_by_type_and_value() -> None:
    assert timestamp.Timestamp(seconds=1) == timestamp.Timestamp(seconds=1)
    assert timestamp.Timestamp(seconds=1) != timestamp.Timestamp(seconds=1, nanos=1)
    assert errdefs.FileAction(index=1) != errdefs.ContentCache(index=1)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_can_be_decoded(kind: type[bytes]) -> None:
    packet = fsutil.Packet.decode(kind(fsutil.Packet(data=b"abc").encode()))
    assert packet.data == b"abc"
    assert type(packet.data) is bytes


def test_unknown_fields_are_skipped() -> None:
    varint, fixed64, sized, fixed32 = (
        b"\xf8\x07\x96\x01",
        b"\xf9\x07" + b"8" * 8,
        b"\xfa\x07\x03abc",
        b"\xfd\x074444",
    )
    data = varint + STAT.encode() + fixed64 + sized + fixed32
    assert fsutil.Stat.decode(data) == STAT


def test_the_last_member_of_a_oneof_wins() -> None:
    data = ops.Op(source=ops.SourceOp(identifier="a")).encode() + ops.Op(file=ops.FileOp()).encode()
    op = ops.Op.decode(data)
    assert (op.source, op.file) == (None, ops.FileOp())
    user = ops.UserOpt.decode(ops.UserOpt(byID=7).encode() + ops.UserOpt(byName=ops.NamedUserOpt()).encode())
    assert (user.byName, user.byID) == (ops.NamedUserOpt(), None)
    assert ops.UserOpt.decode(ops.UserOpt(byID=0).encode()).byID == 0


def test_of_a_scalar_and_of_a_map_key_the_last_value_wins_and_messages_are_merged() -> None:
    first = control.SolveRequest(Ref="1", FrontendAttrs={"a": "1", "b": "1"}, Cache=control.CacheOptions())
    entry = control.CacheOptionsEntry(Type="inline")
    second = control.SolveRequest(
        Ref="2", FrontendAttrs={"a": "2"}, Cache=control.CacheOptions(Imports=[entry])
    )
    both = control.SolveRequest.decode(first.encode() + second.encode() + second.encode())
    assert both.Ref == "2"
    assert both.FrontendAttrs == {"a": "2", "b": "1"}
    assert both.Cache == control.CacheOptions(Imports=[entry, entry])


def test_a_map_entry_may_leave_out_its_key_or_value() -> None:
    assert fsutil.Stat.decode(b"\x52\x00").xattrs == {"": b""}
    assert gateway.RefMap.decode(b"\x0a\x03\x0a\x01k").refs == {"k": gateway.Ref()}


def test_a_map_entry_may_hold_unknown_fields() -> None:
    assert fsutil.Stat.decode(b"\x52\x08\x0a\x01k\x18\x05\x12\x01v").xattrs == {"k": b"v"}


# What is refused


@pytest.mark.parametrize("size", range(1, len(STAT.encode())))
def test_a_message_that_ends_early(size: int) -> None:
    packet = fsutil.Packet(stat=STAT).encode()
    with pytest.raises(ProtocolError, match=r"decoding fsutil\.types\.\w+: truncated"):
        fsutil.Packet.decode(packet[:size])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x0a\xff\xff\xff\xff\x07ab", "Stat: truncated"),
        (b"\x10" + b"\x80" * 10 + b"\x01", "Stat: a varint of more than 10 bytes"),
        (b"\x80" * 11, "Stat: a varint of more than 10 bytes"),
        (b"\x10" + b"\xff" * 9 + b"\x02", "Stat: a varint of more than 64 bits"),
        (b"\x08\x01", "Stat: wrong wire type 0 for field 1"),
        (b"\x12\x01a", "Stat: wrong wire type 2 for field 2"),
        (b"\x15aaaa", "Stat: wrong wire type 5 for field 2"),
        (b"\x00\x00", "Stat: impossible field number 0"),
        (b"\x80\x80\x80\x80\x10\x00", "Stat: impossible field number 536870912"),
        (b"\xfb\x07\xfc\x07", "Stat: wire type 3 in field 127"),
        (b"\xfe\x07\x00", "Stat: wire type 6 in field 127"),
        (b"\xfd\x07444", "Stat: truncated"),
        (b"\x0a\x02\xc3\x28", "Stat: invalid UTF-8 in path"),
        (b"\x0a\x03\xed\xa0\x80", "Stat: invalid UTF-8 in path"),
        (b"\x52\x03\x0a\x01\xff", "Stat.xattrs: invalid UTF-8 in key"),
        (b"\x52\x05\x12\x09abc", "Stat.xattrs: truncated"),
    ],
)
def test_a_malformed_message(data: bytes, said: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        fsutil.Stat.decode(data)
    assert caught.value.message == f"decoding fsutil.types.{said}"


def test_packed_numbers_that_end_early() -> None:
    assert ops.PassthroughOp.decode(b"\x12\x03\x01\x80\x01").outputs == [1, 128]
    with pytest.raises(ProtocolError, match="PassthroughOp: truncated in outputs"):
        ops.PassthroughOp.decode(b"\x12\x02\x01\x80\x08\x01")


def test_messages_nested_too_deep() -> None:
    def nested(levels: int) -> bytes:
        """Definition.Source, Source.infos, SourceInfo.definition, and again."""
        data = b""
        for level in reversed(range(levels)):
            data = (b"\x1a", b"\x12", b"\x1a")[level % 3] + _size(data) + data
        return data

    assert ops.Definition.decode(nested(MAX_DEPTH)).Source
    with pytest.raises(ProtocolError, match=r"decoding pb\.\w+: nested deeper than 100"):
        ops.Definition.decode(nested(MAX_DEPTH + 1))
    with pytest.raises(ProtocolError, match="nested deeper"):
        ops.Definition.decode(nested(5000))


def _size(data: bytes) -> bytes:
    size, out = len(data), b""
    while size > 127:
        out, size = out + bytes((size & 127 | 128,)), size >> 7
    return out + bytes((size,))


# Ours to send


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (fsutil.Stat(uid=-1), "encoding fsutil.types.Stat.uid: -1 is not between 0 and 4294967295"),
        (fsutil.Stat(size=2**63), "encoding fsutil.types.Stat.size: 9223372036854775808 is not between"),
        (
            control.SolveRequest(Exporters=[control.Exporter(Attrs={"name": "a\udcff"})]),
            "encoding moby.buildkit.v1.SolveRequest: a text in it is not valid Unicode",
        ),
    ],
)
def test_what_cannot_be_sent(message: Message, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        message.encode()
    assert caught.value.message.startswith(said)


# Showing


def test_repr_shows_what_is_set() -> None:
    vertex = control.Vertex(digest="sha256:0", inputs=["a"], started=timestamp.Timestamp(seconds=3))
    assert repr(vertex) == "Vertex(digest='sha256:0', inputs=['a'], started=Timestamp(seconds=3))"
    assert repr(content.WriteContentRequest()) == "WriteContentRequest()"


@pytest.mark.parametrize(
    "message",
    [
        auth.CredentialsResponse(Username="me", Secret="hunter2"),
        auth.FetchTokenResponse(Token="hunter2", ExpiresIn=60),
        auth.VerifyTokenAuthorityRequest(Payload=b"hunter2", Salt=b"hunter2"),
        secrets.GetSecretResponse(data=b"hunter2"),
        fsutil.Packet(data=b"hunter2"),
        control.SolveRequest(FrontendAttrs={"build-arg:TOKEN": "hunter2"}),
        control.VertexLog(msg=b"hunter2"),
        ops.Meta(env=["TOKEN=hunter2"], proxy_env=ops.ProxyEnv(http_proxy="http://me:hunter2@proxy")),
    ],
)
def test_repr_keeps_secrets(message: Message) -> None:
    assert "hunter2" not in repr(message)
    assert " bytes>" in repr(message) or " characters>" in repr(message)


# Start-up


def test_importing_control_imports_nothing_heavy() -> None:
    script = "import sys, runner.wire.control; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {name for name in loaded if name.startswith("runner.wire.")} == {
        "runner.wire.codec",
        "runner.wire.control",
    }
    assert loaded.isdisjoint(
        {"google.protobuf", "dataclasses", "inspect", "json", "logging", "asyncio", "pathlib"}
    )


def test_a_class_is_resolved_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a signal's handler raises meanwhile leaves nothing half done behind."""
    found = codec._Class("runner.wire.control", "timestamp.Timestamp")

    def interrupted(_class: type[Message]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(codec, "_plan_of", interrupted)
        patched.setattr(timestamp.Timestamp, "_plan", None)
        with pytest.raises(KeyboardInterrupt):
            found()
    assert isinstance(found(), timestamp.Timestamp)
    assert found.plan is not None
