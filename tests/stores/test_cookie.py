"""The sealed record in the browser: the contract as far as it can hold, and replays."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode

import pytest

from flask_sessionplus.codec import Codec
from flask_sessionplus.errors import ConfigError, SessionTooLarge, StoreError, StoreUnavailable
from flask_sessionplus.record import Changes, tombstone
from flask_sessionplus.sealing import KeyRing, Sealer
from flask_sessionplus.stores.base import (
    Applied,
    Carrying,
    Miss,
    Outcome,
    Purgeable,
    Store,
    having,
)
from flask_sessionplus.stores.cookie import CookieStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.contract.base import GONE
from tests.stores.records import HOUR, load, new_record, new_sid, put

KEY = b"k" * 32
DAY = 24 * HOUR
NOWHERE = bytes(32)


def new_store(registry, *keys, context=("app", "session"), **options):
    """Return a cookie store with a ring of *keys*."""
    return CookieStore(Sealer(KeyRing(keys or [KEY]), "cookie"), context, registry, **options)


class Browser(Store):
    """Plays the browser: each call is a request, which brings what the last answer left.

    :param cookies: the cookie store.
    """

    is_shared = False

    def __init__(self, cookies):
        self.cookies = cookies
        self.texts = {}

    def load(self, sid):
        """Load in a request."""
        return self._request(sid).load(sid)

    def create(self, sid, record):
        """Create in a request, and take the answer."""
        return self._answered(sid, self._request(sid), "create", sid, record)

    def apply(self, sid, seen, changes):
        """Change in a request; after a move the old cookie lies about for a while."""
        place = changes.move_to or sid
        return self._answered(place, self._request(sid), "apply", sid, seen, changes)

    def delete(self, sid):
        """End it in a request."""
        return self._answered(sid, self._request(sid), "delete", sid)

    def _request(self, sid):
        return self.cookies.receive(self.texts.get(sid))

    def _answered(self, place, request, method, *arguments):
        before = request.send()
        result = getattr(request, method)(*arguments)
        after = request.send()
        if after is None:
            self.texts.pop(place, None)
        elif after != before:
            self.texts[place] = after
        return result


def new_browser():
    """Return a browser that may carry anything, with a registry in memory."""
    cookies = new_store(MemoryStore())
    # The contract has larger values than any server takes as a header.
    cookies._letters._max_size = 10**9
    return Browser(cookies)


class TestCookieStore(StoreContract):
    """The contract, but for what no cookie can promise."""

    shared = False

    @pytest.fixture
    def opener(self):
        """Return a new browser."""
        return new_browser


for _cannot_hold in (
    # Of requests at the same time the last answer wins.
    "test_distinct_keys_are_never_lost",
    "test_removed_keys_stay_removed",
    "test_a_counter_is_exact",
    "test_an_absent_key_is_set_once",
    "test_a_move_loses_nothing",
    "test_large_values_are_never_lost",
    "test_a_large_value_is_set_once",
    "test_a_move_loses_no_large_value",
    "test_a_reader_gets_whole_values",
    "test_appending_to_a_large_value_is_exact",
    # So nobody can hold a lease by it: `exclusive` refuses this store.
    "test_a_place_is_one_holders_at_a_time",
    # What other browsers carry is not known; a token of 256 bits is nobody else's.
    "test_a_taken_sid_stays_as_it_is",
    "test_a_tombstone_is_taken",
    "test_create_is_exclusive",
    "test_create_is_exclusive_in_an_expired_place",
    "test_a_place_is_taken_once",
    "test_a_move_that_is_refused_moves_no_values",
    # A sid that was left is revoked for as long as a copy may live, and never used again.
    "test_the_old_sid_is_not_free_at_once",
    "test_it_may_return",
    "test_a_former_life_does_not_return",
    "test_any_story_is_that_of_a_dict",
    "test_a_place_used_again_has_no_old_values",
    # A copy that has expired is not looked up any more.
    "test_a_moved_record_expires_as_usual",
):
    setattr(TestCookieStore, _cannot_hold, None)


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def registry(clock):
    """Return where ended sessions are noted."""
    return MemoryStore()


@pytest.fixture
def cookies(registry):
    """Return a cookie store."""
    return new_store(registry)


class Spy(Store):
    """A registry that counts its trips, and can be out of order."""

    def __init__(self):
        self.inner = MemoryStore()
        self.trips = []
        self.is_down = False

    def _pass(self, name, *arguments):
        self.trips.append(name)
        if self.is_down:
            raise StoreUnavailable
        return getattr(self.inner, name)(*arguments)

    def load(self, sid):
        """Load a note."""
        return self._pass("load", sid)

    def create(self, sid, record):
        """Create a note."""
        return self._pass("create", sid, record)

    def apply(self, sid, seen, changes):
        """Change a note."""
        return self._pass("apply", sid, seen, changes)

    def delete(self, sid):
        """Delete a note, which nobody does."""
        raise AssertionError


def signed_in(cookies, values=None, **fields):
    """Return a sid and the text that a browser carries for it."""
    sid, request = new_sid(), cookies.receive(None)
    assert request.create(sid, new_record(values or {"user": b"ada"}, **fields))
    return sid, request.send()


def changed(cookies, sid, text, changes):
    """Return what a browser carries after a request with *changes*."""
    request = cookies.receive(text)
    outcome, record = request.apply(sid, new_record(), changes)
    assert (outcome, record is None) == (Outcome.SAVED, False)
    return request.send()


def is_accepted(cookies, sid, text):
    """Tell whether *text* is a session."""
    return not isinstance(cookies.receive(text).load(sid), Miss)


def test_nothing_is_carried_in_clear(cookies):
    """No eight bytes of names, values or owner are found in the decoded text."""
    secret = b"a well-known plain text, long enough"
    sid, text = signed_in(cookies, {"some long name": secret}, owner="ada lovelace")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))

    for part in (secret, b"some long name", b"ada lovelace", sid):
        assert not any(part[n : n + 8] in data for n in range(len(part) - 7))
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_what_does_not_open_is_no_session(cookies, registry):
    """Changed, cut, foreign and senseless texts are UNKNOWN, and cost no look at the registry."""
    sid, text = signed_in(cookies)
    spy = Spy()
    cookies = new_store(spy)
    middle = len(text) // 2
    other = "B" if text[middle] == "A" else "A"
    spoiled = [
        *(
            None,
            "",
            " ",
            "A",
            "=",
            "====",
            "\x00",
            "\u00e4",
            "\ud800",
            "null",
            "0",
            "gASV",
            "A" * 10**6,
        ),
        *(text[:-1], text[1:], text + "A", text[:middle] + other + text[middle + 1 :], text * 2),
        *(text.swapcase(), "\u0661" * 100, '{"user": "ada"}', signed_in(cookies)[1]),
    ]
    for each in spoiled:
        request = cookies.receive(each)
        assert request.load(sid) is Miss.UNKNOWN
        assert request.apply(sid, new_record(), Changes({"a": b"1"})) == GONE
        assert request.delete(sid) is False
        assert request.send() == each
    assert spy.trips == []


def test_every_turned_bit_is_noticed(cookies):
    """Whichever bit of what is carried is turned, there is no session."""
    sid, text = signed_in(cookies)
    letters = cookies._letters
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for bit in range(8 * len(data)):
        turned = bytearray(data)
        turned[bit // 8] ^= 1 << bit % 8
        assert letters._sealer.open(bytes(turned), ("app", "session", sid)) is None
    for place in range(len(text) - 1):
        other = "B" if text[place] == "A" else "A"
        assert not is_accepted(cookies, sid, text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize(
    "context",
    [("app", "other"), ("other", "session"), ("apps", "ession"), ("session", "app"), ("app",)],
)
def test_it_belongs_to_one_app_and_cookie(cookies, registry, context):
    """What one app has sealed in one cookie does not open in another one with the same key."""
    sid, text = signed_in(cookies)
    other = new_store(registry, context=context)

    assert is_accepted(new_store(registry), sid, text)
    assert not is_accepted(other, sid, text)


def test_it_belongs_to_one_token(cookies):
    """What is carried opens with its own token only."""
    sid, text = signed_in(cookies)

    assert not is_accepted(cookies, new_sid(), text)
    assert not is_accepted(cookies, sid[:-1] + bytes([sid[-1] ^ 1]), text)


def test_a_change_of_keys_logs_nobody_out(registry):
    """With [new, old] the old cookie is good, and the next answer is sealed by the new key."""
    sid, text = signed_in(new_store(registry, b"o" * 32))
    rotating, new = new_store(registry, KEY, b"o" * 32), new_store(registry, KEY)
    assert is_accepted(rotating, sid, text)
    assert not is_accepted(new, sid, text)
    text = changed(rotating, sid, text, Changes(seen_at=1))

    assert is_accepted(new, sid, text)


def test_the_expiry_is_inside(cookies, clock):
    """A cookie that the browser keeps too long is EXPIRED to the millisecond."""
    sid, text = signed_in(cookies, expires_at=clock.now() + 1000)
    clock.advance(0.999)
    assert is_accepted(cookies, sid, text)
    clock.advance(0.001)

    assert cookies.receive(text).load(sid) is Miss.EXPIRED


def test_what_is_only_read_is_not_sent_anew(cookies):
    """A request that changes nothing sends what it has received."""
    sid, text = signed_in(cookies)
    request = cookies.receive(text)
    assert request.send() == text
    assert request.load(sid) == request.load(sid) != Miss.UNKNOWN

    assert request.send() == text
    assert cookies.receive(None).send() is None


@pytest.mark.parametrize("owner", ["", "ada"])
def test_a_logged_out_cookie_is_refused(cookies, clock, owner):
    """A copy of the cookie is worthless after the sign-out, for as long as it could live."""
    sid, text = signed_in(cookies, owner=owner, expires_at=clock.now() + 30 * DAY)
    request = cookies.receive(text)
    assert request.delete(sid) is True
    assert request.send() is None
    while clock.now() < load_expiry(cookies, sid, text):
        assert cookies.receive(text).load(sid) is Miss.UNKNOWN
        replay = cookies.receive(text)
        assert replay.apply(sid, new_record(), Changes({"a": b"1"})) == GONE
        assert replay.apply(sid, new_record(), Changes(move_to=new_sid())) == GONE
        assert replay.apply(sid, new_record(), Changes(expects={"user": b"?"})) == GONE
        assert replay.delete(sid) is False
        assert replay.send() == text
        clock.advance(DAY / 1000)

    assert cookies.receive(text).load(sid) is Miss.EXPIRED


def load_expiry(cookies, sid, text):
    """Return when a text expires, whether it is revoked or not."""
    return cookies._letters.read(sid, text).record.expires_at


@pytest.mark.parametrize("ends_with", [0, 1, 2])
def test_every_copy_is_refused(cookies, clock, ends_with):
    """Whichever state of a session is signed out, no other one outlives that."""
    sid, first = signed_in(cookies, expires_at=clock.now() + HOUR)
    second = changed(cookies, sid, first, Changes(expires_at=clock.now() + 60 * DAY))
    third = changed(cookies, sid, second, Changes(expires_at=clock.now() + HOUR))
    copies = [first, second, third]
    # The first one cannot know what came later, but for what the settings say.
    lasting = 31 if ends_with == 0 else 60
    assert cookies.receive(copies[ends_with]).delete(sid)
    for _ in range(lasting):
        clock.advance(DAY / 1000 - 1)
        assert not any(is_accepted(cookies, sid, copy) for copy in copies)
    clock.advance(61 * 24 * 3600)
    assert not any(is_accepted(cookies, sid, copy) for copy in copies)


def test_a_later_copy_lengthens_the_note(cookies, clock):
    """If a session that has ended is signed out with a copy that lives longer, that counts."""
    sid, first = signed_in(cookies, expires_at=clock.now() + HOUR)
    second = changed(cookies, sid, first, Changes(expires_at=clock.now() + 60 * DAY))
    assert cookies.receive(first).delete(sid)
    assert not cookies.receive(second).delete(sid)
    clock.advance(59 * 24 * 3600)

    assert not is_accepted(cookies, sid, second)


def own_lifetime(days):
    """Return what a record has whose session was given a lifetime of its own."""
    return {"\x00lifetime": Codec().encode(days * DAY)}


def used(cookies, sid, text, clock, days):
    """Return what a browser carries after a request that lets the session live so long anew."""
    changes = Changes(expires_at=clock.now() + days * DAY, seen_at=clock.now())
    return changed(cookies, sid, text, changes)


def days_later(clock, days):
    """Let days pass."""
    clock.advance(days * DAY / 1000)


def test_a_stolen_copy_that_was_used_meanwhile_is_refused(cookies, clock):
    """A copy may have been made to live as long as the session has ever been made to."""
    sid, text = signed_in(cookies, expires_at=clock.now() + HOUR)
    mine = stolen = used(cookies, sid, text, clock, 90)
    for _ in range(6):
        days_later(clock, 10)
        stolen = used(cookies, sid, stolen, clock, 90)
    assert cookies.receive(mine).delete(sid)
    for _ in range(90):
        assert not is_accepted(cookies, sid, stolen)
        days_later(clock, 1)

    assert cookies.receive(stolen).load(sid) is Miss.EXPIRED


def test_a_shorter_lifetime_does_not_shorten_the_note(cookies, clock):
    """What others made of an earlier copy is not undone by a shorter lifetime now."""
    sid, text = signed_in(cookies)
    long = used(cookies, sid, text, clock, 90)
    short = used(cookies, sid, long, clock, 1)
    days_later(clock, 0.5)
    stolen = used(cookies, sid, long, clock, 90)
    assert cookies.receive(short).delete(sid)
    days_later(clock, 89.9)

    assert not is_accepted(cookies, sid, stolen)


@pytest.mark.parametrize("is_moved", [False, True])
def test_a_lifetime_of_its_own_counts_before_it_is_used(cookies, clock, is_moved):
    """A new session expires soon, but whoever copies it first can make it live longer."""
    sid, mine = signed_in(cookies, own_lifetime(90), expires_at=clock.now() + HOUR)
    if is_moved:
        sid, mine = move(cookies, sid, mine, Changes())
    stolen = used(cookies, sid, mine, clock, 90)
    assert cookies.receive(mine).delete(sid)
    days_later(clock, 89)

    assert not is_accepted(cookies, sid, stolen)


def move(cookies, sid, text, changes):
    """Return the new sid, and what is carried for it."""
    changes.move_to = new_sid()
    return changes.move_to, changed(cookies, sid, text, changes)


def test_a_second_end_knows_more(cookies, clock):
    """A session that is ended again, by a copy that knows of a longer lifetime, stays dead."""
    sid, text = signed_in(cookies)
    mine = used(cookies, sid, text, clock, 90)
    days_later(clock, 60)
    stolen = used(cookies, sid, mine, clock, 90)
    assert cookies.receive(None).create(sid, tombstone(clock.now(), NOWHERE))
    clock.advance(120)
    assert not cookies.receive(mine).delete(sid)
    days_later(clock, 89.9)

    assert not is_accepted(cookies, sid, stolen)


def test_signing_out_of_what_it_has_become_lasts(cookies, clock):
    """Whoever signs out with the old cookie ends the new session for all the time it may live."""
    sid, old = signed_in(cookies)
    lasting = Changes(own_lifetime(90), expires_at=clock.now() + 90 * DAY)
    target, text = move(cookies, sid, old, lasting)
    clock.advance(20)
    text = used(cookies, target, text, clock, 90)
    assert cookies.receive(old).delete(sid) is True
    days_later(clock, 89.999)

    assert not is_accepted(cookies, target, text)


def test_the_longest_lifetime_is_asked_for_when_it_matters(registry, clock):
    """A setting that is changed while the app runs counts for what ends from then on."""
    days = [1]
    cookies = new_store(registry, longest=lambda: days[0] * DAY)
    ends = []
    for days[0] in (1, 50):
        sid, text = signed_in(cookies, expires_at=clock.now() + HOUR)
        cookies.receive(text).delete(sid)
        ends += [max(record.expires_at for record in registry._records.values()) - clock.now()]

    assert [end // DAY for end in ends] == [1, 50]


def test_notes_are_not_kept_for_ever(cookies, registry, clock):
    """When no copy can be alive any more, the note can be purged; not before."""
    (purgeable,) = having(cookies, Purgeable)
    sid, text = signed_in(cookies, expires_at=clock.now() + 40 * DAY)
    cookies.receive(text).delete(sid)
    clock.advance(40 * 24 * 3600)
    assert purgeable.purge(10) == 0
    clock.advance(3600)

    assert purgeable.purge(10) == 1


def test_a_rotation_revokes_the_old_cookie(cookies, clock):
    """After a sign-in the old cookie answers MOVED for a moment, then nothing: it never works."""
    sid, text = signed_in(cookies)
    target = new_sid()
    new_text = changed(cookies, sid, text, Changes({"user": b"eve"}, move_to=target))

    assert is_accepted(cookies, target, new_text)
    assert not is_accepted(cookies, sid, new_text)
    assert not is_accepted(cookies, target, text)
    assert cookies.receive(text).load(sid) is Miss.MOVED
    clock.advance(120)
    assert cookies.receive(text).load(sid) is Miss.UNKNOWN
    assert cookies.receive(text).apply(sid, new_record(), Changes()) == GONE


def test_a_restart_revokes_the_old_cookie(cookies):
    """A session that ends and begins anew in one step leaves no valid copy."""
    sid, text = signed_in(cookies, owner="ada")
    target = new_sid()
    changes = Changes({"note": b"bye"}, restart_at=5, move_to=target)
    new_text = changed(cookies, sid, text, changes)

    assert not is_accepted(cookies, sid, text)
    assert cookies.receive(new_text).load(target).values == {"note": b"bye"}


def test_of_two_rotations_one_succeeds(cookies):
    """A session moves to one place, however many copies of its cookie are sent."""
    sid, text = signed_in(cookies)
    first, second = cookies.receive(text), cookies.receive(text)
    assert first.load(sid) == second.load(sid)
    one, two = new_sid(), new_sid()

    assert first.apply(sid, new_record(), Changes(move_to=one)).outcome is Outcome.SAVED
    assert second.apply(sid, new_record(), Changes(move_to=two)) == GONE
    assert second.send() == text


def test_a_slow_request_does_not_undo_a_sign_out(cookies):
    """A request that began before the sign-out and ends after it writes nothing."""
    sid, text = signed_in(cookies)
    slow, fast = cookies.receive(text), cookies.receive(text)
    assert slow.load(sid) == fast.load(sid)
    fast.delete(sid)

    assert slow.apply(sid, new_record(), Changes({"a": b"1"})) == GONE
    assert slow.load(sid) is Miss.UNKNOWN
    assert slow.send() == text


def test_signing_out_wins_over_a_rotation(cookies):
    """Whoever signs out with the old cookie has signed out the session it has become."""
    sid, text = signed_in(cookies)
    late = cookies.receive(text)
    target = new_sid()
    new_text = changed(cookies, sid, text, Changes(move_to=target))

    assert late.load(sid) is Miss.MOVED
    assert late.delete(sid) is True
    assert late.send() is None
    assert not is_accepted(cookies, target, new_text)


def test_late_requests_are_told_of_a_sign_out(cookies, clock):
    """With the tombstone that is left after a sign-out, old copies answer MOVED for a moment."""
    sid, text = signed_in(cookies)
    request = cookies.receive(text)
    assert request.delete(sid)
    assert request.create(sid, tombstone(clock.now(), NOWHERE))

    assert request.send() is None
    assert cookies.receive(text).load(sid) is Miss.MOVED
    assert cookies.receive(text).delete(sid) is False
    clock.advance(120)
    assert cookies.receive(text).load(sid) is Miss.UNKNOWN


def test_a_tombstone_alone_revokes_too(cookies, clock):
    """A tombstone that was not preceded by a sign-out is noted as well, once."""
    sid, text = signed_in(cookies)
    assert cookies.receive(None).create(sid, tombstone(clock.now(), NOWHERE)) is True
    assert cookies.receive(None).create(sid, tombstone(clock.now(), NOWHERE)) is False

    assert cookies.receive(text).load(sid) is Miss.MOVED


def test_another_session_may_follow_in_the_same_request(cookies):
    """After a sign-out a new session can begin at once, and is what is sent."""
    sid, text = signed_in(cookies)
    request = cookies.receive(text)
    request.delete(sid)
    other = new_sid()
    assert request.create(other, new_record({"a": b"1"}))

    assert request.load(other).values == {"a": b"1"}
    assert request.load(sid) is Miss.UNKNOWN
    assert is_accepted(cookies, other, request.send())


def test_a_registry_out_of_order_stops_everything():
    """Whether a session has ended cannot be told: a fault, and no session; nothing is sent."""
    spy = Spy()
    cookies = new_store(spy)
    sid, text = signed_in(cookies)
    spy.is_down = True
    request = cookies.receive(text)
    uses = [
        lambda: request.load(sid),
        lambda: request.apply(sid, new_record(), Changes({"a": b"1"})),
        lambda: request.apply(sid, new_record(), Changes(move_to=new_sid())),
        lambda: request.delete(sid),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable):
            use()

    assert request.send() == text
    assert request.create(new_sid(), new_record()) is True


def test_the_registry_is_asked_as_little_as_possible():
    """A first visit asks nothing; to load, to change, to move and to end ask once each."""
    spy = Spy()
    cookies = new_store(spy)
    sid, text = signed_in(cookies)
    assert spy.trips == []
    request = cookies.receive(text)
    request.load(sid)
    assert spy.trips == ["load"]
    request.apply(sid, new_record(), Changes({"a": b"1"}))
    assert spy.trips == ["load", "load"]
    target = new_sid()
    request.apply(sid, new_record(), Changes(move_to=target))
    assert spy.trips == ["load", "load", "create"]
    request.delete(target)
    assert spy.trips == ["load", "load", "create", "create"]


def test_sids_in_the_registry_are_not_those_of_sessions(cookies, registry):
    """Notes may lie in the same store as sessions: a note is never found as a session."""
    sid, text = signed_in(cookies)
    cookies.receive(text).delete(sid)
    (place,) = registry.browse()

    assert registry.load(sid) is Miss.UNKNOWN
    assert place != sid
    assert place[:16] != sid[:16]


def test_strangers_leave_nothing_in_the_registry(cookies, registry):
    """Sign-outs of nobody, with a well-formed token or foreign cookies, make no notes."""
    _, foreign = signed_in(new_store(registry, b"f" * 32))
    for text in (None, "", "A" * 200, foreign):
        for _ in range(50):
            assert cookies.receive(text).delete(new_sid()) is False

    assert registry.count() == 0


def test_revocations_can_be_waived(clock):
    """Without a registry a copy works after the sign-out, until it expires; this is by choice."""
    cookies = new_store(None)
    sid, text = signed_in(cookies)
    request = cookies.receive(text)
    assert request.delete(sid) is True
    assert request.create(sid, tombstone(clock.now(), NOWHERE)) is True

    assert request.send() is None
    assert is_accepted(cookies, sid, text)
    assert cookies.parts == ()
    assert cookies.is_shared is True


def test_an_earlier_state_can_be_replayed(cookies):
    """What no cookie can tell: that the browser has been given a newer one of the same session."""
    sid, first = signed_in(cookies, {"credit": b"10"})
    changed(cookies, sid, first, Changes({"credit": b"0"}))

    assert cookies.receive(first).load(sid).values == {"credit": b"10"}


@pytest.mark.parametrize("limit", [500, 4_096, 7_000])
def test_the_ceiling_is_exact(registry, limit):
    """A record that takes all there is goes in; with one byte more it is refused."""
    cookies = new_store(registry, max_size=limit)
    size = limit
    while size:
        try:
            _, text = signed_in(cookies, {"a": b"x" * size})
            break
        except SessionTooLarge:
            size -= 1

    assert len(text) == limit
    with pytest.raises(SessionTooLarge):
        signed_in(cookies, {"a": b"x" * (size + 1)})


@pytest.mark.parametrize("size", [60_001, 10**9])
def test_what_no_server_takes_cannot_be_set(registry, size):
    """A ceiling above what any server takes as a header is refused at start."""
    with pytest.raises(ConfigError, match=r"SESSION_COOKIE_MAX_BYTES is .* 60,000"):
        new_store(registry, max_size=size)

    assert isinstance(new_store(registry, max_size=60_000), CookieStore)


def test_every_name_concerns_the_browser(cookies):
    """All that changes is carried; if no name changes nothing does."""
    request = cookies.receive(None)

    assert request.concerns({"a"}) is True
    assert request.concerns(["\x00lifetime", "b"]) is True
    assert request.concerns(()) is False


def test_too_much_changes_nothing(registry):
    """What is too large is refused by name before anything happens; the session goes on."""
    cookies = new_store(registry, max_size=1_000)
    sid, text = signed_in(cookies, {"a": b"1"})
    request = cookies.receive(text)
    for changes in (Changes({"cart": b"c" * 2_000}), Changes({"cart": b"c" * 2_000}, move_to=sid)):
        with pytest.raises(SessionTooLarge, match=r"2000 bytes of it are in 'cart'.*is 1000\."):
            request.apply(sid, new_record(), changes)
    with pytest.raises(SessionTooLarge):
        request.create(new_sid(), new_record({"cart": b"c" * 2_000}))

    assert request.send() == text
    assert request.load(sid).values == {"a": b"1"}
    assert registry.count() == 0


def test_a_small_session_is_short(cookies):
    """An everyday session takes less than 600 characters: one cookie."""
    everyday = {
        "user_id": b"\x01" * 9,
        "name": b"Ada Lovelace",
        "role": b"admin",
        "csrf": b"c" * 40,
    }
    _, text = signed_in(cookies, everyday | {"cart": secrets.token_bytes(120)}, owner="42")

    assert len(text) < 600


def test_it_has_no_records_without_a_request(cookies):
    """The store itself knows of no session, and says why it can make none."""
    sid = new_sid()
    assert isinstance(cookies, Carrying)
    assert cookies.load(sid) is Miss.UNKNOWN
    assert cookies.apply(sid, new_record(), Changes({"a": b"1"})) == Applied(Outcome.GONE)
    assert cookies.delete(sid) is False
    with pytest.raises(StoreError, match="request"):
        cookies.create(sid, new_record())


def test_it_is_as_shared_as_its_registry(registry):
    """With a registry in memory a sign-out is known to one process only: that is said."""
    assert new_store(registry).is_shared is False
    assert new_store(Spy()).is_shared is True
    assert new_store(registry).parts == (registry,)


def test_a_browser_has_no_copy_of_ours(cookies):
    """Whoever changes a record that he gave or got changes only his own."""
    sid, request, record = new_sid(), cookies.receive(None), new_record({"a": b"1"})
    request.create(sid, record)
    record.values["a"] = b"spoiled"
    request.load(sid).values["a"] = b"spoiled"
    request.apply(sid, record, Changes(expects={"a": b"?"})).record.values["a"] = b"spoiled"

    assert request.load(sid).values == load(request, sid).values == {"a": b"1"}
    assert isinstance(put(request, {"b": b"1"}), bytes)
