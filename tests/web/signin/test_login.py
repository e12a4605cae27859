"""`login`: whose session it is from now on, under a new token, in one step with the data."""

from __future__ import annotations

import enum
import uuid

import pytest
from flask import get_flashed_messages

from flask_sessionplus import Parameter, ParameterError, UnsupportedType, session
from flask_sessionplus.tokens import digest
from tests.web.signin.conftest import WatchedIndex

UUID = uuid.UUID("7b8a9c10-1111-4222-8333-444455556666")


class Colour(str, enum.Enum):
    RED = "red"


class Nameless:
    """Something whose text says nothing of what it is."""


def show():
    """Return what the session says of its user."""
    return session.user_id, session.username, session.role_id, session.is_authenticated


def test_who_is_signed_in_is_remembered(visitor):
    """Id, name and role are there in the next request."""
    assert visitor.value(show) == (None, None, None, False)
    visitor(lambda: session.login(42, "Ada", "admin"))

    assert visitor.value(show) == (42, "Ada", "admin", True)


@pytest.mark.parametrize("user_id", [0, 42, -1, 10**30, "ada", "42", "ädä 💚", UUID, (1, "a")])
def test_an_id_comes_back_as_it_was(visitor, user_id):
    """An id of any type that can be stored keeps its type."""
    visitor(lambda: session.login(user_id))
    found = visitor.value(lambda: session.user_id)

    assert found == user_id
    assert type(found) is type(user_id)


@pytest.mark.parametrize("user_id", [None, True, 1.5, b"42", Nameless(), object()])
def test_what_is_no_id_is_refused(visitor, user_id):
    """What names nobody is a TypeError, and changes nothing."""
    visitor(lambda: session.update(a=1))
    token = visitor.token

    def page():
        with pytest.raises(TypeError, match=r"id|__str__"):
            session.login(user_id)

    visitor.value(page)
    assert visitor.value(show) == (None, None, None, False)
    assert visitor.token == token


@pytest.mark.parametrize("user_id", ["", "x" * 256])
def test_an_id_has_a_length(visitor, user_id):
    """An empty id, and one that is too long for a database, is a ValueError."""

    def page():
        with pytest.raises(ValueError, match="1 to 255 characters"):
            session.login(user_id)

    visitor.value(page)


def test_an_enum_of_texts_is_its_text(visitor, ext):
    """An Enum member that is a text names the same user as its text."""
    visitor(lambda: session.login(Colour.RED))

    assert visitor.value(lambda: len(ext.sessions_of("red"))) == 1


def test_the_token_is_new(visitor):
    """The visitor's token is another one after signing in, and the old one is dead."""
    visitor(lambda: session.update(cart=["tea"]))
    old = visitor.tab()
    visitor(lambda: session.login(42))

    assert visitor.token != old.token
    assert old.value(lambda: (session.copy(), session.user_id)) == ({}, None)


def test_what_the_visitor_had_crosses(visitor):
    """The data of the visitor, messages and scopes included, are there after signing in."""

    def page():
        session["cart"] = ["tea"]
        session.flash("note", "hi")
        session.scope("checkout")["step"] = 2

    visitor(page, method="POST")
    visitor(lambda: session.login(42), method="HEAD")

    assert visitor.value(lambda: session["cart"]) == ["tea"]
    assert visitor.value(lambda: session.scope("checkout")["step"]) == 2


def test_a_message_of_the_visitor_crosses(visitor):
    """A message that waits when somebody signs in is shown on the next page."""
    visitor(lambda: session.flash("note", "hi"), method="POST")
    visitor(lambda: session.login(42), method="HEAD")

    assert visitor.value(lambda: session.get("note")) == "hi"


def test_tokens_against_forgery_do_not_cross(visitor):
    """What the visitor's forms were protected with does not protect the user's, in scopes too."""

    def page():
        session.update(csrf_token="old", _csrf_token="old", csrf="old", csrf_token_name="x")
        session.scope("checkout")["csrf_token"] = "old"

    visitor(page)
    visitor(lambda: session.login(42))

    assert visitor.value(lambda: session.copy()) == {"csrf_token_name": "x"}
    assert visitor.value(lambda: session.scope("checkout").copy()) == {"csrf_token_name": "x"}


def test_other_keys_can_be_dropped(make_site, clock):
    """`SESSION_DROP_ON_LOGIN` says what does not cross."""
    visitor = make_site(SESSION_DROP_ON_LOGIN="cart").visitor()
    visitor(lambda: session.update(cart=1, csrf_token="old"))
    visitor(lambda: session.login(42))

    assert visitor.value(lambda: session.copy()) == {"csrf_token": "old"}


def test_the_session_of_another_user_is_emptied(visitor, ext):
    """Who signs in over another user finds nothing of his: no keys, messages, scopes, role."""

    def fill():
        session.login("bob", "Bob", "admin", remember=True, secret="b")
        session.flash("note", "for bob")
        session.scope("checkout")["card"] = "bob's"
        session.elevate()

    visitor(fill, method="POST")
    old = visitor.tab()
    visitor(lambda: session.login("eve"), method="HEAD")

    def look():
        found = session.copy(), session.scope("checkout").copy(), session.get("note")
        return *found, get_flashed_messages(), session.level, session.permanent

    assert visitor.value(look) == ({}, {}, None, [], None, False)
    assert visitor.value(show) == ("eve", None, None, True)
    assert old.value(show) == (None, None, None, False)
    assert visitor.value(lambda: (len(ext.sessions_of("bob")), len(ext.sessions_of("eve")))) == (
        0,
        1,
    )


