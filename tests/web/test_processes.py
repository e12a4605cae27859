"""Memory is for one process: a server with several is told so."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus.stores.memory import MemoryStore


def test_memory_for_several_processes_is_refused(make_site):
    """A memory store under a server with several processes is a clear error, not half a session."""
    site = make_site(MemoryStore(), PROPAGATE_EXCEPTIONS=False)
    several = {"environ_overrides": {"wsgi.multiprocess": True}}
    visitor = site.visitor()

    assert visitor(lambda: session.update(a=1), **several).status == 500
    assert visitor(lambda: None, **several).status == 200
    assert visitor.token is None


def test_memory_for_several_processes_says_what_to_do(make_site):
    """The error names the setting and a store that works."""
    visitor = make_site(MemoryStore()).visitor()

    with pytest.raises(ValueError, match=r"SESSION_STORE.*sqlite"):
        visitor(lambda: session.get("a"), environ_overrides={"wsgi.multiprocess": True})


def test_memory_for_several_threads_is_fine(make_site):
    """Several threads are no problem."""
    visitor = make_site(MemoryStore()).visitor()
    visitor(lambda: session.update(a=1), environ_overrides={"wsgi.multithread": True})

    assert visitor.value(lambda: session["a"]) == 1


def test_other_stores_for_several_processes(site, kind):
    """All other stores serve several processes."""
    if kind != "memory":
        visitor = site.visitor()
        several = {"environ_overrides": {"wsgi.multiprocess": True}}
        visitor(lambda: session.update(a=1), **several)

        assert visitor.value(lambda: session["a"], **several) == 1


def test_the_error_page_for_it_may_use_the_session(make_site, caplog):
    """The page that tells of the error can look at the session, and nothing else goes wrong."""
    site = make_site(MemoryStore(), PROPAGATE_EXCEPTIONS=False)

    @site.app.errorhandler(500)
    def sorry(error):
        return f"Sorry, {session.get('name', 'stranger')}", 500

    several = {"environ_overrides": {"wsgi.multiprocess": True}}
    answer = site.visitor()(lambda: session.update(a=1), **several)

    assert (answer.status, answer.text) == (500, "Sorry, stranger")
    assert "finalizing failed" not in caplog.text
