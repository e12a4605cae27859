"""What the pages look like, and in what language they speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from markupsafe import Markup, escape

from .. import clock
from .csrf import FIELD, form_token
from .headers import EMBEDDED, STRICT, nonce
from .times import ago, plain_date, plain_time

#: Our own layout.
BASE = "sessionplus/base.html"

# What is written from right to left (CLDR), by the first part of the language's name.
_FROM_RIGHT = frozenset(("ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"))


def _english() -> str:
    return "en"


def _fields_of_flask_wtf() -> Mapping[str, str]:
    """Return what Flask-WTF's CSRFProtect wants in each form of an app that has it."""
    make = current_app.jinja_env.globals.get("csrf_token")
    if "csrf" not in current_app.extensions or not callable(make):
        return {}
    return {current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"): make()}


@dataclass(frozen=True)
class Look:
    """How the pages of one blueprint look.

    :param base_template: the layout, with the blocks ``title`` and ``content``; default: our own.
    :param translate: returns a text, given in English, in the visitor's language, such as
        ``flask_babel.gettext``.
    :param language: returns the visitor's language, such as ``"de"`` or ``"pt-BR"``; an object
        such as Babel's ``Locale`` will do.
    :param format_time: returns the text for an aware UTC datetime, such as
        ``flask_babel.format_datetime``; default: ``2026-11-21 20:15 UTC``.
    :param format_date: the same for its day, such as ``flask_babel.format_date``.
    :param form_fields: returns hidden fields that each form needs besides, by name. Default:
        those of Flask-WTF's CSRFProtect, if the app has it.
    :param policy: the Content Security Policy, ``{nonce}`` in it standing for the nonce;
        ``""``: none. Default: a strict one; within a layout of the app's one that leaves
        styles and scripts to the app.
    """

    base_template: str | None = None
    translate: Callable[[str], Any] = str
    language: Callable[[], Any] = _english
    format_time: Callable[[datetime], Any] = plain_time
    format_date: Callable[[datetime], Any] = plain_date
    form_fields: Callable[[], Mapping[str, str]] = _fields_of_flask_wtf
    policy: str | None = None

    @property
    def headers_policy(self) -> str:
        """The policy that holds."""
        if self.policy is not None:
            return self.policy
        return EMBEDDED if self.base_template else STRICT


class Page:
    """What templates know as ``sp``.

    :param find_asset: returns the address of one of our own files.
    """

    def __init__(self, look: Look, find_asset: Callable[[str], str], message: Any) -> None:
        self._look = look
        self.asset = find_asset
        #: What the request before wants to be told: ``text`` and ``kind``; or None.
        self.message = message

    @property
    def base_template(self) -> str:
        """The layout to extend."""
        return self._look.base_template or BASE

    @property
    def is_embedded(self) -> bool:
        """Whether the layout is the app's own, which does not know our style sheet."""
        return self._look.base_template is not None

    @property
    def language(self) -> str:
        """For ``<html lang=...>``."""
        return str(self._look.language() or "en").replace("_", "-")

    @property
    def direction(self) -> str:
        """``"rtl"`` or ``"ltr"``."""
        return "rtl" if self.language.partition("-")[0].lower() in _FROM_RIGHT else "ltr"

    @property
    def nonce(self) -> str:
        """The nonce of this answer's policy."""
        return nonce()

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of each form."""
        return {**self._look.form_fields(), FIELD: form_token()}

    def text(self, text: str, **values: Any) -> str:
        """Return *text* in the visitor's language, with *values* put in for ``%(name)s``.

        It is HTML if one of the values is; all else in it is escaped then. A translation into
        which they do not fit is left out.
        """
        found = str(self._look.translate(text))
        try:
            return _filled(found, values)
        except (KeyError, TypeError, ValueError):
            return _filled(text, values)

    def moment(self, at: datetime) -> Markup:
        """Return the element for a time."""
        return self._element(at, self._look.format_time(at))

    def ago(self, at: datetime) -> Markup:
        """Return the element that says how long ago *at* was, in words computed here."""
        found = ago(at, clock.to_datetime(clock.now()))
        if found is None:
            words = self._look.format_date(at)
        else:
            text, count = found
            words = self.text(text, count=count)
        return self._element(at, words, self._look.format_time(at))

    def _element(self, at: datetime, words: Any, title: Any = None) -> Markup:
        shown = "" if title is None else Markup(' title="{}"').format(str(title))
        moment = at.isoformat(timespec="seconds")
        return Markup('<time datetime="{}"{}>{}</time>').format(moment, shown, str(words))


def _filled(text: str, values: Mapping[str, Any]) -> str:
    if any(hasattr(value, "__html__") for value in values.values()):
        return escape(text) % values
    return text % values if values else text
