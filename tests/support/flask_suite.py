"""The test suite of the Flask that is installed: fetching it, and running it.

Run as a module, this fetches the suite: `python -m tests.support.flask_suite`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.processes import ROOT

CACHE = ROOT / ".cache" / "flask-sdist"
SOURCE = CACHE / f"flask-{version('flask')}"


@dataclass(frozen=True)
class Outcome:
    """What a run of the suite gave: the outcome of each test, and what pytest printed."""

    outcomes: dict[str, str]
    output: str

    def names(self, outcome: str) -> set[str]:
        """Return the names of the tests that `passed`, `failed` or were `skipped`."""
        return {name for name, each in self.outcomes.items() if each == outcome}


def fetch() -> None:
    """Unpack the source distribution of the installed Flask into `.cache`, once."""
    if SOURCE.is_dir():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "-qq", "--dest", folder),
                *("--no-deps", "--no-binary", "flask", f"flask=={version('flask')}"),
            ],
            check=True,
            timeout=300,
        )
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as content:
            # Debian 12's Python is too old to know filters.
            if hasattr(tarfile, "data_filter"):
                content.extraction_filter = tarfile.data_filter
            content.extractall(folder)
        # Renamed when complete: a fetch that was interrupted leaves nothing that looks done.
        Path(folder, SOURCE.name).rename(SOURCE)


def run(store: str | None) -> Outcome:
    """Run Flask's tests with our sessions on `store` in every app, or as they are (`None`)."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        env = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
        env |= {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT),
            "SESSIONPLUS_SUITE": json.dumps({"store": store, "report": str(report)}),
        }
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "tests.support.flask_suite_plugin"),
                *("-p", "no:cacheprovider", "-q", "--tb=short", "--rootdir", str(SOURCE)),
                str(SOURCE / "tests"),
            ],
            cwd=SOURCE,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        # An interrupted run (an error while collecting, say) has no report worth reading.
        if done.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise RuntimeError(f"Flask's test suite did not run:\n{done.stdout[-8000:]}")
        return Outcome(json.loads(report.read_text()), done.stdout)


if __name__ == "__main__":
    fetch()
