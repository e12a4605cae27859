"""Language and theme, kept in the session."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request
from werkzeug.wrappers import Response

from flask_sessionplus import safe_next, session

from . import texts

blueprint = Blueprint("preferences", __name__)

THEMES = ("auto", "light", "dark")
CHOICES = {"language": tuple(texts.LANGUAGES), "theme": THEMES}


@blueprint.post("/preferences")
def choose() -> Response:
    """Keep a choice, and go back to the page it was made on."""
    for name in CHOICES.keys() & request.form.keys():
        if request.form[name] not in CHOICES[name]:
            abort(400)
        session[name] = request.form[name]
    flash(texts.text("preferences.kept"), "success")
    return redirect(safe_next())


def theme() -> str:
    """The visitor's theme; auto follows their system."""
    chosen: str = session.get("theme", "auto")
    return chosen


def all_chosen() -> dict[str, str]:
    """What the visitor has chosen, to take it into another session."""
    return {name: session[name] for name in CHOICES if name in session}
