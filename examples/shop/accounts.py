"""Signing in and out, and the page that is the user's alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from flask_sessionplus import session

from . import csrf, orders, preferences, users
from .addresses import local_path
from .texts import text

P = ParamSpec("P")
R = TypeVar("R")

blueprint = Blueprint("accounts", __name__)


def sign_in_required(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send who is not signed in to do so, and back again."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if users.current() is None:
            # No flashed "please sign in": that would be a session for each bot that comes by.
            return redirect(url_for("accounts.sign_in_form", next=request.path))
        return view(*args, **kwargs)

    return guarded


@blueprint.get("/sign-in")
def sign_in_form() -> str:
    """Ask for name and password; after a wrong one the name is still there."""
    form = session.get_flash_map("sign-in")
    return render_template("sign_in.html", form=form, next=request.args.get("next", ""))


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Sign the visitor in. The cart and the preferences stay, the token is a new one."""
    name, target = request.form.get("name", ""), request.form.get("next", "")
    user = users.verify(name, request.form.get("password", ""))
    if user is None:
        session.flash_map("sign-in", {"name": name})  # the password is not remembered
        flash(text("sign_in.wrong"), "error")
        return redirect(url_for(".sign_in_form", next=target))
    session.regenerate()  # whoever knew the token before does not get in by it
    session["user"] = user.id
    csrf.renew_token()
    flash(text("sign_in.done", name=user.name), "success")
    return redirect(local_path(target, otherwise=url_for("products.index")))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session. Only the preferences, which are nobody's secret, begin another."""
    kept = preferences.all_chosen()
    session.destroy()
    g.pop("user", None)
    session.update(kept)
    flash(text("sign_out.done"), "success")
    return redirect(url_for("products.index"))


@blueprint.get("/account")
@sign_in_required
def account() -> str:
    """The user's orders."""
    user = users.current()
    assert user is not None
    return render_template("account.html", orders=orders.of(user))
