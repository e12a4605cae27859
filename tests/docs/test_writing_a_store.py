"""writing-a-store: the small store there keeps every promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.snippets import snippets
from tests.web.typing_in import runs


@pytest.mark.slow
@runs("writing-a-store 1", "writing-a-store 2")
def test_writing_a_store(tmp_path: Path) -> None:
    """writing-a-store: the small store there keeps every promise."""
    found = snippets()
    (tmp_path / "tiny_store.py").write_text(found["writing-a-store 1"])
    (tmp_path / "test_tiny_store.py").write_text(found["writing-a-store 2"])
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "."]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout[-4_000:]
