"""What is answered to those who may not, and where they go once they may."""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn
from urllib.parse import quote, unquote, urlsplit

from flask import Request, current_app, request, url_for

from .config import Settings
from .errors import AuthError
from .problems import is_api

_MOST = 2_048

# A path as a browser understands no other thing: one slash, then nothing that may begin a
# host, and nowhere a backslash, which browsers take for a slash, or a space.
_is_path = re.compile(r"/(?![/\\@])[^\\\s]*").fullmatch

# What may stand in a path or query as it is.
_PLAIN = "/:@!$&'()*+,;=~-._"


def settings() -> Settings:
    """Return the settings of the current app's sessions.

    :raises RuntimeError: if it has none of ours.
    """
    ours = current_app.extensions.get("sessionplus")
    if ours is None:
        raise RuntimeError("This app has no sessions of ours. Call SessionPlus(app) first.")
    found: Settings = ours.settings
    return found


def refuse(
    kind: type[AuthError], message: str, confirms: bool = False, challenge: str | None = None
) -> NoReturn:
    """Raise the error that answers as the app's settings say.

    A person is sent to ``SESSION_LOGIN_VIEW``; a program, or anybody without such a view, gets
    a 401. The app's error handlers for *kind* are asked as with any exception.

    :param kind: :class:`.LoginRequired` or :class:`.NotFresh`.
    :param confirms: send to ``SESSION_CONFIRM_VIEW``, if there is one.
    :param challenge: what a program is asked for, if not as usual.
    """
    signin = settings().signin
    view = (signin.confirm_view if confirms else None) or signin.login_view
    location = None
    if view is not None and not is_api(request.environ):
        location = _with_next(view_address(view), _wanted(request))
    raise kind(message, location=location, challenge=challenge or _challenge())


def is_view(view: str | None) -> bool:
    """Tell whether *view*, an endpoint or a path as in the settings, answers this request."""
    return view is not None and view in (request.endpoint, request.root_path + request.path)


def safe_next(default: str | None = None) -> str:
    """Return where to go after the sign-in: ``next`` of the form or the query, if it is safe.

    It is if it is a path of this site: no scheme, no host, nothing that a browser could take
    for one, at most 2,048 characters (ASVS 3.7.2, CWE-601). Under a prefix it may lead to what
    else is on the same host, as a link may.

    :param default: what is returned else; default: the app's root, ``"/"`` with the prefix
        under which the app is served.
    """
    wanted = request.form.get("next") or request.args.get("next") or ""
    if is_local(wanted):
        return wanted
    return f"{request.script_root}/" if default is None else default


def is_local(target: str) -> bool:
    """Tell whether *target* is a path on this site, however often somebody decodes it."""
    seen = set()
    while target not in seen:
        seen.add(target)
        # Some turn look-alikes, such as a wide slash, into what they look like.
        plain = unicodedata.normalize("NFKC", target)
        path = plain.partition("?")[0].partition("#")[0]
        if len(target) > _MOST or not _is_path(plain) or "//" in path or not _is_relative(plain):
            return False
        # The query is not decoded before it is taken apart, and may hold anything.
        target = unquote(path, errors="replace").replace(" ", "+")
    return True


def _is_relative(target: str) -> bool:
    # Browsers drop some control and format characters, and then see something else.
    if not target.isprintable():
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


def _wanted(request: Request) -> str | None:
    """Return the page that the visitor wanted, or came from."""
    if request.method in ("GET", "HEAD"):
        # The bytes as they came: what somebody has typed need not be escaped.
        query = quote(request.query_string, safe=_PLAIN + "?%")
        path = quote(request.root_path + request.path, safe=_PLAIN)
        wanted = f"{path}?{query}" if query else path
    else:
        try:
            referrer = urlsplit(request.referrer or "")
        except ValueError:
            return None
        if f"{referrer.scheme}://{referrer.netloc}/" != request.host_url:
            return None
        wanted = f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path
    return wanted if is_local(wanted) else None


def view_address(view: str) -> str:
    """Return the address of *view*, an endpoint, a path or a URL as in the settings."""
    return view if view.startswith("/") or "://" in view else url_for(view)


def _with_next(address: str, wanted: str | None) -> str:
    if wanted is None:
        return address
    return f"{address}{'&' if '?' in address else '?'}next={quote(wanted, safe='')}"


def _challenge() -> str:
    # No registered scheme means a form and a cookie; "Basic" would make browsers ask for a
    # password themselves. Where tokens are taken, that is what programs have to bring.
    return "Session" if settings().jwt is None else "Bearer"
