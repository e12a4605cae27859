"""Whoever is revoked while his former session is on its way in is not signed in by it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from operator import ne

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface

from flask_sessionplus import SessionPlus
from flask_sessionplus.importing import Importer
from flask_sessionplus.importingrecords import Found
from flask_sessionplus.stores.memory import MemoryStore

ORIGIN = "a" * 43
# Where what is stored changes, or all of it is looked at: in between nothing can go wrong that
# cannot there.
WHERE = ("create", "apply", "delete", "delete_owned", "delete_all", "browse")

# How often one goes on in place of the other: the fault that this is for takes three times.
SWITCHES = int(os.environ.get("SWITCHES", "3"))


class Course:
    """Lets two threads go on in turn: one step of one of them at a time."""

    def __init__(self, first: list[str]) -> None:
        self._wanted = first
        self._turns = threading.Condition()
        self._waiting: set[str] = set()
        self._alive: set[str] = set()
        self._next: str | None = None
        #: Who went on, step by step, and whether the other one could have.
        self.taken: list[tuple[str, bool]] = []

    def step(self) -> None:
        """Wait until it is this thread's turn; harmless in others."""
        name = threading.current_thread().name
        with self._turns:
            if name not in self._alive:
                return
            self._waiting.add(name)
            self._turns.notify_all()
            self._turns.wait_for(lambda: self._next == name)
            self._next = None
            self._waiting.remove(name)

    def run(self, jobs: dict[str, Callable[[], object]]) -> None:
        """Run *jobs* to their ends: as wanted first, then the first one that can go on."""
        self._alive = set(jobs)
        threads = [
            threading.Thread(target=self._job, args=(job,), name=name) for name, job in jobs.items()
        ]
        for thread in threads:
            thread.start()
        while self._go_on():
            pass
        for thread in threads:
            thread.join()

    def _go_on(self) -> bool:
        with self._turns:
            is_ready = self._turns.wait_for(
                lambda: self._next is None and self._waiting == self._alive, timeout=30
            )
            assert is_ready
            if not self._alive:
                return False
            number = len(self.taken)
            name = self._wanted[number] if number < len(self._wanted) else min(self._alive)
            self.taken.append((name, len(self._alive) > 1))
            self._next = name
            self._turns.notify_all()
            return True

    def _job(self, job: Callable[[], object]) -> None:
        try:
            self.step()
            job()
        finally:
            with self._turns:
                self._alive.discard(threading.current_thread().name)
                self._turns.notify_all()


class SteppingStore(MemoryStore):
    """Each call of it is a step of its own."""

    is_shared = True
    course: Course | None = None


def _stepping(name: str) -> Callable[..., object]:
    def call(self: SteppingStore, *args: object) -> object:
        if self.course is not None:
            self.course.step()
        return getattr(MemoryStore, name)(self, *args)

    return call


for _name in WHERE:
    setattr(SteppingStore, _name, _stepping(_name))


class Former(Importer):
    """One session, in a dict."""

    takes_tokens = True

    def __init__(self) -> None:
        self._sessions = {ORIGIN: {"_user_id": "7"}}

    def find(self, origin: str) -> Found | None:
        """Return it, if it is still there."""
        found = self._sessions.get(origin)
        return None if found is None else Found(dict(found))

    def remove(self, origin: str) -> None:
        """Remove it."""
        self._sessions.pop(origin, None)

    def lifetime(self) -> int:
        """Return any."""
        return 3_600_000


class FormerExtension(SessionPlus):
    """Takes sessions in from :class:`Former`."""

    def _read(self, app):
        return super()._read(app)[0], [Former()]


def make(kind):
    """Return an app with a session on its way in, its store, and the cookie."""
    app = Flask("shop")
    store = SteppingStore()
    app.config.update(SECRET_KEY="k" * 40, SESSION_STORE=store)
    cookie = ORIGIN
    if kind == "cookie":
        app.config["SESSION_IMPORT_COOKIE"] = True
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        cookie = signer.dumps({"_user_id": "7"})
    (SessionPlus if kind == "cookie" else FormerExtension)(app)
    app.add_url_rule("/", view_func=lambda: {"user": session.get("_user_id")})
    return app, store, cookie


def visit(app, cookie):
    """Visit with a cookie; return who is signed in, and the cookie of the answer."""
    client = app.test_client(use_cookies=False)
    answer = client.get("/", headers={"Cookie": f"session={cookie}"})
    new = answer.headers.get("Set-Cookie", "").partition(";")[0].partition("=")[2]
    return answer.json["user"], new


def weave(kind, revoke, wanted):
    """Let a visit and a revocation run as *wanted*; return the course, and who is alive."""
    app, store, cookie = make(kind)
    store.course = course = Course(wanted)
    answers = []

    def revoke_it():
        with app.app_context():
            extension = app.extensions["sessionplus"].extension
            extension.revoke_user("7") if revoke == "revoke_user" else extension.revoke_all()

    course.run({"a visit": lambda: answers.append(visit(app, cookie)), "revoked": revoke_it})
    store.course = None
    known = [cookie, *(new for _, new in answers if new)]
    return course, [each for each in known if visit(app, each)[0] is not None]


@pytest.mark.parametrize("kind", ["record", "cookie"])
@pytest.mark.parametrize("revoke", ["revoke_user", "revoke_all"])
def test_in_whatever_order(kind, revoke):
    """Of the orders in which the steps of both can be done, none leaves the session alive."""
    todo, runs = [[]], 0
    while todo:
        wanted = todo.pop()
        course, alive = weave(kind, revoke, wanted)
        runs += 1
        assert alive == [], [name for name, _ in course.taken]
        done = [name for name, _ in course.taken]
        for number in range(len(wanted), len(done)):
            if course.taken[number][1]:
                other = "revoked" if done[number] == "a visit" else "a visit"
                order = [*done[:number], other]
                if sum(map(ne, order, order[1:])) <= SWITCHES:
                    todo.append(order)

    assert runs > 20
