"""The main job from end to end: examples/hello becomes an image in a real registry, is read back and run.

Everything lives in a temporary directory and ends with this script. The last line is the image's reference
with its digest.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import images
from tests.support.registry import Registry

REPOSITORY = Path(__file__).parent.parent
COMMAND = Path(sys.executable).with_name("buildkit-runner")
NAME = "demo"


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    try:
        with TemporaryDirectory(prefix="buildkit-runner-demo-", ignore_cleanup_errors=True) as name:
            work = Path(name)
            with Registry(work / "registry") as registry:
                demonstrate(work, registry)
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def demonstrate(work: Path, registry: Registry) -> None:
    reference = f"{registry.host}/team/hello:1"

    head("A base image from Debian's busybox, in a registry that stands in for docker.io")
    print(f"{registry.host}/library/busybox:latest@{images.push_busybox(registry)}")

    head("Build examples/hello and push it")
    build(work, registry, reference)
    digest = json.loads((work / "metadata.json").read_text())["containerimage.digest"]

    head("Read it back with skopeo")
    found = json.loads(output("skopeo", "inspect", "--tls-verify=false", f"docker://{reference}"))
    print(
        json.dumps(
            {key: found[key] for key in ("Digest", "Os", "Architecture", "Labels", "Layers")}, indent=2
        )
    )
    if found["Digest"] != digest:
        raise RuntimeError(f"the registry has {found['Digest']}, the build gave {digest}")

    head("Run it")
    said = run_image(work, reference)
    print(said, end="")
    if f"Hello, {NAME}!" not in said:
        raise RuntimeError("the image did not greet")

    head("Build it again: every step comes from the cache")
    lines = build(work, registry, reference)
    steps = {
        match[1] for match in map(re.compile(r"(#\d+) \[(?!internal).*\] (?!FROM )").match, lines) if match
    }
    cached = {line.split()[0] for line in lines if line.endswith(" CACHED")}
    if not steps or steps - cached:
        raise RuntimeError(f"{len(steps - cached)} of {len(steps)} steps did not come from the cache")
    print(f"{len(steps)} of {len(steps)} steps cached")

    head("Done")
    print(f"{reference}@{digest}")


def build(work: Path, registry: Registry, reference: str) -> list[str]:
    """Run our command with a daemon of its own; returns the lines of its progress."""
    words: list[str | Path] = [COMMAND, "build", "-t", reference, "--push", "--build-arg", f"NAME={NAME}"]
    words += ["--registry-mirror", f"docker.io={registry.host}", "--insecure-registry", registry.host]
    words += ["--daemon", "own", "--root", work / "buildkit", "--progress", "plain"]
    words += ["--metadata-file", work / "metadata.json", REPOSITORY / "examples" / "hello"]
    print("$", *("buildkit-runner" if word == COMMAND else word for word in words), flush=True)
    lines = []
    child = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert child.stdout is not None
    try:
        for line in child.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
        if child.wait():
            raise RuntimeError(f"the build ended with exit code {child.returncode}")
    finally:
        stop(child)
    return lines


def stop(child: subprocess.Popen[str]) -> None:
    """End a child that still runs: politely, so that it can end its own daemon, then for certain."""
    if child.poll() is None:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(10)
        child.kill()
        child.wait()


def run_image(work: Path, reference: str) -> str:
    """Unpack the image and run it with runc, as its configuration says; returns what it printed."""
    layout, bundle = work / "layout", work / "bundle"
    output("skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{reference}", f"oci:{layout}:hello")
    manifest = blob(layout, json.loads((layout / "index.json").read_text())["manifests"][0]["digest"])
    config = blob(layout, manifest["config"]["digest"])["config"]
    rootfs = bundle / "rootfs"
    rootfs.mkdir(parents=True)
    for layer in manifest["layers"]:
        output("tar", "-C", str(rootfs), "-xf", str(blob_path(layout, layer["digest"])))

    output("runc", "spec", "--bundle", str(bundle))
    spec = json.loads((bundle / "config.json").read_text())
    process = spec["process"]
    process["args"] = [*config.get("Entrypoint", []), *config["Cmd"]]
    process["env"] = config["Env"]
    process["terminal"] = False
    passwd = (line.split(":") for line in (rootfs / "etc/passwd").read_text().splitlines())
    process["user"]["uid"], process["user"]["gid"] = next(
        (int(fields[2]), int(fields[3])) for fields in passwd if fields[0] == config["User"]
    )
    (bundle / "config.json").write_text(json.dumps(spec))
    return output(
        "runc", "--root", str(work / "runc"), "run", "--bundle", str(bundle), f"hello-{os.getpid()}"
    )


def blob_path(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def blob(layout: Path, digest: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(blob_path(layout, digest).read_text())
    return parsed


def output(*command: str) -> str:
    """What a command printed. Raises RuntimeError with its complaint when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def head(text: str) -> None:
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
