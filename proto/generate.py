"""Prints runner/wire/*.py from the .proto files of this folder: `python proto/generate.py [--check]`.

With --check nothing is written: files that are not up to date are named, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import keyword
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import grpc_tools
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
"""The folder of google/protobuf/*.proto in the toolchain."""
HAND_WRITTEN = {"__init__.py", "codec.py"}

SCALARS = {
    FieldDescriptorProto.TYPE_STRING: ("string", "str", '""'),
    FieldDescriptorProto.TYPE_BYTES: ("bytes", "bytes", 'b""'),
    FieldDescriptorProto.TYPE_BOOL: ("bool", "bool", "False"),
    FieldDescriptorProto.TYPE_ENUM: ("enum", "int", "0"),
    FieldDescriptorProto.TYPE_INT32: ("int32", "int", "0"),
    FieldDescriptorProto.TYPE_INT64: ("int64", "int", "0"),
    FieldDescriptorProto.TYPE_UINT32: ("uint32", "int", "0"),
    FieldDescriptorProto.TYPE_UINT64: ("uint64", "int", "0"),
}
"""What the contract uses: its name in a field table, in Python, and its default."""


def descriptors(files: Iterable[Path], include: Path = HERE) -> FileDescriptorSet:
    """What protoc makes of `files` (below `include`) and of all that they import."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "set")
        arguments = ["protoc", f"-I{include}", f"-I{WELL_KNOWN}", f"--descriptor_set_out={out}"]
        if protoc.main([*arguments, "--include_imports", *map(str, sorted(files))]) != 0:
            raise SystemExit("protoc refused the .proto files")
        return FileDescriptorSet.FromString(out.read_bytes())


def contract() -> FileDescriptorSet:
    """The descriptors of all .proto files of this folder."""
    return descriptors(HERE.glob("*.proto"))


def module_of(file: FileDescriptorProto) -> str:
    """The module's name: that of the file without folder and suffix."""
    return Path(file.name).stem


class Module:
    """Prints one module."""

    def __init__(self, file: FileDescriptorProto, homes: dict[str, str]) -> None:
        """homes: the module of each message, by its full name with a leading dot."""
        self.file = file
        self.homes = homes
        self.name = module_of(file)
        self.imports: set[str] = set()

    def source(self) -> str:
        body = [*self.methods(), *self.enums(self.file.enum_type, "")]
        for message in self.file.message_type:
            body += self.message(message)
        origin = f"{self.file.name} of protoc" if "/" in self.file.name else f"proto/{self.file.name}"
        head = [
            f'"""Generated from {origin} by `make proto`; do not edit."""',
            "",
            "from __future__ import annotations",
            "",
        ]
        uses_maps = any("Mapping[" in line for line in body)
        uses_lists = any("Iterable[" in line for line in body)
        names = [name for name, used in (("Iterable", uses_lists), ("Mapping", uses_maps)) if used]
        guarded = [f"from collections.abc import {', '.join(names)}", ""] if names else []
        if self.imports:
            guarded.append(f"from runner.wire import {', '.join(sorted(self.imports))}")
        if guarded:
            head += ["from typing import TYPE_CHECKING", ""]
        if self.file.message_type:
            head += ["from runner.wire.codec import Message", ""]
        if guarded:
            head += ["if TYPE_CHECKING:", *("    " + line if line else "" for line in guarded), ""]
        return "\n".join([*head, *body]) + "\n"

    def methods(self) -> Iterator[str]:
        names = [method.name for service in self.file.service for method in service.method]
        shared = len(names) != len(set(names))
        for service in self.file.service:
            for method in service.method:
                constant = snake(service.name + method.name if shared else method.name)
                yield f'{constant} = "/{self.file.package}.{service.name}/{method.name}"'
        yield ""

    def enums(self, enums: Iterable[EnumDescriptorProto], indent: str) -> Iterator[str]:
        for enum in enums:
            yield f"{indent}class {enum.name}:"
            yield f'{indent}    """Values of the enum; fields hold them as int."""'
            yield ""
            for value in enum.value:
                yield f"{indent}    {value.name} = {value.number}"
            yield ""

    def message(self, message: DescriptorProto) -> Iterator[str]:
        full = f".{self.file.package}.{message.name}"
        entries = {f"{full}.{nested.name}": nested for nested in message.nested_type}
        if not all(nested.options.map_entry for nested in message.nested_type):
            raise SystemExit(f"{full}: messages inside messages are not supported")
        fields = [self.field(field, message, entries) for field in message.field]
        yield f"class {message.name}(Message):"
        yield f'    """{full[1:]}"""'
        yield ""
        yield from self.enums(message.enum_type, "    ")
        yield f"    __slots__ = {tuple(sorted(name for name, *_ in fields))!r}"
        yield f'    _name = "{full[1:]}"'
        if not fields:
            yield ""
            return
        yield "    _fields = ("
        for (name, kind, _, _), field in zip(fields, message.field, strict=True):
            yield f'        ({field.number}, "{name}", "{kind}"),'
        yield "    )"
        yield ""
        arguments = ", ".join(f"{name}: {hint} = {default}" for name, _, hint, default in fields)
        yield f"    def __init__(self, *, {arguments}) -> None:"
        for name, kind, *_ in fields:
            value = name
            if kind.startswith("repeated "):
                value = f"list({name})"
            elif kind.startswith("map<"):
                value = f"dict({name}) if {name} else {{}}"
            yield f"        self.{name} = {value}"
        yield ""

    def field(
        self, field: FieldDescriptorProto, message: DescriptorProto, entries: dict[str, DescriptorProto]
    ) -> tuple[str, str, str, str]:
        """Attribute, type for the field table, type hint of its argument, default."""
        name = f"{field.name}_" if keyword.iskeyword(field.name) else field.name
        if field.type_name in entries:
            (key, key_hint, _), (value, value_hint, _) = map(self.type, entries[field.type_name].field)
            return name, f"map<{key}, {value}>", f"Mapping[{key_hint}, {value_hint}] | None", "None"
        kind, hint, default = self.type(field)
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            return name, f"repeated {kind}", f"Iterable[{hint}]", "()"
        if field.proto3_optional:
            return name, f"optional {kind}", f"{hint} | None", "None"
        if field.HasField("oneof_index"):
            group = message.oneof_decl[field.oneof_index].name
            return name, f"oneof {group} {kind}", f"{hint} | None", "None"
        if field.type == FieldDescriptorProto.TYPE_MESSAGE:
            return name, kind, f"{hint} | None", "None"
        return name, kind, hint, default

    def type(self, field: FieldDescriptorProto) -> tuple[str, str, str]:
        """Type for the field table, type hint and default of one value."""
        if field.type == FieldDescriptorProto.TYPE_MESSAGE:
            name, home = field.type_name.rpartition(".")[2], self.homes[field.type_name]
            if home == self.name:
                return name, name, "None"
            self.imports.add(home)
            return f"{home}.{name}", f"{home}.{name}", "None"
        if field.type not in SCALARS:
            raise SystemExit(f"{field.name}: this type of field is not supported")
        return SCALARS[field.type]


def snake(name: str) -> str:
    """`DiskUsage` -> `DISK_USAGE`"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def modules(files: Iterable[FileDescriptorProto]) -> dict[str, str]:
    """The source of each module of `files`, by the name of its file, formatted."""
    files = list(files)
    homes = {
        f".{file.package}.{message.name}": module_of(file) for file in files for message in file.message_type
    }
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            Path(folder, f"{module_of(file)}.py").write_text(Module(file, homes).source())
        config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--quiet"]
        subprocess.run([sys.executable, "-m", "ruff", "format", *config, folder], check=True)
        return {path.name: path.read_text() for path in sorted(Path(folder).iterdir())}


def stale(target: Path, wanted: dict[str, str]) -> list[str]:
    """The generated files of the folder `target` that are missing, out of date or no longer wanted."""
    present = {path.name for path in target.glob("*.py")} - HAND_WRITTEN
    differ = {name for name in present & wanted.keys() if (target / name).read_text() != wanted[name]}
    return sorted(differ | (present ^ wanted.keys()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if anything is stale")
    check = parser.parse_args().check
    target = ROOT / "runner" / "wire"
    wanted = modules(contract().file)
    names = stale(target, wanted)
    for name in names:
        print(f"runner/wire/{name}: {'not up to date, run `make proto`' if check else 'generated'}")
        if not check:
            (target / name).unlink(missing_ok=True)
            if name in wanted:
                (target / name).write_text(wanted[name])
    return 1 if check and names else 0


if __name__ == "__main__":
    sys.exit(main())
