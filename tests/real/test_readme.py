"""What README shows works as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from benchmarks import readme
from tests.conftest import REPOSITORY
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command
from tests.support.registry import Registry


def test_the_python_example_runs(
    buildkitd: Buildkitd, registry: Registry, command: Command, tmp_path: Path
) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) == 1
    assert "127.0.0.1:5000" in blocks[0]
    script = tmp_path / "example.py"
    script.write_text(blocks[0].replace("127.0.0.1:5000", registry.host))
    done = subprocess.run(
        [sys.executable, script],
        cwd=REPOSITORY,
        env=command.environment({"BUILDKIT_HOST": buildkitd.address}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{registry.host}/team/hello:1@{registry.manifest('team/hello', '1').digest}" in done.stdout
    assert "GREETED=Ada" in registry.config("team/hello", "1")["config"]["Env"]


def test_it_shows_what_was_measured() -> None:
    results = json.loads((REPOSITORY / "benchmarks" / "results" / "latest.json").read_text())
    assert readme.section(results) in (REPOSITORY / "README.md").read_text()


def test_links_lead_somewhere() -> None:
    text = (REPOSITORY / "README.md").read_text()
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert targets
    assert not [target for target in targets if not (REPOSITORY / target).exists()]
