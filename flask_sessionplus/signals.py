"""Blinker signals. The sender is the Flask app; all arguments come by keyword.

``session`` is the :class:`~flask_sessionplus.session.Session`. No signal carries
a token. A receiver that raises fails the request, as with Flask's own signals.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: A new session was stored for the first time. Carries ``session``.
session_created = _signals.signal("session-created")

#: A session was read from the store, at its first use in a request. Carries ``session``.
session_loaded = _signals.signal("session-loaded")

#: Changes of a stored session were written. Carries ``session``.
session_saved = _signals.signal("session-saved")

#: A session has a new token. Carries ``session`` and ``old``, its former handle.
session_regenerated = _signals.signal("session-regenerated")

#: A session was ended by the app. Carries ``session`` and ``handle``, its former handle.
session_destroyed = _signals.signal("session-destroyed")

#: A token of an expired session came in. Carries ``session`` and ``handle``.
session_expired = _signals.signal("session-expired")

#: The changes of a request were dropped, for its session had ended or moved meanwhile.
#: Carries ``session``.
session_lost = _signals.signal("session-lost")

#: A cookie was not accepted. Carries ``session`` and ``reason``: ``"malformed"``,
#: ``"duplicate"``, ``"unknown"``, ``"moved"``, ``"damaged"``, or ``"address"`` and
#: ``"browser"``: it came from elsewhere than ``SESSION_BIND`` says.
session_rejected = _signals.signal("session-rejected")

#: A store failed. Carries ``session`` and ``error``, a
#: :class:`~flask_sessionplus.errors.StoreError`.
store_failed = _signals.signal("store-failed")

#: A store was called. Carries ``store``, the name of its class, ``operation``, that of its
#: method, ``started_at``, in nanoseconds since 1970-01-01 UTC, ``seconds``, how long it took,
#: and ``error``, an exception or None. It says nothing of which session it was about.
store_called = _signals.signal("store-called")

#: Somebody has signed in. Carries ``session`` and ``user_id``.
user_signed_in = _signals.signal("user-signed-in")

#: Somebody has signed out. Carries ``session`` and ``user_id``.
user_signed_out = _signals.signal("user-signed-out")

#: Sessions were ended from outside. Carries ``owner``, whose they were, ``""`` if it was one of
#: nobody or all, and ``count``.
sessions_revoked = _signals.signal("sessions-revoked")

#: The values of a session were shown on the dashboard. Carries ``handle``. Who has seen them is
#: who the request under way comes from.
values_shown = _signals.signal("values-shown")

#: A bearer token was not accepted. Carries ``reason``, one word.
token_rejected = _signals.signal("token-rejected")

#: A refresh token came for the second time: its family has been revoked. Carries ``owner``.
token_reused = _signals.signal("token-reused")
