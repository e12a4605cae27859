"""Requests at the same time, on every store: nothing that one of them writes is lost."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import chain

import pytest
from flask import flash, get_flashed_messages, redirect, session

from tests.web.visiting import KNOWN, together

CROWD = 8


@pytest.fixture
def known(raced):
    """Return somebody whose session is stored, at an app on every store."""
    visitor = raced.visitor()
    visitor(lambda: session.update(name="Ada", cart=["tea"], visits=3))
    visitor(lambda: session.get("name"))
    return visitor


def crowd(known, do, **options):
    """Let a crowd do *do* at the same time, each in its own thread and with its own number.

    All have loaded the session before the first of them goes on. Return what they return.
    """
    barrier = threading.Barrier(CROWD, timeout=30)

    def visit(number, tab):
        def page():
            session.get("name")
            barrier.wait()
            return do(number)

        answer = tab(page, **options)
        assert answer.status < 400, answer.text
        return answer.value

    tabs = [known.tab() for _ in range(CROWD)]
    return together(*(lambda n=n, t=tab: visit(n, t) for n, tab in enumerate(tabs)))


def test_different_keys_all_survive(known):
    """Each of many requests sets a key of its own, and all keys are there."""
    crowd(known, lambda number: session.set(f"key{number}", number))

    expected = KNOWN | {f"key{number}": number for number in range(CROWD)}
    assert known.value(lambda: dict(session)) == expected


def test_sets_and_removals_all_survive(known):
    """One removes, another changes, others add: each has its way."""

    def do(number):
        if number == 0:
            del session["name"]
        elif number == 1:
            session["cart"].append("milk")
        elif number == 2:
            session["visits"] += 1
        else:
            session[f"key{number}"] = number

    crowd(known, do)

    added = {f"key{number}": number for number in range(3, CROWD)}
    assert known.value(lambda: dict(session)) == {"cart": ["tea", "milk"], "visits": 4} | added


def test_of_one_key_the_last_wins_whole(known):
    """Where all set the same key, one of the values is there, whole."""
    crowd(known, lambda number: session.set("both", [number] * 100))

    [winner] = set(known.value(lambda: session["both"]))
    assert winner in range(CROWD)
    assert known.value(lambda: session["both"]) == [winner] * 100


def test_increment_is_exact(known):
    """No increment is lost, and no two requests get the same sum."""
    sums = crowd(known, lambda number: [session.increment("visits") for _ in range(3)])

    found = sorted(chain.from_iterable(sums))
    assert found == list(range(4, 4 + 3 * CROWD))
    assert known.value(lambda: session["visits"]) == 3 + 3 * CROWD


def test_increment_of_a_new_key_is_exact(known):
    """That holds from the first one on."""
    sums = crowd(known, lambda number: session.increment("new"))

    assert sorted(sums) == list(range(1, CROWD + 1))


def test_append_is_exact(known):
    """Everything that is appended is there once, after what was there before."""
    crowd(known, lambda number: session.append("cart", number))

    first, *rest = known.value(lambda: session["cart"])
    assert first == "tea"
    assert sorted(rest) == list(range(CROWD))


def test_atomic_is_exact(known):
    """A function of the app is applied as often as it was called, each time to the latest value."""

    def add(number):
        return session.atomic("sums", lambda old: {**old, number: len(old)}, {})

    seen = crowd(known, add)

    assert sorted(len(each) for each in seen) == list(range(1, CROWD + 1))
    assert sorted(known.value(lambda: session["sums"])) == list(range(CROWD))


def test_setdefault_is_the_same_for_all(known):
    """All get the value of the one that was first, and it is what is stored."""
    values = crowd(known, lambda number: session.setdefault("csrf", f"token {number}"))

    assert len(set(values)) == 1
    assert known.value(lambda: session["csrf"]) == values[0]


def test_exact_and_plain_changes_together(known):
    """Counters stay exact while others write keys beside them."""

    def do(number):
        session[f"key{number}"] = number
        return session.increment("visits")

    sums = crowd(known, do)

    assert sorted(sums) == list(range(4, 4 + CROWD))
    assert known.value(lambda: len(session)) == 3 + CROWD


def test_a_message_is_claimed_once(known):
    """Of many that read a message at once exactly one gets it."""
    known(lambda: session.flash("note", "hi"))

    found = crowd(known, lambda number: session.get("note"))

    assert Counter(found) == {"hi": 1, None: CROWD - 1}
    assert known.value(lambda: session.get("note")) is None


@pytest.mark.parametrize(
    "read",
    [
        lambda: session.get_flash("note"),
        lambda: session.all().get("note"),
        lambda: session.has("note") or None,
        lambda: session.get_flash_map("note") or None,
    ],
    ids=["get_flash", "all", "has", "get_flash_map"],
)
def test_a_message_is_claimed_once_however_it_is_read(known, read):
    """That holds for every way to read it."""
    known(lambda: session.flash_map("note", {"a": 1}))

    found = crowd(known, lambda number: read() is not None)

    assert Counter(found) == {True: 1, False: CROWD - 1}


def test_messages_under_several_keys(known):
    """Several messages are claimed by some, each once, together or one by one."""

    def say():
        session.flash("a", "A")
        session.flash("b", "B")

    known(say)

    found = crowd(known, lambda n: (session.get("ab"[n % 2]), session.get("ba"[n % 2])))

    assert Counter(chain.from_iterable(found)) == {"A": 1, "B": 1, None: 2 * CROWD - 2}


def test_flasks_messages_are_claimed_once(known):
    """Of many that read Flask's messages each message goes to exactly one."""

    def say():
        flash("one")
        flash("two", "warning")

    known(say)

    found = crowd(known, lambda number: get_flashed_messages(with_categories=True))

    assert Counter(chain.from_iterable(found)) == {("message", "one"): 1, ("warning", "two"): 1}
    assert known.value(lambda: get_flashed_messages()) == []


