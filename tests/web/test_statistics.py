"""What has happened to the sessions of an app, by the hour."""

from __future__ import annotations

import gc
import logging
import weakref
from datetime import timedelta
from itertools import pairwise

import pytest
from flask import session

from flask_sessionplus import ConfigError, StoreUnavailable, signals
from flask_sessionplus.counting import Tally
from flask_sessionplus.statistics import count_records
from tests.web import secretly
from tests.web.visiting import WatchedStore

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0"
HOUR = timedelta(hours=1)


@pytest.fixture
def site(make_site, embedded, clock):
    """Return an app that counts, on each store that needs no server."""
    return make_site(embedded, SESSION_STATISTICS=True)


@pytest.fixture
def ext(site):
    """Return the extension, with the app as the current one."""
    with site.app.app_context():
        yield site.app.extensions["sessionplus"].extension


def down():
    """Return the error of a store that does not answer."""
    return StoreUnavailable("The store does not answer. Look at it.")


def test_off_costs_nothing(make_site):
    """Without the setting nobody listens to the calls of stores, and nothing is known."""
    gc.collect()
    before = len(signals.store_called.receivers)
    site = make_site()
    site.visitor()(lambda: session.update(a=1))

    assert len(signals.store_called.receivers) == before
    assert site.app.after_request_funcs == {}
    with site.app.app_context():
        assert site.app.extensions["sessionplus"].extension.statistics() is None


def test_what_happens_is_counted(site, ext, clock):
    """Created, ended, calls and their time, in the hour in which it happened."""
    visitors = [site.visitor() for _ in range(3)]
    for visitor in visitors:
        visitor(lambda: session.update(a=1))
    visitors[0](lambda: session.destroy())
    clock.advance(HOUR)
    visitors[1](lambda: session.logout())
    found = ext.statistics(HOUR)

    assert [(hour.created, hour.ended) for hour in found.hours] == [(3, 1), (0, 1)]
    assert [hour.calls > 0 < hour.seconds for hour in found.hours] == [True, True]
    assert found.hours[1].begins_at - found.hours[0].begins_at == HOUR
    assert (found.hours[0].lost, found.hours[0].failed, found.failures) == (0, 0, [])
    assert {call.operation for call in found.slowest} >= {"load", "create"}


def test_hours_have_no_gaps(site, ext, clock):
    """Where nothing has happened, there is an hour of nothing."""
    site.visitor()(lambda: session.update(a=1))
    clock.advance(timedelta(days=2))
    found = ext.statistics(timedelta(days=3))
    begins = [hour.begins_at for hour in found.hours]

    assert len(begins) == 73
    assert {b - a for a, b in pairwise(begins)} == {HOUR}
    assert sum(hour.created for hour in found.hours) == 1


def test_browsers_are_counted_without_their_versions(site, ext):
    """A browser that is renewed each month is one, and so are all that nobody knows."""
    for version in (126, 127, 128):
        agent = {"User-Agent": FIREFOX.format(version, version)}
        site.visitor()(lambda: session.update(a=1), headers=agent)
    for number in range(30):
        agent = {"User-Agent": f"something {number}"}
        site.visitor()(lambda: session.update(a=1), headers=agent)

    assert ext.statistics().browsers == {"Firefox on Linux": 3, "other": 30}


@pytest.mark.parametrize("inside", [False, True])
def test_a_revocation_is_counted_once(site, ext, inside):
    """Whoever ends his own sessions by the way ends each one once."""
    visitors = [site.visitor() for _ in range(3)]
    for visitor in visitors:
        visitor(lambda: session.login("ada"))
    if inside:
        visitors[0](lambda: ext.revoke_user("ada"))
    else:
        ext.revoke_user("ada")

    assert ext.statistics().hours[-1].ended == 3
    visitors[0](lambda: session.update(a=1) or ext.revoke(session.identifier))
    visitors[1](lambda: session.login("ada"))
    visitors[1](lambda: ext.revoke(session.identifier))
    visitors[2](lambda: session.login("ada"))
    visitors[2](lambda: ext.revoke_all())
    # The one of the first visitor, which was not stored when it was asked for, is one of all.
    assert ext.statistics().hours[-1].ended == 6


