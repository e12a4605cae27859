"""Flask's own test suite, with our sessions in every app."""

from __future__ import annotations

import pytest

from tests.support import flask_suite
from tests.support.flask_suite_plugin import ABOUT_THE_SIGNED_COOKIE
from tests.support.missing import missing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare():
    """Return how the suite goes as Flask ships it: a few tests fail with newer libraries."""
    if not flask_suite.SOURCE.is_dir():
        missing("Flask's own tests are not here: python -m tests.support.flask_suite fetches them")
    return flask_suite.run(store=None)


def test_the_suite_runs_here_at_all(bare):
    """As Flask ships them nearly all tests pass here, so that the next test says something."""
    assert len(bare.names("passed")) > 400, bare.output
    assert len(bare.names("failed")) < 5, bare.output


def test_every_test_of_flask_passes_with_our_sessions(bare):
    """Whatever passes with Flask's signed cookie passes with our sessions in every app too."""
    ours = flask_suite.run(store="memory://")

    assert ours.names("failed") - bare.names("failed") == set(), ours.output
    assert ours.names("skipped") - bare.names("skipped") == set(), ours.output
    assert bare.outcomes.keys() - ours.outcomes.keys() <= ABOUT_THE_SIGNED_COOKIE.keys()