def back(do):
    """Return a view that does something and then, as after a form, sends the browser elsewhere."""

    def view(number):
        do(number)
        return redirect("/")

    return view


def test_messages_of_all_are_kept(known):
    """What many flash at once under different keys is all shown."""
    crowd(known, back(lambda number: session.flash(f"note{number}", number)))

    expected = {f"note{number}": number for number in range(CROWD)}
    assert known.value(lambda: session.all()) == KNOWN | expected


def test_messages_under_one_key_are_all_kept(known):
    """What many flash at once under the same key is shown one after the other."""
    crowd(known, back(lambda number: session.flash("note", number)))

    found = [known.value(lambda: session.get("note")) for _ in range(CROWD + 1)]
    assert sorted(found[:-1]) == list(range(CROWD))
    assert found[-1] is None


def test_maps_under_one_key_are_shown_as_one(known):
    """What many flash at once as maps under the same key comes as one map."""
    crowd(known, back(lambda number: session.flash_map("errors", {f"field{number}": "bad"})))

    assert len(known.value(lambda: session.get_flash_map("errors"))) == CROWD


def test_flasks_messages_are_all_kept(known):
    """What many flash at once with `flask.flash` is all shown, each once."""
    crowd(known, back(lambda number: flash(f"message {number}")))

    found = known.value(lambda: get_flashed_messages())
    assert sorted(found) == [f"message {number}" for number in range(CROWD)]


def test_one_reads_while_others_write(known):
    """A message is not lost or doubled while keys beside it change."""
    known(lambda: session.flash("note", "hi"))

    def do(number):
        session[f"key{number}"] = number
        return session.get("note") if number % 2 else redirect("/")

    found = crowd(known, do)

    assert found.count("hi") == 1
    assert known.value(lambda: len(session)) == 3 + CROWD


def test_new_visitors_at_once(raced):
    """Many first visits at once make as many sessions, none mixed up with another."""
    visitors = [raced.visitor() for _ in range(CROWD)]

    def visit(number, visitor):
        visitor(lambda: session.update(number=number))
        return visitor.value(lambda: session["number"])

    found = together(*(lambda n=n, v=v: visit(n, v) for n, v in enumerate(visitors)))

    assert found == list(range(CROWD))
    assert len({visitor.token for visitor in visitors}) == CROWD


def test_rotations_at_once_leave_one_session(known):
    """Of many that rotate the token at once one wins; the data are there under its token."""

    def page():
        session.get("name")
        session.regenerate()

    tabs = [known.tab() for _ in range(CROWD)]
    answers = together(*(lambda t=tab: t(page) for tab in tabs))

    tokens = {answer.cookie.value for answer in answers if answer.cookies}
    assert len(tokens) == 1
    assert raced_value(known, tokens.pop()) == KNOWN


def raced_value(known, token):
    """Return what is in the session under *token*."""
    return known.site.visitor(token).value(lambda: dict(session))


@pytest.mark.slow
def test_two_tabs_that_shop(known):
    """Two tabs that put things into the cart and count, request after request, lose nothing."""

    def shop(tab, name):
        for number in range(15):
            tab(lambda number=number: session.append("cart", f"{name}{number}"))
            tab(lambda: session.increment("visits"))
            tab(lambda number=number: session.set(f"{name}{number}", True))

    tabs = {name: known.tab() for name in "ab"}
    together(*(lambda n=name, t=tab: shop(t, n) for name, tab in tabs.items()))

    expected = {f"{name}{number}" for name in "ab" for number in range(15)}
    found = known.value(lambda: dict(session))
    assert set(found["cart"]) == expected | {"tea"}
    assert found["visits"] == 33
    assert found.keys() >= expected