def test_what_is_put_in_after_another_user_stays(visitor):
    """What the view puts in after signing in over another user belongs to the new one."""
    visitor(lambda: session.login("bob", secret="b"))

    def page():
        session["secret"] = "of bob's last page"
        session.login("eve", theme="dark")
        session["cart"] = ["tea"]

    visitor(page)

    assert visitor.value(lambda: session.copy()) == {"theme": "dark", "cart": ["tea"]}


def test_the_same_user_again(visitor, clock):
    """Who signs in again keeps the data, but for the forms' tokens, and gets a new token."""

    def page():
        session.login("42", "Ada", "admin")
        session["cart"] = ["tea"]
        session["csrf_token"] = "old"
        session.elevate()

    visitor(page)
    old, before = visitor.tab(), clock.now()
    clock.advance(60)
    visitor(lambda: session.login(42))

    assert visitor.token != old.token
    assert visitor.value(lambda: session.copy()) == {"cart": ["tea"]}
    assert visitor.value(show) == (42, None, None, True)
    assert visitor.value(lambda: session.level) is None
    since = visitor.value(lambda: session.authenticated_at)
    assert since.timestamp() * 1000 == pytest.approx(before + 60_000)
    assert old.value(show) == (None, None, None, False)


def test_signing_in_twice_in_one_request(visitor, store):
    """Two calls in one request are one sign-in: one step in the store, the last one's name."""
    visitor(lambda: session.update(a=1))
    store.new_calls()

    def page():
        session.login("42", "Ada")
        session["csrf_token"] = "new"
        session.login(42, "Ada L.", "admin")

    visitor(page)

    assert store.new_calls() == ["load", "apply"]
    assert visitor.value(show) == (42, "Ada L.", "admin", True)
    assert visitor.value(lambda: session["csrf_token"]) == "new"


def test_parameters_are_keys(visitor):
    """What else is given to `login` is set as keys."""
    visitor(lambda: session.login(42, theme="dark", remember=False, sizes=[1, 2]))

    assert visitor.value(lambda: session.copy()) == {"theme": "dark", "sizes": [1, 2]}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"theme": 7}, ParameterError),
        ({"other": object()}, UnsupportedType),
        ({"\x03user": 1}, ValueError),
        ({"username": object()}, UnsupportedType),
        ({"role_id": object()}, UnsupportedType),
    ],
)
def test_a_wrong_parameter_signs_nobody_in(make_site, clock, wrong, error):
    """If something that is given to `login` cannot be kept, nothing has changed."""
    visitor = make_site(SESSION_PARAMETERS={"theme": Parameter(str)}).visitor()
    visitor(lambda: session.login("bob", theme="dark"))
    token = visitor.token

    def page():
        with pytest.raises(error):
            session.login("eve", **wrong)

    visitor.value(page)
    assert visitor.token == token
    assert visitor.value(lambda: (session.user_id, session.copy())) == ("bob", {"theme": "dark"})


def test_remember(visitor):
    """With `remember` the browser keeps the cookie, without it does not."""
    answer = visitor(lambda: session.login(42))
    assert "expires" not in answer.cookie.attributes
    answer = visitor(lambda: session.login(42, remember=True))

    assert "expires" in answer.cookie.attributes
    assert visitor.value(lambda: session.permanent) is True


def test_the_owner_is_written_with_the_data(visitor, store):
    """Owner, identity and data of a sign-in are one record, whole in one step."""
    visitor(lambda: session.update(cart=["tea"]))
    store.new_calls()
    visitor(lambda: session.login(42, "Ada"))

    assert store.new_calls() == ["load", "apply"]
    record = store.inner.load(digest(visitor.token))
    assert record.owner == "42"
    assert {"cart", "\x03user", "\x03username", "\x03since"} <= record.values.keys()


def test_signing_in_without_a_cookie_is_one_step(visitor, store):
    """A first request that signs in creates one record and reads nothing."""
    visitor(lambda: session.login(42))

    assert store.new_calls() == ["create"]


def test_the_trips_of_a_sign_in(any_site, any_store: WatchedIndex):
    """On every store a sign-in is one load and one step; looking at who it is one load."""
    visitor = any_site.visitor()
    visitor(lambda: session.update(cart=["tea"]))
    visitor(lambda: session.get("cart"))
    any_store.new_calls()

    visitor(lambda: session.login(42, "Ada", "admin", theme="dark"))
    assert any_store.new_calls() == ["load", "apply"]
    assert visitor.value(show) == (42, "Ada", "admin", True)
    assert any_store.new_calls() == ["load"]


def test_nobody_costs_nothing(visitor, store):
    """To ask who is signed in costs a visitor without a cookie no look into the store."""
    visitor.value(show)

    assert store.new_calls() == []


def test_a_second_click_signs_in_as_well(visitor):
    """Of two sign-ins that were sent with one cookie both are good, and none is mixed.

    The answer to the first may never have come. The second has nothing of what the visitor had:
    that went along with the first.
    """
    visitor(lambda: session.update(a=1))
    other = visitor.tab()
    visitor(lambda: session.login("ada"))
    other(lambda: session.login("bob", b=2))

    assert other.value(show) == ("bob", None, None, True)
    assert other.value(lambda: session.copy()) == {"b": 2}
    assert visitor.value(show) == ("ada", None, None, True)
    assert visitor.value(lambda: session.copy()) == {"a": 1}
