"""Protocol Buffers (proto3) for the generated message classes.

Format: https://protobuf.dev/programming-guides/encoding/. A class's field table becomes a plan at its
first use, so that importing a module of messages costs little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeAlias

from runner.errors import ProtocolError, UsageError

Put: TypeAlias = Callable[[list[bytes], bytes, Any], None]

MAX_DEPTH = 100
"""How deep messages may be nested; the same as protobuf's own default in C++ and Java."""

_EXPLICIT = ("oneof ", "optional ")
_SECRET = ("secret", "token", "password", "payload", "data", "salt", "env", "proxy")


class Message:
    """Base of the generated classes.

    A scalar field holds its proto3 default until it is set; a message, a member of a oneof and an
    `optional` field is None until it is set; a repeated field is a list, a map field a dict.
    """

    __slots__ = ()

    _name: ClassVar[str] = ""
    _fields: ClassVar[tuple[tuple[int, str, str], ...]] = ()
    """Number, attribute and type of each field. Types as in a .proto file; the type of an enum is
    `enum`; a message is `Class` or, in another module, `module.Class`; a member of a oneof is written
    `oneof NAME TYPE`."""
    _plan: ClassVar[_Plan | None] = None

    def encode(self) -> bytes:
        """The message as bytes, fields in the order of their numbers, maps in their own order.

        Raises UsageError where a number is out of range or a text is not valid Unicode.
        """
        try:
            return _encode(self, type(self)._plan or _plan_of(type(self)))
        except UnicodeEncodeError as error:
            raise UsageError(f"encoding {self._name}: a text in it is not valid Unicode") from error

    @classmethod
    def decode(cls, data: bytes | bytearray | memoryview) -> Self:
        """The message that `data` holds; fields that the class does not declare are skipped.

        Raises ProtocolError where data is not a message of this class.
        """
        message = cls()
        source = data if isinstance(data, bytes) else bytes(data)
        _fill(message, cls._plan or _plan_of(cls), source, 0, len(source), 0)
        return message

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for _, name, _ in self._fields)

    def __repr__(self) -> str:
        """Only what is set; of bytes, of the values of text maps and of what may be secret, the length."""
        shown = [
            f"{name}={_show(name, value)}"
            for _, name, kind in self._fields
            if (value := getattr(self, name)) or (value is not None and kind.startswith(_EXPLICIT))
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _show(name: str, value: object) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str) and any(word in name.lower() for word in _SECRET):
        return f"<{len(value)} characters>"
    if isinstance(value, list):
        return f"[{', '.join(_show(name, item) for item in value)}]"
    if isinstance(value, dict):
        # Build arguments and exporter attributes may hold credentials under any name.
        return f"{{{', '.join(f'{key!r}: {_show(_SECRET[0], item)}' for key, item in value.items())}}}"
    return repr(value)


class _Plan:
    """How to read and write one message, made from its field table."""

    __slots__ = ("name", "numbers", "readers", "writers")

    def __init__(self, name: str, fields: tuple[tuple[int, str, str], ...], module: str) -> None:
        self.name = name
        self.numbers = {number for number, _, _ in fields}
        # By tag: what to do, the attribute, what that needs, the other members of its oneof.
        self.readers: dict[int, tuple[int, str, Any, tuple[str, ...]]] = {}
        # Attribute, tag, how to loop, and how to write one value.
        self.writers: list[tuple[str, bytes, int, Any]] = []
        oneofs: dict[str, list[str]] = {}
        for _, attribute, kind in fields:
            if kind.startswith("oneof "):
                oneofs.setdefault(kind.split(" ")[1], []).append(attribute)
        for number, attribute, kind in sorted(fields):
            others: tuple[str, ...] = ()
            loop = _SINGLE
            if kind.startswith("oneof "):
                _, group, kind = kind.split(" ")
                others = tuple(member for member in oneofs[group] if member != attribute)
                loop = _OPTIONAL
            elif kind.startswith("optional "):
                kind, loop = kind.removeprefix("optional "), _OPTIONAL
            elif kind.startswith("repeated "):
                kind, loop = kind.removeprefix("repeated "), _REPEATED
            if kind.startswith("map<"):
                self._add_map(number, attribute, kind, module)
            else:
                self._add(number, attribute, kind, loop, others, module)

    def _add(
        self, number: int, attribute: str, kind: str, loop: int, others: tuple[str, ...], module: str
    ) -> None:
        tag = number << 3
        repeated = loop == _REPEATED
        put: Put
        if kind in _INTEGERS:
            low, high, convert = _INTEGERS[kind]
            put = _integer_writer(f"{self.name}.{attribute}", low, high)
            self.readers[tag] = (_NUMBERS if repeated else _NUMBER, attribute, convert, others)
            if repeated:
                self.readers[tag | 2] = (_PACKED, attribute, convert, ())
                loop, tag = _PACKED_LOOP, tag | 2
        else:
            tag |= 2
            extra = None
            if kind == "string":
                what, put = _TEXT, _put_text
            elif kind == "bytes":
                what, put = _BYTES, _put_bytes
            else:
                what, put, extra = _MESSAGE, _put_message, _Class(module, kind)
            self.readers[tag] = (what + repeated, attribute, extra, others)
        self.writers.append((attribute, _varint(tag), loop, put))

    def _add_map(self, number: int, attribute: str, kind: str, module: str) -> None:
        key, value = kind.removeprefix("map<").removesuffix(">").split(", ")
        entry = _Plan(f"{self.name}.{attribute}", ((1, "key", key), (2, "value", value)), module)
        default = _DEFAULTS[value] if value in _DEFAULTS else entry.readers[2 << 3 | 2][2]
        tag = number << 3 | 2
        self.readers[tag] = (_MAP, attribute, (entry, _DEFAULTS[key], default), ())
        self.writers.append((attribute, _varint(tag), _MAP_LOOP, entry))


