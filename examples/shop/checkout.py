"""The checkout: a form that fills itself again and says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from flask_sessionplus import login_required, session

from . import cart, orders, users
from .texts import text

blueprint = Blueprint("checkout", __name__)

# What has to be in each field, as a pattern; the text of a field's mistake is "wrong.<field>".
FIELDS = {
    "name": r".+",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "street": r".+",
    "postcode": r"[0-9]{4,5}",
    "city": r".+",
    "note": r".*",
}


@blueprint.get("/checkout")
@login_required
def form() -> str | Response:
    """Ask where to send things: what was just sent in, else the last address, is filled in."""
    lines = cart.lines()
    if not lines:
        return redirect(url_for("products.show_cart"))
    return render_template(
        "checkout.html",
        lines=lines,
        total=cart.total(lines),
        form=session.get_flash_map("form") or session.get("address", {}),
        errors=session.get_flash_map("errors"),
        form_id=uuid4().hex,
    )


@blueprint.post("/checkout")
@login_required
def send() -> Response:
    """Place the order, or go back to the form with all that was typed."""
    user, lines = users.current(), cart.lines()
    assert user is not None
    if not lines:
        return redirect(url_for("accounts.account"))
    errors = mistakes(request.form)
    if errors:
        session.flash_map("form", request.form)
        session.flash_map("errors", errors)
        return redirect(url_for(".form"))
    address = {field: request.form[field].strip() for field in FIELDS}
    number = orders.place(user, request.form.get("form_id", ""), address, lines)
    cart.remove(lines)
    session["address"] = address
    session.flash("order", number)
    return redirect(url_for("accounts.account"))


def mistakes(sent: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by field, in words."""
    return {
        field: text(f"wrong.{field}")
        for field, pattern in FIELDS.items()
        if not re.fullmatch(pattern, sent.get(field, "").strip(), re.DOTALL)
    }
