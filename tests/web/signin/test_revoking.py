"""Sessions ended from outside: one, all of a user, all. Dead with the next request."""

from __future__ import annotations

import uuid

import pytest

from flask_sessionplus import ConfigError, StoreError, session, signals
from flask_sessionplus.codec import Codec
from flask_sessionplus.owners import KIND
from flask_sessionplus.record import Record
from flask_sessionplus.tokens import digest, handle
from tests.web.signin.conftest import extension
from tests.web.visiting import Site

UUID = uuid.UUID("7b8a9c10-aaaa-4bbb-8ccc-ddddeeeeffff")


def sign_in(site, user_id, count=1):
    """Let *count* browsers sign in."""
    visitors = [site.visitor() for _ in range(count)]
    for visitor in visitors:
        visitor.value(lambda: session.login(user_id, cart=["tea"]))
    return visitors


def alive(visitors):
    """Return how many of them are signed in."""
    return sum(visitor.value(lambda: session.is_authenticated) for visitor in visitors)


def put(store, clock, kind, owner="ada"):
    """Put a record of *kind* into the store; return its sid."""
    values = {"a": b"\x01"} if kind is None else {"a": b"\x01", KIND: Codec().encode(kind)}
    sid = digest(f"a-record-of-the-kind-{kind}")
    hour = clock.now() + 3_600_000
    assert store.inner.create(sid, Record(clock.now(), clock.now(), hour, values, owner=owner))
    return sid


@pytest.mark.parametrize(
    ("known_as", "revoked_as"),
    [
        (42, "42"),
        ("42", 42),
        (42, 42),
        (UUID, str(UUID)),
        (UUID, str(UUID).upper()),
        (str(UUID).upper(), UUID),
        ("ädä", "ädä"),
    ],
)
def test_an_id_is_the_same_however_spelled(any_site, known_as, revoked_as):
    """Whoever is revoked is found, in whatever way his id is spelled."""
    visitors, others = sign_in(any_site, known_as, 3), sign_in(any_site, "bob", 2)

    with any_site.app.app_context():
        assert len(extension(any_site).sessions_of(revoked_as)) == 3
        assert extension(any_site).revoke_user(revoked_as) == 3
        assert extension(any_site).revoke_user(revoked_as) == 0
    assert (alive(visitors), alive(others)) == (0, 2)


@pytest.mark.parametrize("other", ["42 ", " 42", "042", "4", "42\x00", "Bob", "bob ", "%", "*"])
def test_other_ids_are_others(any_site, other):
    """Nobody is taken for somebody whose id is only like his."""
    visitors = sign_in(any_site, 42) + sign_in(any_site, "bob")
    with any_site.app.app_context():
        assert extension(any_site).revoke_user(other) == 0

    assert alive(visitors) == 2


def test_two_hundred_sessions(any_site):
    """All 200 sessions of a user end with one call."""
    visitors = sign_in(any_site, 42, 200)
    with any_site.app.app_context():
        assert extension(any_site).revoke_user("42") == 200

    assert alive(visitors) == 0


@pytest.mark.parametrize("bad", [None, True, 1.5, b"42"])
def test_what_is_no_id_is_refused(site, ext, bad):
    """An id that names nobody is an error, not nothing that was found."""
    with site.app.app_context():
        for call in (ext.sessions_of, ext.revoke_user):
            with pytest.raises(TypeError, match="user id"):
                call(bad)


def test_the_others(any_site):
    """With `except_current` the session of the request stays, under a new token; others end."""
    visitors = sign_in(any_site, 42, 50)
    copy = visitors[7].tab()
    ext = extension(any_site)

    def page():
        count = ext.revoke_user(42, except_current=True)
        return count, session.user_id, session["cart"]

    assert visitors[7].value(page) == (49, 42, ["tea"])
    assert alive(visitors) == 1
    assert (alive(visitors[7:8]), alive([copy])) == (1, 0)


def test_the_others_when_the_password_is_new(site, ext):
    """After signing in again and revoking the rest in one request, the new token lives."""
    visitors = sign_in(site, 42, 3)
    old = visitors[0].tab()
    visitors[0].value(lambda: (session.login(42), ext.revoke_user(42, except_current=True)))

    assert alive(visitors[:1]) == 1
    assert alive([*visitors[1:], old]) == 0