class _Class:
    """A message class that is looked up, and its module imported, when the first value of it arrives."""

    __slots__ = ("module", "name", "plan", "type")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name
        self.type: type[Message] | None = None
        self.plan: _Plan | None = None

    def __call__(self) -> Message:
        """A new message of the class; `plan` is set after it."""
        cls = self.type
        if cls is None:
            from importlib import import_module

            module, _, name = self.name.rpartition(".")
            home = f"{self.module.rpartition('.')[0]}.{module}" if module else self.module
            cls = getattr(import_module(home), name)
            self.plan = cls._plan or _plan_of(cls)
            # Last: here other threads see that it is done, and a signal may have ended what came before.
            self.type = cls
        return cls()


class _Entry:
    """One entry of a map while it is read or written."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value


# What a reader does. A repeated kind is the number after its single one.
_TEXT, _TEXTS, _BYTES, _BYTES_LIST, _MESSAGE, _MESSAGES, _NUMBER, _NUMBERS, _PACKED, _MAP = range(10)
# How a writer loops.
_SINGLE, _OPTIONAL, _REPEATED, _PACKED_LOOP, _MAP_LOOP = range(5)


def _int32(raw: int) -> int:
    raw &= 0xFFFF_FFFF
    return raw - 0x1_0000_0000 if raw >> 31 else raw


def _int64(raw: int) -> int:
    raw &= 0xFFFF_FFFF_FFFF_FFFF
    return raw - 0x1_0000_0000_0000_0000 if raw >> 63 else raw


def _uint32(raw: int) -> int:
    return raw & 0xFFFF_FFFF


def _uint64(raw: int) -> int:
    return raw & 0xFFFF_FFFF_FFFF_FFFF


_INTEGERS: dict[str, tuple[int, int, Callable[[int], int]]] = {
    "bool": (0, 1, bool),
    "enum": (-(2**31), 2**31 - 1, _int32),
    "int32": (-(2**31), 2**31 - 1, _int32),
    "int64": (-(2**63), 2**63 - 1, _int64),
    "uint32": (0, 2**32 - 1, _uint32),
    "uint64": (0, 2**64 - 1, _uint64),
}
_DEFAULTS: dict[str, Any] = {**dict.fromkeys(_INTEGERS, 0), "bool": False, "string": "", "bytes": b""}


def _plan_of(cls: type[Message]) -> _Plan:
    cls._plan = plan = _Plan(cls._name, cls._fields, cls.__module__)
    return plan


def _varint(value: int) -> bytes:
    if value < 128:
        return _SMALL[value]
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL = [bytes((value,)) for value in range(128)]


def _put_text(out: list[bytes], tag: bytes, value: str) -> None:
    data = value.encode()
    out += (tag, _varint(len(data)), data)


def _put_bytes(out: list[bytes], tag: bytes, value: bytes) -> None:
    out += (tag, _varint(len(value)), value)


def _put_message(out: list[bytes], tag: bytes, value: Message) -> None:
    data = _encode(value, type(value)._plan or _plan_of(type(value)))
    out += (tag, _varint(len(data)), data)


def _integer_writer(field: str, low: int, high: int) -> Put:
    def put(out: list[bytes], tag: bytes, value: int) -> None:
        if not low <= value <= high:
            raise UsageError(f"encoding {field}: {value} is not between {low} and {high}")
        out += (tag, _varint(value if value >= 0 else value + 2**64))

    return put


def _encode(message: Message | _Entry, plan: _Plan) -> bytes:
    out: list[bytes] = []
    for name, tag, loop, put in plan.writers:
        value = getattr(message, name)
        if loop == _SINGLE:
            if value:
                put(out, tag, value)
        elif loop == _OPTIONAL:
            if value is not None:
                put(out, tag, value)
        elif not value:
            continue
        elif loop == _REPEATED:
            for item in value:
                put(out, tag, item)
        elif loop == _PACKED_LOOP:
            items: list[bytes] = []
            for item in value:
                put(items, b"", item)
            _put_bytes(out, tag, b"".join(items))
        else:
            for item in value.items():
                _put_bytes(out, tag, _encode(_Entry(*item), put))
    return b"".join(out)


def _fill(message: Message | _Entry, plan: _Plan, data: bytes, pos: int, end: int, depth: int) -> None:
    """Set the fields of `message` from data[pos:end]."""
    if depth > MAX_DEPTH:
        raise _refuse(plan, f"nested deeper than {MAX_DEPTH}")
    readers = plan.readers
    name = ""
    try:
        while pos < end:
            tag = data[pos]
            pos += 1
            if tag > 127:
                tag, pos = _read_varint(plan, data, pos - 1)
            reader = readers.get(tag)
            if reader is None:
                pos = _skip(plan, tag, data, pos)
                continue
            what, name, extra, others = reader
            size = data[pos]
            pos += 1
            if size > 127:
                size, pos = _read_varint(plan, data, pos - 1)
            if tag & 7:
                start, pos = pos, pos + size
                if pos > end:
                    break
                if what == _TEXT:
                    setattr(message, name, str(data[start:pos], "utf-8"))
                elif what == _BYTES:
                    setattr(message, name, data[start:pos])
                elif what == _MESSAGES:
                    child = extra()
                    _fill(child, extra.plan, data, start, pos, depth + 1)
                    getattr(message, name).append(child)
                elif what == _MESSAGE:
                    # A message that comes twice is merged.
                    child = getattr(message, name) or extra()
                    _fill(child, extra.plan, data, start, pos, depth + 1)
                    setattr(message, name, child)
                elif what == _TEXTS:
                    getattr(message, name).append(str(data[start:pos], "utf-8"))
                elif what == _BYTES_LIST:
                    getattr(message, name).append(data[start:pos])
                elif what == _MAP:
                    entry_plan, key, value = extra
                    entry = _Entry(key, value() if isinstance(value, _Class) else value)
                    _fill(entry, entry_plan, data, start, pos, depth + 1)
                    getattr(message, name)[entry.key] = entry.value
                else:
                    values = getattr(message, name)
                    while start < pos:
                        number, start = _read_varint(plan, data, start)
                        values.append(extra(number))
                    if start != pos:
                        raise _refuse(plan, f"truncated in {name}")
            elif what == _NUMBER:
                setattr(message, name, extra(size))
            else:
                getattr(message, name).append(extra(size))
            for other in others:
                setattr(message, other, None)
    except IndexError:
        pos = end + 1
    except UnicodeDecodeError as error:
        raise _refuse(plan, f"invalid UTF-8 in {name}") from error
    if pos != end:
        raise _refuse(plan, "truncated")


def _read_varint(plan: _Plan, data: bytes, pos: int) -> tuple[int, int]:
    """The varint at `pos` and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 64:
                raise _refuse(plan, "a varint of more than 64 bits")
            return value, pos
    raise _refuse(plan, "a varint of more than 10 bytes")


def _skip(plan: _Plan, tag: int, data: bytes, pos: int) -> int:
    """The position after the unknown field whose tag was just read."""
    number, wire = tag >> 3, tag & 7
    if number in plan.numbers:
        raise _refuse(plan, f"wrong wire type {wire} for field {number}")
    if not 0 < number < 1 << 29:
        raise _refuse(plan, f"impossible field number {number}")
    if wire == 0:
        return _read_varint(plan, data, pos)[1]
    if wire == 1:
        return pos + 8
    if wire == 2:
        size, pos = _read_varint(plan, data, pos)
        return pos + size
    if wire == 5:
        return pos + 4
    raise _refuse(plan, f"wire type {wire} in field {number}")


def _refuse(plan: _Plan, why: str) -> ProtocolError:
    return ProtocolError(f"decoding {plan.name}: {why}")