def test_a_session_that_comes_too_late_has_ended(site, ext, clock):
    """An expired token that comes in counts as ended, in the hour in which it comes."""
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    clock.advance(timedelta(hours=2))
    visitor(lambda: session.get("a"))

    assert ext.statistics().hours[-1].ended == 1


def test_lost_changes_are_counted(site, ext):
    """A request whose session ends while it is at work has lost what it did."""
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    tab = visitor.tab()

    def slow():
        session["a"] = 2
        tab(lambda: session.destroy())

    visitor(slow)
    assert ext.statistics().hours[-1].lost == 1


def test_statistics_survive_the_end_of_all(site, ext):
    """`revoke_all` ends all sessions, and leaves what was counted; that is no session."""
    for _ in range(3):
        site.visitor()(lambda: session.update(a=1))
    ext.statistics()

    assert ext.revoke_all() == 3
    assert (ext.statistics().hours[-1].created, ext.statistics().hours[-1].ended) == (3, 3)
    assert ext.browse().sessions == []


def test_they_are_kept_for_thirty_days(site, ext, clock):
    """After that the record is gone as any other, and no sooner."""
    site.visitor()(lambda: session.update(a=1))
    ext.statistics()
    clock.advance(timedelta(days=30))
    assert sum(hour.created for hour in ext.statistics(timedelta(days=30)).hours) == 1
    assert count_records(site.app) == 1
    clock.advance(timedelta(days=2))

    assert site.app.extensions["sessionplus"].store.count() == 0
    assert count_records(site.app) == 0


@pytest.mark.parametrize("since", [timedelta(days=31), timedelta(seconds=-1)])
def test_no_further_back_than_there_is(ext, since):
    """Who asks for more than is kept is told."""
    with pytest.raises(ValueError, match="30 days"):
        ext.statistics(since)


def test_they_are_handed_on_after_the_answer(site, clock):
    """At most each ten seconds, and when the answer is out: nobody waits for it."""
    places = site.app.extensions["sessionplus"].statistics.places
    places._store = store = WatchedStore(places._store)

    def ask():
        options = {"test.do": lambda: session.update(a=1), "test.box": []}
        return site.visitor().client.get("/", environ_overrides=options)

    first = ask()
    assert store.new_calls() == []
    first.close()
    assert store.new_calls() == ["load", "create"]
    ask().close()
    assert store.new_calls() == []
    clock.advance(11)
    last = ask()
    assert store.new_calls() == []
    last.close()
    assert store.new_calls() == ["load", "apply"]


def test_a_store_that_is_down_fails_no_request(make_site, embedded, clock, caplog):
    """Counts are kept meanwhile, it is said once, and nothing of them is lost afterwards."""
    store = WatchedStore(embedded)
    site = make_site(store, SESSION_STATISTICS=True)
    counts = site.app.extensions["sessionplus"].statistics
    site.visitor()(lambda: session.update(a=1))
    store.faults.update(load=down, create=down)
    with caplog.at_level(logging.WARNING, "flask_sessionplus"):
        for _ in range(3):
            clock.advance(61)
            with site.visitor().client.get(
                "/", environ_overrides={"test.do": lambda: None, "test.box": []}
            ) as answer:
                assert answer.status_code == 200
            counts.flush()
    said = [each for each in caplog.messages if "Statistics" in each]
    store.faults.clear()
    with site.app.app_context():
        found = site.app.extensions["sessionplus"].extension.statistics()

    assert len(said) == 1
    assert sum(hour.created for hour in found.hours) == 1


def test_failures_are_counted_and_shown(make_site, embedded, clock):
    """With the store's and the method's name and what the error says, the newest first."""
    store = WatchedStore(embedded)
    site = make_site(store, SESSION_STATISTICS=True)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    store.faults["load"] = down
    visitor(lambda: session.get("a"))
    clock.advance(1)
    visitor(lambda: session.get("a"))
    store.faults.clear()
    with site.app.app_context():
        found = site.app.extensions["sessionplus"].extension.statistics()

    assert found.hours[-1].failed == len(found.failures) == 2
    assert found.failures[0].at > found.failures[1].at
    failure = found.failures[0]
    assert (failure.store, failure.operation) == ("WatchedStore", "load")
    assert failure.message == "The store does not answer. Look at it."