def test_the_current_one_is_empty_at_once(site, ext, store):
    """Who ends his own sessions has an empty one for the rest of the request."""
    [visitor] = sign_in(site, 42)

    def page():
        count = ext.revoke_user(42)
        return count, session.user_id, session.copy(), session.exists

    answer = visitor(page)
    assert answer.value == (1, None, {}, False)
    assert answer.cookie.is_deletion
    assert store.inner.count() == 0


def test_what_follows_is_another_session(site, ext):
    """What is put in after the own session was ended belongs to a new one, of nobody."""
    [visitor] = sign_in(site, 42)
    old = visitor.token
    visitor(lambda: (ext.revoke_user(42), session.update(note="bye")))

    assert visitor.token not in (None, old)
    assert visitor.value(lambda: (session.user_id, session.copy())) == (None, {"note": "bye"})
    assert visitor.value(lambda: ext.sessions_of(42)) == []


def test_who_is_about_to_sign_in_is_ended_too(site, ext, store):
    """A sign-in of the same request, not written yet, is taken back as well."""
    for user_id in (None, 42, "bob"):
        visitor = site.visitor() if user_id is None else sign_in(site, user_id)[0]
        visitor(lambda: (session.login(42), ext.revoke_user(42), session.update(note="bye")))

        assert alive([visitor]) == 0
        assert visitor.value(lambda: session.copy()) == {"note": "bye"}
        assert store.inner.owned("42") == []
    assert store.inner.owned("bob") == []


def test_an_admin_stays(site, ext):
    """Who ends the sessions of another user keeps his own."""
    [admin], visitors = sign_in(site, "admin"), sign_in(site, 42, 2)

    assert admin.value(lambda: (ext.revoke_user(42), session.user_id)) == (2, "admin")
    assert (alive([admin]), alive(visitors)) == (1, 0)


def test_a_global_session_goes_too(site, ext, store, clock):
    """Global data and tokens end with the sessions; with `except_current` the data stay."""
    sids = {kind: put(store, clock, kind) for kind in ("global", "token")}
    [ada] = sign_in(site, "ada")

    def kept():
        return {kind for kind, sid in sids.items() if isinstance(store.inner.load(sid), Record)}

    assert ada.value(lambda: ext.revoke_user("ada", except_current=True)) == 1
    assert kept() == {"global"}
    assert ada.value(lambda: ext.revoke_user("ada")) == 2
    assert kept() == set()


def test_what_else_has_to_be_done(site, ext):
    """Revokers are called with the owner, and what they name is spared."""
    visitors = sign_in(site, 42, 3)
    calls, spared = [], [digest(visitors[1].token)]

    def revoker(owner, except_current):
        calls.append((owner, except_current))
        return spared

    site.app.extensions["sessionplus"].revokers.append(revoker)
    with site.app.app_context():
        assert ext.revoke_user(42) == 2
        assert alive(visitors) == 1
        ext.revoke_all()

    # For everybody before and after: the notes of before are removed as well.
    assert calls == [("42", False), (None, False), (None, False)]
    assert alive(visitors) == 0


def test_one_by_its_handle(any_site):
    """`revoke` ends the session with this public name, and no other."""
    visitors = sign_in(any_site, 42, 3)
    ext = extension(any_site)
    name = visitors[1].value(lambda: session.identifier)

    assert visitors[0].value(lambda: (ext.revoke(name), ext.revoke(name))) == (True, False)
    assert [alive([visitor]) for visitor in visitors] == [1, 0, 1]


def test_the_own_one_by_its_handle(site, ext):
    """Who ends the session he is in has an empty one at once, also while it gets a new token."""
    for prepare in (lambda: None, lambda: session.confirm()):
        [visitor] = sign_in(site, 42)

        def page(prepare=prepare):
            prepare()
            return ext.revoke(session.identifier), session.user_id, session.copy()

        assert visitor.value(page) == (True, None, {})
        assert alive([visitor]) == 0


def test_a_visitors_session_by_its_handle(site, ext):
    """A session of nobody can be ended as well."""
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    name = visitor.value(lambda: session.identifier)
    with site.app.app_context():
        assert ext.revoke(name) is True

    assert visitor.value(lambda: session.copy()) == {}


HANDLE = handle(digest("a-session-that-is-not-there"))


