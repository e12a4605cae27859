"""The extension, where every part of the API can import it from."""

from __future__ import annotations

from flask_sessionplus import SessionPlus

ext = SessionPlus()
