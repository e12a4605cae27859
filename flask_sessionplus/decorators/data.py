"""Get, put and delete data around a view: the three operations of data pipelines."""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from typing import Any, TypeAlias

from flask import Response, current_app

from .choosing import Chosen, SessionType
from .fields import ABSENT, Fields, drop, pick, place
from .wrapping import Call, Decorator, Rule

#: What the operations work on if they are not told.
DEFAULT_FIELDS = ("body", "data", "id")

#: Whether in a scope: of which name, or of that of the blueprint or endpoint.
Scoped: TypeAlias = bool | str


class _Operation(Rule):
    def __init__(self, fields: tuple[str, ...], session_type: SessionType, scoped: Scoped) -> None:
        self._fields = Fields(fields or DEFAULT_FIELDS)
        self._chosen = Chosen(session_type, scoped)

    def before(self, call: Call) -> None:
        # Before the view has done anything: without a token there is no global session.
        self._chosen.check()

    def named(self, name: str) -> Rule:
        # One decorator may be put over several blueprints.
        rule = copy(self)
        rule._chosen = self._chosen.named(name)
        return rule


class _Get(_Operation):
    def before(self, call: Call) -> None:
        super().before(call)
        data, found = self._chosen.open(), dict[str, Any]()
        for field in self._fields.of_request():
            name = field.partition(".")[0]
            if name in call.arguments or not call.takes(name):
                # What the address says is what the visitor asks for.
                continue
            value = pick(data, field)
            if value is not ABSENT:
                place(found, field, value)
        call.arguments.update(found)


class _AfterSuccess(_Operation):
    def after(self, answer: Any) -> Any:
        response = current_app.make_response(answer)
        if response.status_code < 400:
            self.finish(response)
        return response

    @abstractmethod
    def finish(self, response: Response) -> None:
        """Do it, now that the view has answered."""


class _Put(_AfterSuccess):
    def finish(self, response: Response) -> None:
        answered = _json_object(response)
        if answered is None:
            return
        data = self._chosen.open()
        for field in self._fields.of_request():
            value = pick(answered, field)
            if value is not ABSENT:
                data[field] = value


class _Delete(_AfterSuccess):
    def finish(self, response: Response) -> None:
        data = self._chosen.open()
        for field in self._fields.of_request():
            drop(data, field)


def get_data(
    *fields: str, session_type: SessionType = "local", scoped: Scoped = False
) -> Decorator:
    """Give the view what the session has under *fields*, as keyword arguments.

    Those that the session has not got are left out, so the view needs defaults. An argument
    of the URL wins over a field of the same name, and of a view, or a blueprint's views, only
    those get a field that have an argument for it. ``"order.id"`` is the key of that name, or
    else ``id`` in what ``order`` holds, and comes as ``order={"id": ...}``.

    A field may have Jinja expressions over ``args``, ``form``, ``json``, ``headers``,
    ``view_args``, ``method`` and ``path``, such as ``"order-{{ view_args.number }}"``. Whoever
    sends the request decides what such a name is.

    :param fields: default: body, data, id.
    :param session_type: ``"local"`` (this request), ``"session"`` (the browser's), or
        ``"global"`` (the user's of the bearer token).
    :param scoped: work on an own version of the data; True: with the blueprint's or the
        endpoint's name, or else the name of the scope.
    :raises InvalidToken: 401, before the view runs, if ``"global"`` has no valid token.
    :raises BadRequest: 400, if an expression fails.
    """
    return Decorator(_Get(fields, session_type, scoped))


def put_data(
    *fields: str, session_type: SessionType = "local", scoped: Scoped = False
) -> Decorator:
    """Keep what the view answers under *fields* in the session; the answer stays as it is.

    Of a JSON object with a status below 400, those that are in it. ``"order.id"`` picks
    inside, and is kept under that whole name. Streams, and what is not a JSON object, are
    left alone. The parameters are those of :func:`get_data`; an expression is looked at when
    the view has answered.
    """
    return Decorator(_Put(fields, session_type, scoped))


def delete_data(
    *fields: str, session_type: SessionType = "local", scoped: Scoped = False
) -> Decorator:
    """Remove *fields* from the session when the view has answered with a status below 400.

    ``"order.id"`` is the key of that name, or else ``id`` in what ``order`` holds. The
    parameters are those of :func:`get_data`.
    """
    return Decorator(_Delete(fields, session_type, scoped))


def _json_object(response: Response) -> dict[str, Any] | None:
    if not response.is_json or response.is_streamed or response.direct_passthrough:
        return None
    try:
        found = response.get_json(silent=True)
    except RecursionError:
        # The view has done its work, and the answer is good for whoever asked for it.
        return None
    return found if isinstance(found, dict) else None
