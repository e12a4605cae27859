"""A store in which something happens just before, or after, one of its methods is called."""

from __future__ import annotations

from collections import Counter

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.stores.base import Store


class Hooked(Store):
    """Passes everything on, and lets a test come in between.

    `before` and `after` have functions by the names of methods: each is called once, in the
    middle of somebody else's work, as another request would. `fails` has the names of methods
    that fail. `calls` counts them all.
    """

    def __init__(self, inner):
        self.inner = inner
        self.is_shared = inner.is_shared
        self.before = {}
        self.after = {}
        self.fails = set()
        self.calls = Counter()

    def load(self, sid):
        """Load."""
        return self._call("load", sid)

    def create(self, sid, record):
        """Create."""
        return self._call("create", sid, record)

    def apply(self, sid, seen, changes):
        """Apply."""
        return self._call("apply", sid, seen, changes)

    def delete(self, sid):
        """Delete."""
        return self._call("delete", sid)

    def fetch(self, sid, names):
        """Fetch."""
        return self._call("fetch", sid, names)

    def _call(self, name, *arguments):
        self.calls[name] += 1
        if name in self.fails:
            raise StoreUnavailable("It was told to fail. Nothing can be done.")
        self.before.pop(name, _nothing)()
        answer = getattr(self.inner, name)(*arguments)
        self.after.pop(name, _nothing)()
        return answer


def _nothing():
    pass
