"""Taking in sessions that another session interface has left, when their owner comes.

No lock is held meanwhile: anything may end at any moment, and requests with the same cookie come
in parallel. So a session is taken in by steps that anybody can finish:

1. The record is made under the token's sid, with a *mark* in it: bookkeeping with a number that
   nobody else has.
2. A *note* is made, under a sid that follows from what the session was called before. It
   has the same number, and lives at least as long as anything that could be taken in again.
3. The former session is removed where it was.
4. The mark is taken off.

Whoever loads a record with a mark does steps 2 to 4 first. Whoever meets a note with another
number has read the former session before it ended here: what he made is removed. So each
session is taken in once, and one that has ended here never comes back.

Whoever revokes sessions first notes that nothing comes in any more, and then removes what is
there. So he finds what was made before he looked; and what is made later meets his note, which
is why it is looked for once more before the mark is taken off.
"""

from __future__ import annotations

import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from .errors import ConfigError, DamagedRecord
from .importingrecords import Complete, Found, Rules, UnreadableSession, owner_of, record_of
from .importnotes import MARK, ImportNotes
from .owners import kind_of
from .record import Changes, Record
from .stores.base import Applied, Browsable, Carrying, Miss, Outcome, Store
from .tokens import ForeignToken, digest, handle

_log = logging.getLogger("flask_sessionplus")

# Of so many records it is remembered that they were complained of.
_MOST_TOLD = 1_000

# How often all records are looked at: who moves from where one has not been yet to where one
# was is not met, but nobody moves so often.
_LOOKS = 5


class Importer(ABC):
    """Where sessions come from.

    What a session is called there is its *origin*: a text that nobody could guess.
    Faults are :class:`.StoreError`.
    """

    #: Whether the origin of a session is the token in its cookie.
    takes_tokens = False

    #: Whether sessions are removed where they were.
    removes = True

    def read_cookie(self, cookie: str) -> ForeignToken | None:
        """Return the token for a cookie that is none of ours, or None if it is not good."""
        return None

    def tokens_of(self, origin: str) -> Sequence[str]:
        """Return the tokens that the session may have: the one that it gets now is the first.

        The others are from when the app had another secret key.
        """
        return ()

    def name(self, origin: str) -> str:
        """Return what is the same for all spellings of *origin*."""
        return origin

    @abstractmethod
    def find(self, origin: str) -> Found | None:
        """Return the session, or None if there is none, or none any more.

        :raises UnreadableSession: if it cannot be read; it is left alone.
        """

    @abstractmethod
    def remove(self, origin: str) -> None:
        """Remove it where it was. Harmless if it is not there."""

    @abstractmethod
    def lifetime(self) -> int:
        """Return how long, from now on, one could be found there at most, in milliseconds."""


class Countable(ABC):
    """An importer that can go through all its sessions."""

    @abstractmethod
    def origins(self) -> Iterator[str]:
        """Yield what the sessions are called, in any order, in bounded memory."""

    @abstractmethod
    def count(self) -> int:
        """Return about how many there are, in about the time it takes to list them."""

    @abstractmethod
    def token_of(self, origin: str) -> str:
        """Return the token that the session will have."""


class Intake:
    """Takes sessions in.

    :param importers: from where; at most one of them takes tokens.
    """

    def __init__(self, importers: Collection[Importer], rules: Rules, store: Store) -> None:
        self.importers = tuple(importers)
        self._rules = rules
        self._store = store
        self._notes = ImportNotes(store, rules.codec)
        self._told: set[bytes] = set()

    def read_cookie(self, cookie: str) -> ForeignToken | None:
        """Return the token for a cookie that is none of ours, or None."""
        found = (importer.read_cookie(cookie) for importer in self.importers)
        return next((token for token in found if token is not None), None)

    def meet(
        self, sid: bytes, token: str, found: Record | Miss, complete: Complete
    ) -> Record | Miss:
        """Return what the store has for *token* now, after what was elsewhere was taken in.

        :param sid: the token's.
        :param found: what the store had.
        :param complete: adds to the values of a new record what else belongs in.
        :raises UnreadableSession: if the former session cannot be read. It is left alone, which
            is logged once.
        """
        importer, origin = self._source_of(token)
        if importer is None:
            return settled(found)
        taking = _Taking(importer, origin, sid, self._store, self._notes, self._rules)
        if found is Miss.UNKNOWN:
            try:
                found = taking.take(complete)
            except UnreadableSession as error:
                self._tell(sid, error)
                raise
        if isinstance(found, Record) and MARK in found.values:
            found = taking.finish(found)
        return found

    def refuse(self, owner: str | None, spares_current: bool = False) -> Collection[bytes]:
        """Take in nothing of *owner* any more, nor of anybody if it is None.

        :param spares_current: says nothing: the session of the request under way is here.
        :return: the sids of what is to stay, beside what the caller knows: none.
        """
        for importer in self.importers:
            self._notes.refuse(owner, importer.lifetime())
        return ()

    def end_latecomers(self) -> int:
        """End the sessions that came in while the store was emptied, and the notes were gone.

        That is, all that are there. After :meth:`refuse`, so that none comes after them.

        :return: how many it were.
        """
        store = self._store
        assert isinstance(store, Browsable)
        return sum(self._end(sid) for _ in range(_LOOKS) for sid in store.browse())

    def fetch(self, importer: Countable, origin: str) -> bool:
        """Take in one session though nobody has asked for it; return whether this call did.

        :param importer: one of ours.
        :raises UnreadableSession: if it cannot be read. It is left alone.
        """
        assert isinstance(importer, Importer)
        token = importer.token_of(origin)
        sid = digest(token)
        taking = _Taking(importer, origin, sid, self._store, self._notes, self._rules)
        found = self._store.reload(sid)
        if found is Miss.UNKNOWN:
            found = taking.take(lambda values: values)
        if isinstance(found, Record) and MARK in found.values:
            found = taking.finish(found)
        return taking.is_done and isinstance(found, Record)

    def _end(self, sid: bytes) -> bool:
        try:
            found = self._store.reload(sid)
        except DamagedRecord:
            return False
        is_session = isinstance(found, Record) and kind_of(found, self._rules.codec) == "browser"
        return is_session and self._store.delete(sid)

    def _source_of(self, token: str) -> tuple[Importer | None, str]:
        if isinstance(token, ForeignToken):
            return token.importer, token.origin
        found = (importer for importer in self.importers if importer.takes_tokens)
        return next(found, None), str(token)

    def _tell(self, sid: bytes, error: UnreadableSession) -> None:
        if sid not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(sid)
            _log.warning("The former session of %s… is left alone: %s.", handle(sid)[:6], error)


