"""Runs of pytest within a test."""

from __future__ import annotations

import pytest

from tests.plugin.apps import APP


@pytest.fixture
def run(pytester):
    """Return a function that runs tests beside a conftest, and says how many passed and failed."""

    def run(tests, conftest=APP, *options, apart=False):
        pytester.makeconftest(conftest)
        pytester.makepyfile(tests)
        options = ["-q", "-p", "no:cacheprovider", *options]
        how = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return how(*options)

    return run
