"""Fixtures for tests of the session's services."""

from pathlib import Path

import pytest


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """a, b/c, b/d (empty), e -> a"""
    root = tmp_path / "context"
    (root / "b").mkdir(parents=True)
    (root / "a").write_text("A")
    (root / "b/c").write_text("CC")
    (root / "b/d").touch()
    (root / "e").symlink_to("a")
    return root
