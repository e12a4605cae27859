"""The sealed record in the browser: nothing to run, nothing to purge.

What other stores promise and this one cannot: of requests at the same time the last answer
wins; and whoever keeps a copy can bring an earlier state of a session back while it lives.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .. import clock
from ..codec import Codec
from ..errors import ConfigError, SessionTooLarge, StoreError
from ..findings import Finding
from ..lifetimes import OWN_LIFETIME
from ..record import Changes, Record, is_expected, merge, pack, unpack
from .base import Applied, Carried, Carrying, Diagnosable, Miss, Outcome, Store
from .diagnosing import UNREVOCABLE, diagnose_all
from .revocations import Revocations

if TYPE_CHECKING:
    from ..sealing import Sealer

# What servers take as one header is 8 KB most often, and other cookies come along.
_MAX_SIZE = 7_000

# Told to, gunicorn and nginx take more than 8 KB; the largest headers that any server in wide
# use can be made to take are of 64 KB, and the rest of the request is in them, too. A browser
# that has been given more is refused by the server from then on, with no way out.
_CEILING = 60_000

# 31 days, Flask's own PERMANENT_SESSION_LIFETIME.
_LONGEST = 31 * 86_400_000

# How many bytes sealing adds, and how many a duration takes.
_OVERHEAD = 65
_TIME_SIZE = 8

_codec = Codec()


class CookieStore(Store, Carrying, Diagnosable):
    """Gives each request the record that its browser carries.

    By itself, without a request, it has no records.

    :param sealer: seals them.
    :param context: what a record belongs to besides its sid, such as the names of the app
        and of its cookie: elsewhere it does not open.
    :param revocations: where sessions that have ended are noted, any other store; one that
        does not answer stops everything. None waives it: then whoever has copied a cookie
        can use it after the sign-out, until it expires.
    :param max_size: how many characters a browser may carry, at most 60,000.
    :param longest: how long a session lives without being used, at most, in milliseconds;
        or what returns that, if it may change. One that says in itself that it lives longer
        need not be considered.
    :raises ConfigError: if *max_size* is more than any server takes.
    """

    def __init__(
        self,
        sealer: Sealer,
        context: Sequence[bytes | str],
        revocations: Store | None,
        max_size: int = _MAX_SIZE,
        longest: int | Callable[[], int] = _LONGEST,
    ) -> None:
        if max_size > _CEILING:
            raise ConfigError.of(
                "SESSION_COOKIE_MAX_BYTES", max_size, f"{_CEILING:,} or less: no server takes more"
            )
        self.parts = () if revocations is None else (revocations,)
        self.is_shared = revocations is None or revocations.is_shared
        self._letters = _Letters(sealer, context, max_size)
        self._revocations = Revocations(revocations, longest)

    def receive(self, carried: str | None) -> BrowserRecord:
        return BrowserRecord(self._letters, self._revocations, carried)

    def load(self, sid: bytes) -> Record | Miss:
        return Miss.UNKNOWN

    def create(self, sid: bytes, record: Record) -> bool:
        raise StoreError(
            "A session in a cookie is made in a request only. Use another SESSION_STORE to make"
            " sessions elsewhere."
        )

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        return Applied(Outcome.GONE)

    def delete(self, sid: bytes) -> bool:
        return False

    def diagnose(self) -> list[Finding]:
        return diagnose_all(*self.parts) if self.parts else [UNREVOCABLE]


class BrowserRecord(Carried):
    """The one record that a request has brought, and what becomes of it."""

    def __init__(self, letters: _Letters, revocations: Revocations, carried: str | None) -> None:
        self._letters = letters
        self._revocations = revocations
        self._text = carried
        # What is in the text, once it has been opened for a sid.
        self._sid = b""
        self._letter: _Letter | None = None
        # What was deleted here: the sid that was asked for, the one it had become, its note.
        self._ended: tuple[bytes, bytes, Record] | None = None

    def load(self, sid: bytes) -> Record | Miss:
        letter = self._open(sid)
        if letter is None:
            return Miss.UNKNOWN
        if not letter.is_alive:
            return Miss.EXPIRED
        return self._revocations.find(sid) or letter.record.copy()

    def create(self, sid: bytes, record: Record) -> bool:
        if record.moved_to:
            return self._leave(sid, record)
        letter = self._open(sid)
        if letter is not None and letter.is_alive:
            return False
        self._carry(sid, _letter(record.copy()))
        return True

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        letter, target = self._open(sid), changes.move_to
        if letter is None or not letter.is_alive:
            return Applied(Outcome.GONE)
        fits = is_expected(letter.record, changes)
        # Whoever moves it finds out when he notes that.
        if not (fits and target) and self._revocations.find(sid) is not None:
            return Applied(Outcome.GONE)
        if not fits:
            return Applied(Outcome.CONFLICT, letter.record.copy())
        merged = merge(letter.record, changes)
        if target is None:
            self._carry(sid, _letter(merged, letter.idle))
        elif not self._move(sid, letter, target, _letter(merged)):
            return Applied(Outcome.GONE)
        return Applied(Outcome.SAVED, merged.copy())

    def delete(self, sid: bytes) -> bool:
        letter = self._open(sid)
        if letter is None or not letter.is_alive:
            return False
        ends, idle = sid, letter.idle
        while (note := self._revocations.add(ends, idle)) is None:
            # What it has become may live longer than is known here: the note knows.
            ends, idle = self._revocations.successor(ends)
            if not ends:
                return False
        self._ended = sid, ends, note
        self._text, self._sid, self._letter = None, b"", None
        return True

    def concerns(self, names: Collection[str]) -> bool:
        return bool(names)

    def send(self) -> str | None:
        return self._text

    def _open(self, sid: bytes) -> _Letter | None:
        if self._sid == sid:
            return self._letter
        letter = None if self._text is None else self._letters.read(sid, self._text)
        if letter is not None:
            self._sid, self._letter = sid, letter
        return letter

    def _carry(self, sid: bytes, letter: _Letter) -> None:
        self._text = self._letters.write(sid, letter)
        self._sid, self._letter = sid, letter

    def _move(self, sid: bytes, former: _Letter, target: bytes, letter: _Letter) -> bool:
        text = self._letters.write(target, letter)
        idle = max(former.idle, letter.idle)
        # Last, for it cannot be taken back. If another one was faster, the session is his.
        if self._revocations.add(sid, idle, target) is None:
            return False
        self._text, self._sid, self._letter = text, target, letter
        return True

    def _leave(self, sid: bytes, tombstone: Record) -> bool:
        if self._ended is not None and self._ended[0] == sid:
            self._revocations.warn(*self._ended[1:])
            return True
        return self._revocations.add(sid, 0, tombstone.moved_to) is not None


class _Letter(NamedTuple):
    """What a browser carries.

    :param record: the record.
    :param idle: how long after it was made any copy of this session has ever been valid, in
        milliseconds. Who has stolen one makes new ones of it, so no time of its end is known.
    """

    record: Record
    idle: int

    @property
    def is_alive(self) -> bool:
        """Whether its time is not over."""
        return self.record.expires_at > clock.now()


def _letter(record: Record, idle: int = 0) -> _Letter:
    """Return a letter with *record*, after one that knew of *idle*."""
    own = record.values.get(OWN_LIFETIME)
    if own is not None:
        # What it will be from the next use on, be it by a copy of this very letter.
        idle = max(idle, int(_codec.decode(own)))
    return _Letter(record, max(idle, record.expires_at - clock.now()))


class _Letters:
    """Between a letter and the text in the cookies."""

    def __init__(self, sealer: Sealer, context: Sequence[bytes | str], max_size: int) -> None:
        self._sealer = sealer
        self._context = tuple(context)
        self._max_size = max_size

    def read(self, sid: bytes, text: str) -> _Letter | None:
        """Return what is in *text*; None if it is not ours, or of another session."""
        try:
            data = b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except ValueError:
            return None
        plain = self._sealer.open(data, (*self._context, sid))
        if plain is None:
            return None
        return _Letter(unpack(plain[_TIME_SIZE:]), int.from_bytes(plain[:_TIME_SIZE], "big"))

    def write(self, sid: bytes, letter: _Letter) -> str:
        """Return the text of *letter*.

        :raises SessionTooLarge: if it is too long.
        """
        record = letter.record
        plain = letter.idle.to_bytes(_TIME_SIZE, "big") + pack(record)
        size = -(-(len(plain) + _OVERHEAD) * 4 // 3)
        if size > self._max_size:
            name, data = max(record.values.items(), key=_size, default=("", b""))
            raise SessionTooLarge(
                f"The session would take {size} characters of the browser's cookies, {len(data)}"
                f" bytes of it are in {name!r}; SESSION_COOKIE_MAX_BYTES is {self._max_size}."
                " Nothing was saved: keep large things elsewhere and only their key in the"
                " session, or use a store on the server."
            )
        sealed = self._sealer.seal(plain, (*self._context, sid))
        return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def _size(item: tuple[str, bytes]) -> int:
    return len(item[1])
