"""Base images made here, as none can be pulled: Debian's static busybox as an OCI image in a registry."""

from __future__ import annotations

import gzip
import io
import json
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.registry import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Registry, digest_of

EPOCH = "1970-01-01T00:00:00Z"
HOST_PLATFORM = "linux/" + {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Layer:
    """A layer's tar in the making. The same calls give the same bytes."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._buffer, mode="w")

    def directory(self, path: str, mode: int = 0o755) -> None:
        self._add(path, mode, tarfile.DIRTYPE)

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._add(path, mode, tarfile.REGTYPE, data)

    def symlink(self, path: str, target: str) -> None:
        self._add(path, 0o777, tarfile.SYMTYPE, target=target)

    def tar(self) -> bytes:
        """The finished tar, not compressed."""
        self._tar.close()
        return self._buffer.getvalue()

    def _add(self, path: str, mode: int, kind: bytes, data: bytes = b"", target: str = "") -> None:
        entry = tarfile.TarInfo(path.strip("/"))
        entry.type, entry.mode, entry.linkname, entry.size = kind, mode, target, len(data)
        self._tar.addfile(entry, io.BytesIO(data))


def busybox_layer() -> bytes:
    """The tar of a root file system with busybox and all its commands in /bin."""
    binary = shutil.which("busybox")
    if not binary:
        raise RuntimeError("busybox is not installed (apt-get install busybox-static)")
    names = subprocess.run([binary, "--list"], check=True, capture_output=True, text=True).stdout.split()
    layer = Layer()
    for path in ("bin", "etc", "usr", "usr/bin", "usr/sbin", "sbin", "var", "home"):
        layer.directory(path)
    layer.directory("root", 0o700)
    layer.directory("tmp", 0o1777)
    layer.file("bin/busybox", Path(binary).read_bytes(), 0o755)
    for name in sorted({*names, "sh"} - {"busybox"}):
        layer.symlink(f"bin/{name}", "busybox")
    layer.symlink("usr/bin/env", "/bin/env")
    layer.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    layer.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    return layer.tar()


def push(
    registry: Registry,
    repository: str,
    tags: Sequence[str],
    layers: Mapping[str, bytes],
    config: Mapping[str, Any] | None = None,
) -> str:
    """Push an image of one layer (a tar) for each platform; returns the digest that the tags name.

    One platform gives a manifest, several give an index. config is the image's `config` object.
    """
    manifests = [_push_platform(registry, repository, name, tar, config) for name, tar in layers.items()]
    document, kind = _index(manifests), OCI_INDEX
    if len(manifests) == 1:
        document, kind = registry.manifest(repository, manifests[0]["digest"]).json, OCI_MANIFEST
    digests = {registry.put_manifest(repository, tag, document, kind)["digest"] for tag in tags}
    return str(digests.pop())


def push_busybox(
    registry: Registry,
    repository: str = "library/busybox",
    tags: Sequence[str] = ("latest",),
    platforms: Sequence[str] = (HOST_PLATFORM,),
) -> str:
    """Push a busybox image; returns its digest.

    Every platform gets this machine's binary, so that the RUNs of a build for several platforms work without
    an emulator. /etc/platform tells the platforms' images apart.
    """
    layers = {}
    base = busybox_layer()
    for name in platforms:
        layer = Layer()
        layer.file("etc/platform", f"{name}\n".encode())
        layers[name] = base if len(platforms) == 1 else _joined(base, layer.tar())
    environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    return push(registry, repository, tags, layers, {"Env": environment, "Cmd": ["sh"]})


def push_frontend(
    registry: Registry, tools: Path, repository: str = "docker/dockerfile", tag: str = "1"
) -> str:
    """Push the Dockerfile frontend, for `# syntax=` lines; returns its digest. tools: the folder with it."""
    layer = Layer()
    layer.directory("bin")
    layer.file("bin/dockerfile-frontend", (tools / "dockerfile-frontend").read_bytes(), 0o755)
    # What docker/dockerfile says of itself: that it needs no network, and what may be asked of it.
    said = "moby.buildkit.frontend"
    labels = {
        f"{said}.network.none": "true",
        f"{said}.caps": f"{said}.inputs,{said}.subrequests,{said}.contexts",
    }
    config = {"Entrypoint": ["/bin/dockerfile-frontend"], "Labels": labels}
    return push(registry, repository, (tag,), {HOST_PLATFORM: layer.tar()}, config)


def _joined(first: bytes, second: bytes) -> bytes:
    """Two tars as one: the zero blocks that end the first are cut off."""
    end = 0
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        for entry in tar:
            end = entry.offset_data + -(-entry.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    return first[:end] + second


def _push_platform(
    registry: Registry, repository: str, name: str, tar: bytes, config: Mapping[str, Any] | None
) -> dict[str, Any]:
    system, _, rest = name.partition("/")
    architecture, _, variant = rest.partition("/")
    about = {"os": system, "architecture": architecture, **({"variant": variant} if variant else {})}
    image = {
        **about,
        "created": EPOCH,
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]},
        "history": [{"created": EPOCH, "created_by": "tests/support/images.py"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": registry.put_blob(repository, _json(image), OCI_CONFIG),
        "layers": [registry.put_blob(repository, gzip.compress(tar, 1, mtime=0), OCI_LAYER)],
    }
    return {**registry.put_manifest(repository, "", manifest, OCI_MANIFEST), "platform": about}


def _index(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
