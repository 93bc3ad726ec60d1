"""The generator on small .proto files: every form of field, and what it refuses."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.message import Message as ProtobufMessage

from proto import generate
from tests.wire.peers import protobuf_classes

FEATURES = """
syntax = "proto3";
package features;

service One { rpc Go(Inner) returns (Inner); }
service Two { rpc Go(stream Inner) returns (stream Inner); rpc StayHere(Inner) returns (Inner); }

enum Colour { RED = 0; GREEN = 1; }

message Inner { int32 number = 1; }

message Outer {
  enum Size { SMALL = 0; LARGE = 5; }
  string class = 6;
  optional string text = 1;
  optional int32 number = 2;
  optional Size size = 3;
  repeated Colour colours = 4;
  repeated uint64 plain = 5 [packed = false];
  oneof choice { bool yes = 7; Inner inner = 8; Colour colour = 9; }
  map<uint32, Inner> inners = 10;
  map<bool, Size> sizes = 11;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "features.proto").write_text(FEATURES)
    return tmp_path


@pytest.fixture
def features(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module generated from FEATURES."""
    files = generate.descriptors([folder / "features.proto"], folder).file
    path = folder / "features.py"
    path.write_text(generate.modules(files)["features.py"])
    spec = importlib.util.spec_from_file_location("features", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "features", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def peer(folder: Path) -> type[ProtobufMessage]:
    """protobuf's own class for features.Outer."""
    return protobuf_classes(generate.descriptors([folder / "features.proto"], folder))["features.Outer"]


def test_fields_start_with_their_defaults(features: ModuleType) -> None:
    outer = features.Outer()
    assert (outer.text, outer.number, outer.size, outer.yes, outer.inner, outer.colour) == (None,) * 6
    assert (outer.colours, outer.plain, outer.class_, outer.inners, outer.sizes) == ([], [], "", {}, {})
    assert outer.encode() == b""


def test_enums_and_methods_are_constants(features: ModuleType) -> None:
    assert (features.Colour.GREEN, features.Outer.Size.LARGE) == (1, 5)
    assert features.ONE_GO == "/features.One/Go"
    assert features.TWO_GO == "/features.Two/Go"
    assert features.TWO_STAY_HERE == "/features.Two/StayHere"


def test_a_default_is_written_where_presence_is_kept(
    features: ModuleType, peer: type[ProtobufMessage]
) -> None:
    outer = features.Outer(text="", number=0, size=0, colour=0)
    theirs: Any = peer.FromString(outer.encode())
    assert [theirs.HasField(name) for name in ("text", "number", "size", "colour")] == [True] * 4
    assert features.Outer.decode(outer.encode()) == outer
    assert repr(outer) == "Outer(text='', number=0, size=0, colour=0)"


def test_repeated_numbers_are_read_packed_or_not(features: ModuleType, peer: type[ProtobufMessage]) -> None:
    theirs = peer(colours=[1, 0, 7], plain=[0, 2**64 - 1])
    outer = features.Outer.decode(theirs.SerializeToString())
    assert (outer.colours, outer.plain) == ([1, 0, 7], [0, 2**64 - 1])
    assert peer.FromString(outer.encode()) == theirs


def test_fields_are_written_in_the_order_of_their_numbers(
    features: ModuleType, peer: type[ProtobufMessage]
) -> None:
    outer = features.Outer(class_="c", plain=[1], text="t", yes=True)
    assert outer.encode() == b"\x0a\x01t\x2a\x01\x01\x32\x01c\x38\x01"
    assert features.Outer.decode(peer.FromString(outer.encode()).SerializeToString()) == outer


def test_maps_of_messages_and_enums(features: ModuleType, peer: type[ProtobufMessage]) -> None:
    outer = features.Outer(
        inners={0: features.Inner(number=-1), 9: features.Inner()}, sizes={False: 5, True: 0}
    )
    theirs: Any = peer.FromString(outer.encode())
    assert {key: inner.number for key, inner in theirs.inners.items()} == {0: -1, 9: 0}
    assert dict(theirs.sizes) == {False: 5, True: 0}
    assert features.Outer.decode(theirs.SerializeToString()) == outer


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("message A { message B {} B b = 1; }", "A: messages inside messages are not supported"),
        ("message A { double size = 1; }", "size: this type of field is not supported"),
        ("message A { string a = 1; string b = 1; }", "protoc refused"),
    ],
)
def test_what_the_codec_cannot_do_is_refused(tmp_path: Path, body: str, said: str) -> None:
    path = tmp_path / "bad.proto"
    path.write_text(f'syntax = "proto3"; package bad; {body}')
    with pytest.raises(SystemExit, match=said):
        generate.modules(generate.descriptors([path], tmp_path).file)
