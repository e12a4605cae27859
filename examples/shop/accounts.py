"""Signing in and out, and the page that is the user's alone."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from flask_sessionplus import login_required, safe_next, session

from . import orders, preferences, users
from .texts import text

blueprint = Blueprint("accounts", __name__)


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
    session.login(user.id, user.name)  # a new token: who knew the one before does not get in
    flash(text("sign_in.done", name=user.name), "success")
    return redirect(safe_next())


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session. Only the preferences, which are nobody's secret, begin another."""
    kept = preferences.all_chosen()
    session.logout()
    g.pop("user", None)
    session.update(kept)
    flash(text("sign_out.done"), "success")
    return redirect(url_for("products.index"))


@blueprint.get("/confirm")
@login_required
def confirm_form() -> str:
    """Ask for the password once more: what comes next needs a recent one."""
    return render_template("confirm.html", next=request.args.get("next", ""))


@blueprint.post("/confirm")
@login_required
def confirm() -> Response:
    """Go on, if it was the right one."""
    user = users.verify(session.user_id, request.form.get("password", ""))
    if user is None:
        flash(text("confirm.wrong"), "error")
        return redirect(url_for(".confirm_form", next=request.form.get("next", "")))
    session.confirm()
    return redirect(safe_next())


@blueprint.get("/account")
@login_required
def account() -> str:
    """The user's orders."""
    user = users.current()
    assert user is not None
    return render_template("account.html", orders=orders.of(user))
