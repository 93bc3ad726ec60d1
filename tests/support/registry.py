"""A real registry (Debian's docker-registry) on a free port of the loopback, and the few calls tests need."""

from __future__ import annotations

import hashlib
import json
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urljoin

from tests.support.process import Process, free_port

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Manifest(NamedTuple):
    """A manifest or index as the registry gave it."""

    digest: str
    media_type: str
    data: bytes

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.data)
        return parsed


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """A running registry. host is "127.0.0.1:PORT", plain HTTP unless `env` sets up TLS.

    root: a directory for its storage and log, made here and removed at the end.
    env: docker-registry's settings as its environment variables, such as REGISTRY_AUTH.
    authorization, tls: what our own calls below send and trust.
    """

    def __init__(
        self,
        root: Path,
        env: Mapping[str, str] | None = None,
        *,
        authorization: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self._headers = {"Authorization": authorization} if authorization else {}
        self._tls = tls
        self._process = self._start(env or {})

    @property
    def log(self) -> Path:
        return self._process.log

    def manifest(self, repository: str, reference: str) -> Manifest:
        """The manifest or index of a tag or digest. Raises urllib's HTTPError when there is none."""
        accept = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST))
        path = f"/v2/{repository}/manifests/{reference}"
        with self._call("GET", path, headers={"Accept": accept}) as answer:
            data = answer.read()
            return Manifest(digest_of(data), answer.headers["Content-Type"], data)

    def config(self, repository: str, reference: str) -> dict[str, Any]:
        """The image configuration of a tag or digest that names one platform's manifest."""
        wanted = self.manifest(repository, reference).json["config"]["digest"]
        parsed: dict[str, Any] = json.loads(self.blob(repository, wanted))
        return parsed

    def blob(self, repository: str, digest: str) -> bytes:
        with self._call("GET", f"/v2/{repository}/blobs/{digest}") as answer:
            data: bytes = answer.read()
            return data

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository; none when it does not exist."""
        try:
            with self._call("GET", f"/v2/{repository}/tags/list") as answer:
                return sorted(json.load(answer)["tags"] or [])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def put_blob(self, repository: str, data: bytes, media_type: str) -> dict[str, Any]:
        """Store a blob; returns its descriptor."""
        digest = digest_of(data)
        with self._call("POST", f"/v2/{repository}/blobs/uploads/", b"") as answer:
            upload = urljoin(self.url, answer.headers["Location"])
        target = f"{upload}{'&' if '?' in upload else '?'}digest={digest}"
        self._call("PUT", target, data, {"Content-Type": "application/octet-stream"}).close()
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def put_manifest(
        self, repository: str, reference: str, manifest: Mapping[str, Any], media_type: str
    ) -> dict[str, Any]:
        """Store a manifest or index under a tag, or under its digest if `reference` is empty.

        Returns its descriptor.
        """
        data = json.dumps(manifest, separators=(",", ":")).encode()
        digest = digest_of(data)
        path = f"/v2/{repository}/manifests/{reference or digest}"
        self._call("PUT", path, data, {"Content-Type": media_type}).close()
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest."""
        self._call("DELETE", f"/v2/{repository}/manifests/{digest}").close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.end()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    def _start(self, env: Mapping[str, str]) -> Process:
        settings = {
            "version": "0.1",
            "log": {"accesslog": {"disabled": False}, "level": "info"},
            "storage": {
                "filesystem": {"rootdirectory": str(self.root / "storage")},
                "delete": {"enabled": True},
            },
            "http": {"addr": "127.0.0.1:0"},
        }
        config = self.root / "config.yml"
        config.write_text(json.dumps(settings))
        for attempt in range(5):
            self.host = f"127.0.0.1:{free_port()}"
            try:
                return Process(
                    ["docker-registry", "serve", config],
                    log=self.root / "log",
                    ready="listening on",
                    env={**env, "REGISTRY_HTTP_ADDR": self.host, "OTEL_TRACES_EXPORTER": "none"},
                )
            except RuntimeError as error:
                if attempt == 4 or "address already in use" not in str(error):
                    raise
        raise AssertionError

    def _call(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        request = urllib.request.Request(
            urljoin(self.url, path), data, {**self._headers, **(headers or {})}, method=method
        )
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if self._tls:
            handlers.append(urllib.request.HTTPSHandler(context=self._tls))
        return urllib.request.build_opener(*handlers).open(request, timeout=30)
