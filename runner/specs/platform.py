"""Platforms, as containerd reads them: `os/arch[/variant]`, `os` or `arch`, with its aliases.

Names and aliases: github.com/containerd/platforms.
"""

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from runner.errors import UsageError

# fmt: off
SYSTEMS = frozenset((
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl",
    "netbsd", "openbsd", "plan9", "solaris", "wasi", "wasip1", "windows", "zos",
))
ARCHITECTURES = frozenset((
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle", "mips64",
    "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x",
    "sparc", "sparc64", "wasm",
))
# fmt: on
# Other names of an architecture, and the variant that such a name means whatever else is said (None: none).
ALIASES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "aarch64": ("arm64", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
# Variants that mean the architecture's default, and other ways to write one.
VARIANTS = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm64", "v8.0"): "",
    ("arm64", "9"): "v9",
    ("arm64", "9.0"): "v9",
    ("arm64", "v9.0"): "v9",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}
# What uname calls a machine, where neither its own name nor an alias says it.
MACHINES = {
    "i686": "386",
    "armv6l": "arm/v6",
    "armv7l": "arm/v7",
    "armv8l": "arm/v7",
    "loongarch64": "loong64",
}


class Platform(NamedTuple):
    """What an image runs on, in its normal form. `str()` gives `os/arch[/variant]`."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read one platform; `local` is this machine's. Raises UsageError."""
        if text.lower() == "local":
            return local()
        first, *rest = text.split("/")
        system = re.fullmatch(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?", first)
        if not system or len(rest) > 2 or not all(re.fullmatch(r"[A-Za-z0-9_.-]+", part) for part in rest):
            raise _bad(text, "it is not os/arch[/variant]")
        name, version = system[1].lower(), system[2] or ""
        name = "darwin" if name == "macos" else name
        if rest:
            return cls(name, *_architecture(text, *rest), version)
        if name in SYSTEMS:
            return local()._replace(os=name, os_version=version)
        return cls("linux", *_architecture(text, first))

    def __str__(self) -> str:
        system = f"{self.os}({self.os_version})" if self.os_version else self.os
        return "/".join(part for part in (system, self.architecture, self.variant) if part)


def parse_platforms(texts: Iterable[str]) -> tuple[Platform, ...]:
    """Read platforms, several of them in one text separated by commas; each counts once.

    Raises UsageError.
    """
    return tuple(dict.fromkeys(Platform.parse(part.strip()) for text in texts for part in text.split(",")))


def local() -> Platform:
    """The platform of the machine that runs this program."""
    machine = os.uname().machine
    return Platform("linux", *_architecture(machine, *MACHINES.get(machine, machine).split("/")))


def _architecture(text: str, name: str, variant: str = "") -> tuple[str, str]:
    name, variant = name.lower(), variant.lower()
    if name in ALIASES:
        name, implied = ALIASES[name]
        variant = variant if implied is None else implied
    if name not in ARCHITECTURES:
        raise _bad(text, f"{name!r} is neither an architecture nor an operating system", _near(name))
    return name, VARIANTS.get((name, variant), variant)


def _near(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, ARCHITECTURES | SYSTEMS | ALIASES.keys(), 1)
    return f"Did you mean {close[0]}?" if close else "Such as linux/amd64 or linux/arm64."


def _bad(text: str, why: str, hint: str = "Such as linux/amd64 or linux/arm64/v8.") -> UsageError:
    return UsageError(f"reading the platform {text!r}: {why}", hint=hint)
