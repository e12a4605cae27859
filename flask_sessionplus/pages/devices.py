"""Where am I signed in: a page for each user, to see it and to sign out elsewhere (ASVS 7.5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, current_app, redirect, request
from werkzeug.wrappers import Response

from .. import directory
from ..answers import settings, view_address
from ..decorators import current_identity, fresh_required, login_required
from ..decorators.asking import Identity
from ..errors import LoginRequired, StoreConflict
from ..owners import SessionInfo
from ..problems import is_api
from ..proxies import session
from ..stores.base import OwnerIndex
from .base import Pages
from .look import Look

#: Devices that are shown. All can be signed out.
MOST = 200

_TEMPLATE = "sessionplus/devices/page.html"

# Of what a User-Agent says of itself, by what picture it is shown. Only that: nothing hangs on it.
_PHONES = ("Mobile", "iPhone", "Android")
_TABLETS = ("iPad", "Tablet")


@dataclass(frozen=True)
class Device:
    """One place where the user is signed in, as templates see it.

    :param info: all that is known of it.
    :param is_app: whether it has bearer tokens, and not a browser's cookie.
    :param shape: ``"app"``, ``"computer"``, ``"phone"`` or ``"tablet"``.
    """

    info: SessionInfo
    is_app: bool
    shape: str


def create_blueprint(
    *,
    name: str = "devices",
    template: str = _TEMPLATE,
    look: Look | None = None,
    needs_fresh: bool = True,
    goodbye: str | None = None,
) -> Pages:
    """Return the page, to be registered with an app, such as at ``/account/devices``.

    It is for who is signed in, as :func:`.login_required` says. Its views are ``<name>.index``
    and two that take forms.

    :param name: of the blueprint.
    :param template: the page. It knows ``sp``, and as ``devices`` a list of
        :class:`Device`, the current one first, or None if the store does not know whose
        sessions it has. It has 200 at most; ``more`` says how many are left out.
    :param look: layout and language.
    :param needs_fresh: let who has given the password a while ago give it again before
        another device is signed out (ASVS 7.5.2); to leave this one nobody has to. Only if there
        is a ``SESSION_CONFIRM_VIEW``.
    :param goodbye: where somebody goes who has signed out himself here: an endpoint or a path;
        default: ``SESSION_LOGIN_VIEW``, or else ``"/"``.
    """
    pages = Pages(name, url_prefix="/devices", look=look or Look(), guard=_signed_in)

    def index() -> str:
        found = _devices_of(_identity())
        more = max(0, len(found or ()) - MOST)
        return pages.render(template, devices=found and found[:MOST], more=more)

    def sign_out() -> Response:
        own, handle = _devices_of(_identity()) or [], request.form.get("handle")
        device = next((each for each in own if each.info.handle == handle), None)
        if device is None or not device.info.is_current:
            _confirm(needs_fresh)
        elif not device.is_app:
            session.logout()
            return redirect(_address_of(goodbye), 303)
        return _sign_out(pages, device)

    def sign_out_others() -> Response:
        _confirm(needs_fresh)
        if _knows_owners():
            try:
                directory.revoke_user(_app(), _identity().user_id, except_current=True)
            except StoreConflict:
                # A second click: the first one has done it, and has the new cookie.
                return pages.go("index")
            pages.tell(_("You are signed out everywhere else."))
        return pages.go("index")

    pages.add_url_rule("", view_func=index)
    pages.add_url_rule("/sign-out", view_func=sign_out, methods=["POST"])
    pages.add_url_rule("/sign-out-others", view_func=sign_out_others, methods=["POST"])
    return pages


def _(text: str) -> str:
    """Mark *text* for who collects what is to be translated."""
    return text


@login_required
def _signed_in() -> None:
    pass


@fresh_required
def _fresh() -> None:
    pass


def _confirm(needs_fresh: bool) -> None:
    if needs_fresh and settings().signin.confirm_view is not None:
        _fresh()


def _identity() -> Identity:
    found = current_identity()
    if found is None:
        # Only in the place of the sign-in page itself, which everybody may see.
        raise LoginRequired("Nobody is signed in: devices are shown to who is.")
    return found


def _address_of(goodbye: str | None) -> str:
    view = goodbye or settings().signin.login_view
    return view_address(view) if view else f"{request.script_root}/"


def _sign_out(pages: Pages, device: Device | None) -> Response:
    """End one of the user's own sessions."""
    # Of another user's session, and of one that never was, nothing else is said than this.
    if device is None or not directory.revoke(_app(), device.info.handle):
        if is_api(request.environ):
            abort(404)
        pages.tell(_("That sign-in has ended or was renewed. Please look again."), "error")
    else:
        told = {"device": device.info.browser} if device.info.browser else {}
        pages.tell(_("Signed out: %(device)s.") if told else _("The device is signed out."), **told)
    return pages.go("index")


def _devices_of(identity: Identity) -> list[Device] | None:
    """Return what the user would call a device: not his global data."""
    if not _knows_owners():
        return None
    found = directory.sessions_of(_app(), identity.user_id)
    devices = [_device(info) for info in found if info.kind in ("browser", "token")]
    return sorted(devices, key=lambda each: not each.info.is_current)


def _knows_owners() -> bool:
    return isinstance(_app().extensions["sessionplus"].store, OwnerIndex)


def _device(info: SessionInfo) -> Device:
    is_app = info.kind == "token"
    return Device(info, is_app, "app" if is_app else _shape(info.user_agent))


def _shape(agent: str) -> str:
    if any(word in agent for word in _TABLETS):
        return "tablet"
    return "phone" if any(word in agent for word in _PHONES) else "computer"


def _app() -> Flask:
    app: Any = current_app
    found: Flask = app._get_current_object()
    return found
