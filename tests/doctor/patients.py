"""Apps for the doctor: a healthy one, and what makes it ill."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from flask import Flask

from flask_sessionplus import SessionPlus
from flask_sessionplus.doctor import examine


def healthy(folder: Path, **config: Any) -> Flask:
    """Return an app in which nothing is to be found, but for what *config* changes."""
    app = Flask("patient", instance_path=str(folder / "instance"))
    app.config.update(
        {
            "SECRET_KEY": secrets.token_hex(),
            "SESSION_PROFILE": "strict",
            "SESSION_STORE": f"sqlite:///{folder}/sessions.sqlite3",
            **config,
        }
    )
    SessionPlus(app)
    return app


def loose(folder: Path, **config: Any) -> Flask:
    """Return an app with Flask's own cookie, set as it should be, but for *config*."""
    return healthy(
        folder,
        **{
            "SESSION_PROFILE": None,
            "SESSION_COOKIE_SECURE": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_NAME": "__Host-session",
            "SESSION_ABSOLUTE_LIFETIME": 86_400,
            **config,
        },
    )


def found(app: Flask, url: str | None = None) -> dict[str, str]:
    """Return the codes of what the doctor finds, with how bad it is."""
    with app.app_context():
        return {finding.code: finding.severity for finding in examine(app, url)}
