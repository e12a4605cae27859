"""What each answer of the pages tells browsers not to do."""

from __future__ import annotations

import re

import pytest
from flask import abort

from flask_sessionplus.pages import Look
from tests.pages.site import create_app, fields, sign_in

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def answers(app):
    """Return one answer of each kind."""
    pages = app.blueprints["devices"]
    app.view_functions["devices.broken"] = lambda: 1 / 0
    app.view_functions["devices.missing"] = lambda: abort(404)
    for name in ("broken", "missing"):
        app.url_map.add(app.url_rule_class(f"/{name}", endpoint=f"devices.{name}"))
    ada = sign_in(app, "ada")
    sent = fields(ada)
    assert pages.name == "devices"
    return {
        200: ada.get("/account/devices"),
        303: ada.post("/account/devices/sign-out-others", data=sent),
        302: app.test_client().get("/account/devices"),
        403: ada.post("/account/devices/sign-out"),
        404: ada.get("/missing"),
        500: ada.get("/broken"),
    }


def test_every_answer_carries_them():
    """Pages, redirects, the sign-in's, refusals and errors carry all of them."""
    app = create_app({"SESSION_CONFIRM_VIEW": None})
    nonces = set()

    for status, answer in answers(app).items():
        assert answer.status_code == status
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        policy = answer.headers["Content-Security-Policy"]
        nonces.add(re.search(r"script-src 'nonce-([\w-]{22})'", policy)[1])
        assert policy.startswith("default-src 'none'; style-src 'self' 'nonce-")
        for rest in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert rest in policy.split("; ")
        assert "unsafe" not in policy
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert len(nonces) == 6


def test_files_are_for_everybody_and_kept():
    """The style sheet asks for no sign-in, touches no session, and is kept for a year."""
    app = create_app()
    page = sign_in(app, "ada").get("/account/devices").text
    address = re.search(r'href="(/[^"]+pages\.css\?v=[0-9a-f]{8})"', page)
    with app.test_client().get(address[1]) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Vary" not in answer.headers
    with app.test_client().get(address[1].partition("?")[0]) as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


def test_options_needs_no_sign_in():
    """A preflight, which comes without cookies, is answered and allows nothing."""
    answer = create_app().test_client().options("/account/devices")

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_apps_own_headers_win():
    """What the app adds to all its answers takes the place of ours."""
    app = create_app()

    @app.after_request
    def add(response):
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    found = sign_in(app, "ada").get("/account/devices").headers.getlist("Content-Security-Policy")
    assert found == ["default-src 'self'"]


@pytest.mark.parametrize(
    ("policy", "found"),
    [("", None), ("img-src 'self'", "img-src 'self'"), (None, None)],
)
def test_another_policy(policy, found):
    """A policy may be given, or none; within the app's layout, its styles are let alone."""
    base = "base.html" if policy is None else None
    app = create_app(look=Look(base_template=base, policy=policy))
    headers = app.test_client().get("/account/devices").headers
    given = headers.get("Content-Security-Policy")

    if policy is None:
        assert "default-src" not in given
        assert "style-src" not in given
        assert "frame-ancestors 'none'" in given
    else:
        assert given == found


def test_nothing_is_inline():
    """No page has a script, a style or an address that its own policy would forbid."""
    text = sign_in(create_app(), "ada").get("/account/devices").text

    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", text)
    assert not re.search(r"""(?:href|src|action)=["'](?:https?:)?//""", text)
