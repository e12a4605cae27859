"""The pytest plugin in suites that lack something or have more, and where nobody uses it."""

from __future__ import annotations

import json

import pytest

from tests.plugin.apps import APP

pytest_plugins = ["pytester"]


def test_without_an_app(run):
    """Without a fixture `app` it is said what is missing, and nothing else."""
    result = run("def test_it(session_client): pass\ndef test_in(signed_in): pass", "")

    result.assert_outcomes(errors=2)
    # Nor how that was found out.
    assert "FixtureLookupError" not in result.stdout.str()
    assert "During handling" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*session_client needs a fixture `app` that returns your Flask*"])
    result.stdout.fnmatch_lines(["*signed_in needs a fixture `app`*conftest.py*"])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("object()", "needs a Flask app: the fixture `app` has returned a object"),
        ("Flask('shop')", "The app 'shop' has no sessions of ours"),
    ],
)
def test_with_another_app(run, made, message):
    """An app that is none, or has no sessions of ours, is named."""
    conftest = f"""
import pytest
from flask import Flask

@pytest.fixture
def app():
    return {made}
"""
    result = run("def test_it(session_client): pass", conftest)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{message}*"])


def test_what_the_apps_fixture_lacks(run):
    """A fixture that `app` itself asks for in vain is named as ever."""
    result = run("def test_it(session_client): pass", APP.replace("app(tmp_path)", "app(nowhere)"))

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'nowhere' not found*"])


def test_the_clock(run):
    """`frozen_clock` stands still, goes when it is told to, and is the real one afterwards."""
    run("""
        import time
        from datetime import timedelta
        from flask_sessionplus import clock

        def test_stands(frozen_clock):
            before = clock.now()
            frozen_clock.tick()
            assert clock.now() == before + 1_000
            frozen_clock.tick(timedelta(hours=1))
            assert clock.now() == frozen_clock.now() == before + 3_601_000

        def test_goes():
            assert abs(clock.now() - time.time() * 1000) < 60_000

        def test_expiry(signed_in, frozen_clock):
            client = signed_in(7)
            frozen_clock.tick(timedelta(minutes=16))
            assert client.get("/me").json == [7, None, None, False]
            frozen_clock.tick(timedelta(days=32))
            assert client.get("/me").json[0] is None
    """).assert_outcomes(passed=3)


# As pytest-flask has them.
PYTEST_FLASK = (
    APP
    + """
@pytest.fixture
def client(app):
    with app.test_client() as client:
        yield client


@pytest.fixture(autouse=True)
def _push_request_context(request, app):
    context = app.test_request_context()
    context.push()
    yield
    context.pop()
"""
)


def test_beside_pytest_flask(run):
    """`app` and `client` are the suite's own, and a request context that is pushed is in no way."""
    run(
        """
        from flask import session

        def test_both(client, session_client, signed_in):
            session_client.session["a"] = 1
            assert client.get("/me").json[0] is None
            assert signed_in(7).get("/me").json[0] == 7
            assert dict(session_client.session) == {"a": 1}
            assert dict(session) == {}
        """,
        PYTEST_FLASK,
    ).assert_outcomes(passed=1)


def test_own_fixtures_win(run):
    """A suite that has a fixture of the same name keeps it."""
    conftest = f"{APP}\n@pytest.fixture\ndef signed_in():\n    return 'own'\n"

    run("def test_it(signed_in): assert signed_in == 'own'", conftest).assert_outcomes(passed=1)


@pytest.mark.slow
def test_it_can_be_left_out(run):
    """With `-p no:flask_sessionplus` there are no such fixtures, and nothing of ours is loaded."""
    tests = """
        import sys

        def test_nothing():
            assert "flask_sessionplus" not in sys.modules

        def test_it(session_client):
            pass
    """
    result = run(tests, "", "-p", "no:flask_sessionplus", apart=True)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'session_client' not found*"])


@pytest.mark.slow
def test_it_is_light(run):
    """In a project that does not use it, the plugin loads no database and no Hypothesis."""
    tests = """
        import json, sys

        def test_modules():
            print("MODULES " + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
    """
    options = ("-s", "-p", "no:hypothesispytest", "-p", "no:playwright")
    result = run(tests, "", *options, apart=True)
    [line] = [line for line in result.outlines if "MODULES" in line]
    loaded = set(json.loads(line.partition("MODULES ")[2]))

    assert "flask_sessionplus" in loaded
    heavy = {"sqlalchemy", "hypothesis", "redis", "flask_login", "rich", "cryptography", "jwt"}
    assert loaded & {*heavy, "psycopg", "pymysql", "playwright"} == set()