def test_of_what_is_no_error_of_ours_only_the_type_is_kept(make_site, embedded):
    """Nobody knows what is in the text of any exception: it may be a value of the session."""
    store = WatchedStore(embedded)
    site = make_site(store, SESSION_STATISTICS=True)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    store.faults["load"] = lambda: KeyError("hunter2")
    with pytest.raises(KeyError):
        visitor(lambda: session.get("a"))
    store.faults.clear()
    with site.app.app_context():
        found = site.app.extensions["sessionplus"].extension.statistics()

    assert [failure.message for failure in found.failures] == ["KeyError"]


def test_nothing_secret_is_told(site, ext):
    """Of a whole day of secrets, none is in what statistics keep: errors are told without them."""
    secrets = secretly.live(site)
    kept = ext.statistics()
    stored = site.app.extensions["sessionplus"].statistics.places.take()

    assert len(kept.failures) == 2
    assert kept.failures[0].message.startswith("No space left on device (/var/sessions/ab/cd/…)")
    secretly.assert_silent(repr(kept), secrets)
    secretly.assert_silent(repr([record.values for _, record in stored]), secrets)


def test_what_is_kept_has_an_end(make_site, embedded, clock):
    """A store that is down for weeks does not fill the memory: the oldest hours go."""
    store = WatchedStore(embedded)
    site = make_site(store, SESSION_STATISTICS=True)
    counts = site.app.extensions["sessionplus"].statistics
    store.faults.update(load=down, create=down)
    for _ in range(100):
        counts._count_lost(site.app)
        clock.advance(HOUR)
        counts.flush()

    assert len(counts._tallies) == 48


def test_a_damaged_record_does_not_end_them(site, ext):
    """What cannot be read is begun anew, and a value of another version too."""
    site.visitor()(lambda: session.update(a=1))
    counts = site.app.extensions["sessionplus"].statistics
    ext.statistics()
    [(day, record)] = counts.places.take()
    broken = {name: b"\xc1\x07" for name in record.values if name != "\x00kind"}
    site.app.extensions["sessionplus"].store.delete_all()
    counts.places.put_back([(day, type(record)(1, 1, record.expires_at, broken))])
    site.visitor()(lambda: session.update(a=1))

    assert ext.statistics().hours[-1].created == 1


def test_what_others_add_meanwhile_is_not_lost(site, ext):
    """Between the read and the write of one process another one writes: both count."""
    counts = site.app.extensions["sessionplus"].statistics
    counts.places.add(500_000, Tally(created=1))
    store = WatchedStore(counts.places._store)
    places = type(counts.places)(store, ext._codec)
    store.before["apply"] = lambda: counts.places.add(500_000, Tally(created=10))
    places.add(500_000, Tally(created=100))
    store.before["create"] = lambda: counts.places.add(600_000, Tally(created=10))
    places.add(600_000, Tally(created=100))

    found = counts.places.read(500_000, 500_000) | counts.places.read(600_000, 600_000)
    assert {hour: tally.created for hour, tally in found.items()} == {500_000: 111, 600_000: 110}


def test_the_app_may_go(make_site):
    """Nothing of what counts keeps an app alive, or listens after it has gone."""
    gc.collect()
    before = len(signals.store_called.receivers)
    site = make_site(SESSION_STATISTICS=True)
    site.visitor()(lambda: session.update(a=1))
    app = weakref.ref(site.app)
    del site
    gc.collect()

    assert app() is None
    assert len(signals.store_called.receivers) == before


def test_cookies_cannot_keep_them(make_site):
    """Where each browser has its own record there is no place: the error says what to do."""
    with pytest.raises(ConfigError, match=r"SESSION_STATISTICS .* flask_sessionplus\.metrics"):
        make_site("cookie://", SECRET_KEY="k" * 32, SESSION_STATISTICS=True)


def test_a_revocation_does_not_fail_because_of_them(make_site, embedded, clock):
    """If they cannot be saved from the end of all, they are gone, and all have ended."""
    site = make_site(embedded, SESSION_STATISTICS=True)
    for _ in range(3):
        site.visitor()(lambda: session.update(a=1))
    places = site.app.extensions["sessionplus"].statistics.places
    places._store = store = WatchedStore(places._store)
    with site.app.app_context():
        ext = site.app.extensions["sessionplus"].extension
        ext.statistics()
        store.faults["create"] = down

        assert ext.revoke_all() == 3
        assert ext.browse().sessions == []