class _Taking:
    """One session on its way in."""

    def __init__(
        self,
        importer: Importer,
        origin: str,
        sid: bytes,
        store: Store,
        notes: ImportNotes,
        rules: Rules,
    ) -> None:
        self._importer = importer
        self._origin = origin
        self._name = importer.name(origin)
        self.sid = sid
        self._store = store
        self._notes = notes
        self._rules = rules
        #: Whether it was this one that did the first step.
        self.is_done = False

    def take(self, complete: Complete) -> Record | Miss:
        """Do the first step, unless it was done before; return what there is now."""
        found = self._importer.find(self._origin)
        if found is not None and not self._is_over(found):
            record = record_of(found, self._rules, complete)
            record.values[MARK] = self._new_mark()
            self.is_done = self._store.create(self.sid, record)
        # Or somebody else has taken it in since it was looked for here.
        return self._store.reload(self.sid)

    def finish(self, record: Record) -> Record | Miss:
        """Do the other steps; return what there is now."""
        mark = record.values[MARK]
        if not self._notes.is_first(self._name, mark, self._importer.lifetime()):
            # It came in before, and has ended since: this is made of a late look at it.
            return self._drop(record)
        self._importer.remove(self._origin)
        # Its owner may have been revoked since that was looked for, but before it was made.
        if self._notes.is_refused(record.owner):
            return self._drop(record)
        applied = self._change(record, Changes(removals=[MARK]))
        if applied.record is None:
            return self._store.reload(self.sid)
        return applied.record

    def _drop(self, record: Record) -> Record | Miss:
        """Remove what must not be there; return what there is if it has no mark any more.

        Somebody may have finished it before all this, and have it in use.
        """
        applied = self._change(record, Changes({MARK: self._new_mark()}))
        if applied.outcome is Outcome.SAVED:
            self._store.delete(self.sid)
            return Miss.UNKNOWN
        return settled(Miss.UNKNOWN if applied.record is None else applied.record)

    def _change(self, record: Record, changes: Changes) -> Applied:
        """Do *changes* while the mark is as it is in *record*."""
        changes = replace(changes, expects={MARK: record.values[MARK]})
        return self._store.apply(self.sid, record, changes)

    def _new_mark(self) -> bytes:
        return self._rules.codec.encode(secrets.token_bytes(16))

    def _is_over(self, found: Found) -> bool:
        notes = self._notes
        return notes.has(self._name) or notes.is_refused(owner_of(found.values))


def settled(found: Record | Miss) -> Record | Miss:
    """Return *found*, which nobody can finish taking in: then what has a mark is not there."""
    is_on_its_way = isinstance(found, Record) and MARK in found.values
    return Miss.UNKNOWN if is_on_its_way else found


def check_target(store: Store, importers: Collection[Importer]) -> None:
    """Refuse a store in which what was taken in would be lost, or could come a second time.

    :raises ConfigError: if it is one.
    """
    if isinstance(store, Carrying):
        raise ConfigError(
            "SESSION_STORE is 'cookie://': what has come in from elsewhere could not be noted, and"
            " would come in again after its owner has signed out. Name a store on the server, or"
            " leave SESSION_IMPORT_COOKIE out."
        )
    if not store.is_shared and any(importer.removes for importer in importers):
        raise ConfigError(
            "SESSION_STORE is a memory store: sessions that were carried over would be lost with"
            " the process. Name a store that keeps them."
        )
