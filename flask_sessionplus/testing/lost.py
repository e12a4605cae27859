"""Why the browser of a test client does not bring its session back."""

from __future__ import annotations

from flask import Flask


def path_of(app: Flask) -> str:
    """Return a path of *app* to which its session's cookie is sent, for ``app.test_client()``."""
    path, root = app.config["SESSION_COOKIE_PATH"] or "/", app.config["APPLICATION_ROOT"]
    # The client puts what the app is mounted at in front.
    return path.removeprefix(root.rstrip("/")) or "/"


def why_lost(app: Flask) -> str:
    """Return why somebody who was signed in is not, and the remedy; begins in a sentence."""
    with app.test_request_context(path_of(app)) as context:
        host, path = context.request.host.partition(":")[0], context.request.root_path or "/"
    domain = (app.config["SESSION_COOKIE_DOMAIN"] or "").lstrip(".")
    if domain and host != domain and not host.endswith(f".{domain}"):
        return (
            f"for the cookie is one of {domain!a}, and the test client asks {host!a}. In tests, set"
            f" SERVER_NAME = {domain!a}, or leave SESSION_COOKIE_DOMAIN out."
        )
    wanted = app.config["SESSION_COOKIE_PATH"] or "/"
    if not f"{wanted.rstrip('/')}/".startswith(f"{path.rstrip('/')}/"):
        return (
            f"for the cookie is one of {wanted!a}, and the app is at {path!a}. Set"
            " SESSION_COOKIE_PATH to a path below APPLICATION_ROOT, or leave it out."
        )
    return (
        "for the session was not there any more afterwards. Look at what receivers of the app's"
        " signals do, and at SESSION_BIND and the cookie's settings."
    )
