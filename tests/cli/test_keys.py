"""`flask session keys`: a new key, and all that is stored sealed with it while the app serves."""

from __future__ import annotations

import json
import threading

import pytest
from flask import session

from flask_sessionplus.sealing import KeyRing
from tests.cli.commands import as_json, output, run, sign_in

OLD, NEW = "old-" * 10, "new-" * 10
LARGE = "x" * 20_000


@pytest.fixture
def site_with(tmp_path, make_site):
    """Return a function that makes an app with these keys, always on the same sessions."""
    url = f"sqlite:///{tmp_path}/sessions.sqlite3"

    def make(*keys):
        return make_site(url, SESSION_ENCRYPTION_KEYS=list(keys))

    return make


def same(visitor, site):
    """Return the browser of *visitor*, on another app."""
    return site.visitor(visitor.token)


def test_a_new_key(make_site):
    """`keys new` prints a key that is long enough, another one each time, and nothing else."""
    site = make_site()
    made = [output(site, "keys", "new") for _ in range(2)]

    assert len(set(made)) == 2
    for text in made:
        assert text.count("\n") == 1
        assert len(KeyRing([text.strip()])) == 1


def test_the_older_key_can_be_taken_out(site_with):
    """After `rotate`, all sessions live on with the newest key alone, large values too."""
    ada, _ = sign_in(site_with(OLD), "ada", cart=["tea"], large=LARGE)
    visitor = site_with(OLD).visitor()
    visitor(lambda: session.update(a=1))
    both = site_with(NEW, OLD)

    assert output(both, "keys", "rotate", "--dry-run") == (
        "2 records of 2 sealed with an older key.\n"
    )
    assert output(both, "keys", "rotate") == "2 records of 2 sealed anew with the newest key.\n"
    assert as_json(both, "keys", "rotate") == {"seen": 2, "older": 0, "resealed": 0, "damaged": 0}
    new = site_with(NEW)
    found = same(ada, new).value(lambda: (session.user_id, session["cart"], session["large"]))
    assert found == ("ada", ["tea"], LARGE)
    assert same(visitor, new).value(lambda: session["a"]) == 1


def test_without_it_the_older_key_is_needed(site_with):
    """A session that was not sealed anew is not readable without its key: the test can fail."""
    ada, _ = sign_in(site_with(OLD), "ada")

    assert same(ada, site_with(NEW)).value(lambda: session.user_id) is None


def test_no_key_is_shown(site_with):
    """No key is in what `rotate` prints, be it good or bad."""
    sign_in(site_with(OLD), "ada")
    shown = [run(site_with(*keys), "keys", "rotate") for keys in ([NEW], [NEW, OLD])]

    assert [result.exit_code for result in shown] == [1, 0]
    for result in shown:
        assert OLD not in result.output
        assert NEW not in result.output


def test_what_cannot_be_opened_is_told(site_with):
    """With a key missing, the exit code is 1, and what it had sealed is left as it is."""
    ada, _ = sign_in(site_with(OLD), "ada")
    result = run(site_with(NEW), "keys", "rotate")

    assert result.exit_code == 1
    assert "1 record cannot be opened" in result.stderr
    assert same(ada, site_with(OLD)).value(lambda: session.user_id) == "ada"


def test_while_requests_are_served(site_with):
    """Requests that write at the same time lose nothing, nor does any fail."""
    visitors = [sign_in(site_with(OLD), number, n=0, large=LARGE)[0] for number in range(8)]
    both = site_with(NEW, OLD)
    tabs = [same(visitor, both) for visitor in visitors]
    has_begun, has_ended = threading.Event(), threading.Event()
    counts, faults = [0] * len(tabs), []

    def serve():
        while not has_ended.is_set():
            for number, tab in enumerate(tabs):
                if tab(lambda: session.increment("n")).status != 200:
                    faults.append(number)
                counts[number] += 1
            has_begun.set()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert has_begun.wait(30)
        results = [run(both, "keys", "rotate") for _ in range(3)]
    finally:
        has_ended.set()
        thread.join(30)

    assert [result.exit_code for result in results] == [0, 0, 0]
    assert faults == []
    new = site_with(NEW)
    assert [same(tab, new).value(lambda: session["n"]) for tab in tabs] == counts
    assert all(same(tab, new).value(lambda: session["large"]) == LARGE for tab in tabs)


def test_the_advice_signs_nobody_out(make_site, tmp_path):
    """`--help` and `check` say what docs/cli.md does: behind the others first, then in front."""
    texts = [output(make_site(), "keys", "new", "--help")]
    weak = make_site(f"sqlite:///{tmp_path}/s.sqlite3", SESSION_ENCRYPTION_KEYS="changeme" * 5)
    findings = json.loads(run(weak, "check", "--json").stdout)["findings"]
    texts += [each["remedy"] for each in findings if "SESSION_ENCRYPTION_KEYS" in each["found"]]

    assert len(texts) == 2
    for text in texts:
        steps = [text.index(step) for step in ("behind", "in front", "keys rotate")]
        assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("store", "keys", "message"),
    [
        ("memory://", None, "Nothing is sealed in this store."),
        (
            "memory://",
            [NEW],
            "Nothing is sealed in this store. What is in the memory of a process never is",
        ),
        ("cookie://", [NEW], "Sessions in a cookie are in the browsers"),
        ("memcached://127.0.0.1", [NEW], "A MemcachedStore cannot be gone through"),
    ],
)
def test_where_nothing_can_be_done(make_site, store, keys, message):
    """A store in which nothing can be sealed anew is an error that says what to do."""
    settings = {"SESSION_COOKIE_REVOCATIONS": None} if store == "cookie://" else {}
    site = make_site(store, SESSION_ENCRYPTION_KEYS=keys, **settings)
    result = run(site, "keys", "rotate")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stdout == ""