def test_what_is_no_handle_ends_nothing(any_site):
    """A handle that is none, or of no session, is False, and no error."""
    [visitor] = sign_in(any_site, 42)
    wrong = [HANDLE, "", HANDLE[:-1], f"{HANDLE}A", f"{HANDLE[:-1]}_", f" {HANDLE[1:]}"]
    wrong += [char * 22 for char in "ä\n=%*?A-"] + ["../" * 8, f"{HANDLE}\n"]
    with any_site.app.app_context():
        for bad in [*wrong, None, 42, HANDLE.encode(), ["x"] * 22]:
            assert extension(any_site).revoke(bad) is False

    assert alive([visitor]) == 1


def test_a_handle_has_one_spelling(site, ext):
    """Another text that stands for the same bytes is not the session's name."""
    [visitor] = sign_in(site, 42)
    name = visitor.value(lambda: session.identifier)
    # The last four bits of the last character mean nothing: A, Q, g or w.
    with site.app.app_context():
        assert ext.revoke(name[:-1] + chr(ord(name[-1]) + 1)) is False

    assert alive([visitor]) == 1


def test_tokens_and_sids_are_no_handles(any_site):
    """What is in the cookie, and what the store has, end nothing when given as a handle."""
    [visitor] = sign_in(any_site, 42)
    sid = digest(visitor.token)
    with any_site.app.app_context():
        for bad in (visitor.token, sid.hex(), sid.hex()[:22], str(sid)):
            assert extension(any_site).revoke(bad) is False

    assert alive([visitor]) == 1


@pytest.mark.parametrize("kind", ["note", "lease"])
def test_our_own_records_have_no_handle(site, ext, store, clock, kind):
    """Records that are no session, such as that of a revoked token, cannot be ended by hand."""
    sid = put(store, clock, kind, owner="")
    with site.app.app_context():
        assert ext.revoke(handle(sid)) is False

    assert isinstance(store.inner.load(sid), Record)


def test_all(any_site):
    """`revoke_all` ends the sessions of all users and visitors."""
    visitors = sign_in(any_site, 42, 3) + sign_in(any_site, "bob", 2)
    nobody = any_site.visitor()
    nobody(lambda: session.update(a=1))
    ext = extension(any_site)
    answer = visitors[0](lambda: (ext.revoke_all(), session.user_id, session.copy()))

    assert answer.value == (6, None, {})
    assert alive(visitors) == 0
    assert nobody.value(lambda: session.copy()) == {}


def test_signals(site, ext):
    """Each call tells whose sessions it has ended, and how many; if none, revoke tells nothing."""
    told = []

    def note(sender, owner, count):
        assert sender is site.app
        told.append((owner, count))

    visitors = sign_in(site, 42, 3)
    name = visitors[0].value(lambda: session.identifier)
    with site.app.app_context(), signals.sessions_revoked.connected_to(note):
        ext.revoke(name)
        ext.revoke(name)
        ext.revoke_user("42")
        ext.revoke_all()

    assert told == [("42", 1), ("42", 2), ("", 0)]


def test_another_app_of_the_same_extension(make_site, store, tmp_path):
    """Inside a request of one app, the sessions of another are not taken for the current one."""
    here, there = make_site(store), make_site("memory://")
    [ada] = sign_in(here, "ada")
    sign_in(there, "ada")

    def page():
        with there.app.app_context():
            count = extension(there).revoke_user("ada")
        return count, session.user_id

    assert ada.value(page) == (1, "ada")


@pytest.mark.parametrize("store", ["memcached://127.0.0.1:1", "cookie://"])
def test_stores_that_know_no_owners(make_site, store, clock):
    """Where the store knows no owners the error says so, and which ones do."""
    keys = {"SESSION_ENCRYPTION_KEYS": "0" * 64, "SESSION_COOKIE_REVOCATIONS": "memory://"}
    site = make_site(store, **keys)
    ext = extension(site)
    with site.app.app_context():
        for call in (
            lambda: ext.sessions_of(1),
            lambda: ext.revoke_user(1),
            lambda: ext.revoke(HANDLE),
        ):
            with pytest.raises(StoreError, match=r"does not know whose .* postgresql://"):
                call()
        with pytest.raises(StoreError, match=r"SESSION_KEY_PREFIX|SESSION_ENCRYPTION_KEYS"):
            ext.revoke_all()


def test_an_app_without_our_sessions(ext, app):
    """In an app that has no sessions of ours the error says what to do."""
    Site(app)
    with app.app_context(), pytest.raises(ConfigError, match=r"init_app\(\)"):
        ext.sessions_of(42)
