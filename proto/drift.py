"""Compares our .proto files with the descriptors inside a daemon: `python -m proto.drift BUILDKITD`.

Go keeps the FileDescriptorProto of every .proto file in the program, not compressed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import DecodeError

from proto.generate import contract

# Field numbers of google.protobuf.FileDescriptorProto (descriptor.proto): strings and messages; integers.
_SIZED = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12}
_INTEGERS = {10, 11, 14}


class Drift(NamedTuple):
    """wrong: what we declare and the daemon does not, or not so. left_out: what only the daemon has."""

    wrong: list[str]
    left_out: list[str]


def embedded(program: bytes) -> list[FileDescriptorProto]:
    """The descriptors in a Go program."""
    files = []
    for suffix in re.finditer(rb"\.proto", program):
        for start in _starts(program, suffix.end()):
            try:
                file = FileDescriptorProto.FromString(program[start : _end(program, start)])
            except DecodeError:
                continue  # Bytes that only look like a descriptor.
            files.append(file)
    return files


def _starts(program: bytes, end: int) -> Iterable[int]:
    """Where a field 1 begins whose text ends at `end`."""
    for size in range(len(".proto") + 1, 128):
        start = end - size - 2
        if start >= 0 and program[start] == 1 << 3 | 2 and program[start + 1] == size:
            yield start


def _end(program: bytes, start: int) -> int:
    """The end of the descriptor at `start`: where something else than one of its fields follows."""
    position = start
    while True:
        try:
            tag, after = _varint(program, position)
            if tag == 1 << 3 | 2 and position > start:
                return position  # The next descriptor's name.
            size, after = _varint(program, after)
        except IndexError:
            return position
        if tag & 7 == 2 and tag >> 3 in _SIZED:
            after += size
        elif tag & 7 or tag >> 3 not in _INTEGERS:
            return position
        position = after


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7


def facts(file: FileDescriptorProto) -> dict[str, str]:
    """Everything that `file` declares: what is said of it, by its full name."""
    said: dict[str, str] = {}
    for enum in file.enum_type:
        said |= _enum_facts(enum, file.package)
    for message in file.message_type:
        said |= _message_facts(message, file.package)
    for service in file.service:
        name = f"{file.package}.{service.name}"
        said[name] = "service"
        for method in service.method:
            takes = "stream " * method.client_streaming + method.input_type
            gives = "stream " * method.server_streaming + method.output_type
            said[f"{name}.{method.name}"] = f"rpc ({takes}) returns ({gives})"
    return said


def _message_facts(message: DescriptorProto, scope: str) -> dict[str, str]:
    name = f"{scope}.{message.name}"
    said = {name: "map entry" if message.options.map_entry else "message"}
    for field in message.field:
        words = [
            FieldDescriptorProto.Label.Name(field.label).removeprefix("LABEL_").lower(),
            FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower(),
            field.type_name,
            f"= {field.number}",
        ]
        if field.proto3_optional:
            words.append("with presence")
        elif field.HasField("oneof_index"):
            words.append(f"in oneof {message.oneof_decl[field.oneof_index].name}")
        said[f"{name}.{field.name}"] = " ".join(filter(None, words))
    for enum in message.enum_type:
        said |= _enum_facts(enum, name)
    for nested in message.nested_type:
        said |= _message_facts(nested, name)
    return said


def _enum_facts(enum: EnumDescriptorProto, scope: str) -> dict[str, str]:
    name = f"{scope}.{enum.name}"
    return {name: "enum"} | {f"{name}.{value.name}": f"= {value.number}" for value in enum.value}


def compare(ours: Iterable[FileDescriptorProto], theirs: Sequence[FileDescriptorProto]) -> Drift:
    """How our declarations differ from the daemon's.

    Looked at are the daemon's files of which we declare something, and all files of moby's packages.
    """
    declared = {name: fact for file in ours for name, fact in facts(file).items()}
    known: dict[str, str] = {}
    for file in theirs:
        there = facts(file)
        if file.package.startswith("moby.") or there.keys() & declared.keys():
            known |= there
    wrong = [
        f"{name}: declared as {fact}, the daemon has {known.get(name, 'nothing of that name')}"
        for name, fact in sorted(declared.items())
        if known.get(name) != fact
    ]
    # Of what is left out as a whole, only its own name.
    scopes = {*declared, *(file.package for file in theirs)}
    left_out = [
        f"{name}: {fact}"
        for name, fact in sorted(known.items())
        if name not in declared and name.rpartition(".")[0] in scopes
    ]
    return Drift(wrong, left_out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="a buildkitd")
    drift = compare(contract().file, embedded(parser.parse_args().program.read_bytes()))
    for line in drift.wrong:
        print(f"wrong: {line}")
    for line in drift.left_out:
        print(f"left out: {line}")
    print(f"{len(drift.wrong)} wrong, {len(drift.left_out)} left out")
    return 1 if drift.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
