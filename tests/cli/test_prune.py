"""A person at a terminal is asked before anything is removed; nobody listens here, so yes ends with 75."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ANSWERS = {"y\n": 75, "Y\n": 75, "n\n": 0, "\n": 0, "yes please\n": 0, "\x04": 0}


def prune(folder: Path, answer: str, *words: str) -> tuple[int, str, str]:
    """Run `prune` with a terminal as standard input, at which somebody answers."""
    person, terminal = os.openpty()
    os.write(person, answer.encode())
    command = (sys.executable, "-m", "runner", "prune", "--addr", f"unix://{folder}/nobody", "--daemon=join")
    done = subprocess.run(
        [*command, *words], stdin=terminal, capture_output=True, text=True, timeout=20, check=False
    )
    for end in (person, terminal):
        os.close(end)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("answer", ANSWERS)
def test_only_y_is_yes(tmp_path: Path, answer: str) -> None:
    code, out, err = prune(tmp_path, answer)
    assert (code, out) == (ANSWERS[answer], "")
    assert err.startswith("This removes the build cache, but for what is in use. Go on? [y/N] ")


def test_all_is_said(tmp_path: Path) -> None:
    assert "removes the whole build cache," in prune(tmp_path, "n\n", "--all")[2]


def test_force_asks_nothing(tmp_path: Path) -> None:
    code, _, err = prune(tmp_path, "", "-f")
    assert code == 75
    assert "Go on?" not in err
