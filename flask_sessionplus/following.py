"""Signals inside the package, for what has to follow when somebody signs in or out."""

from __future__ import annotations

from blinker import Signal

#: Sent by the app when a session becomes another user's, or nobody's: what also keeps who is
#: signed in has to follow. Carries ``session``, ``owner`` and ``former``, ``""`` for nobody.
owner_changed = Signal()

#: Sent by the app when a session is to get a new token, and what belongs to the old one, such
#: as the tokens of forms, was taken out of it. Carries ``session``.
token_replaced = Signal()
