"""protobuf's own classes for our .proto files, random messages, and how to compare the two sides."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message as ProtobufMessage

from runner.wire.codec import Message

_RANGES = {
    FieldDescriptor.TYPE_BOOL: (0, 1),
    FieldDescriptor.TYPE_ENUM: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
}
_TEXTS = ("", "a", "sha256:" + "0f" * 32, "Größe", "\u4e2d\U0001f433", "x" * 200)


def protobuf_classes(files: FileDescriptorSet) -> dict[str, type[ProtobufMessage]]:
    """protobuf's class of each message of `files`, by its full name."""
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    names = [f"{file.package}.{message.name}" for file in files.file for message in file.message_type]
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(n)) for n in names}


def fill(message: Any, chance: random.Random, depth: int = 4) -> None:
    """Set some fields of a protobuf message, its messages too, down to `depth` levels."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.4:
            continue
        if field.message_type and field.message_type.GetOptions().map_entry:
            _fill_map(getattr(message, field.name), field.message_type, chance, depth)
        elif field.message_type:
            if depth:
                values = getattr(message, field.name)
                for _ in range(chance.randint(0, 2) if field.is_repeated else 1):
                    child = values.add() if field.is_repeated else values
                    if not field.is_repeated:
                        child.SetInParent()
                    fill(child, chance, depth - 1)
        elif field.is_repeated:
            getattr(message, field.name).extend(_scalar(field, chance) for _ in range(chance.randint(0, 3)))
        else:
            setattr(message, field.name, _scalar(field, chance))


def _fill_map(values: Any, entry: Any, chance: random.Random, depth: int) -> None:
    key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for _ in range(chance.randint(0, 3)):
        if not value.message_type:
            values[_scalar(key, chance)] = _scalar(value, chance)
        elif depth:
            fill(values[_scalar(key, chance)], chance, depth - 1)


def _scalar(field: FieldDescriptor, chance: random.Random) -> object:
    if field.type == FieldDescriptor.TYPE_STRING:
        return chance.choice(_TEXTS)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(chance.choice((0, 1, 127, 128, 300)))
    low, high = _RANGES[field.type]
    edges = [n for n in (low, high, -1, 0, 1, 127, 128, 16383, 16384) if low <= n <= high]
    number = chance.choice([*edges, chance.randint(low, high)])
    return bool(number) if field.type == FieldDescriptor.TYPE_BOOL else number


def same(ours: Message, theirs: Any) -> bool:
    """Whether both hold the same values, presence included."""
    for field in theirs.DESCRIPTOR.fields:
        mine = getattr(ours, field.name if hasattr(ours, field.name) else f"{field.name}_")
        other = getattr(theirs, field.name)
        if field.message_type and field.message_type.GetOptions().map_entry:
            if mine.keys() != set(other) or not all(_equal(mine[key], other[key]) for key in mine):
                return False
        elif field.is_repeated:
            if len(mine) != len(other) or not all(map(_equal, mine, other)):
                return False
        elif field.has_presence and not theirs.HasField(field.name):
            if mine is not None:
                return False
        elif not _equal(mine, other):
            return False
    return True


def _equal(mine: object, other: object) -> bool:
    if isinstance(mine, Message):
        return same(mine, other)
    return type(mine) is type(other) and mine == other


def our_classes(modules: Iterable[Any]) -> dict[str, type[Message]]:
    """The message classes that `modules` define, by their full names."""
    found = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return {cls._name: cls for cls in found if issubclass(cls, Message) and cls is not Message}
