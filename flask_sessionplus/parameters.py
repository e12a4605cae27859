"""Typed parameters: what a session may hold under a name, and what it is if it is not there."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from .codec import IMMUTABLE, Codec
from .conversion import kind_of, not_kept, register_kinds
from .errors import ConfigError, ParameterError
from .kinds import Kind, Misfit, NullableKind, one_of, shown
from .record import FIRST_VISIBLE

#: The scopes of parameters, and where the app finds each.
SCOPES = {"session": "session", "local": "local_session", "global": "global_session"}

#: Names that are always allowed, beside those that begin with "_": Flask-WTF's CSRF token,
#: WTForms' own, Flask-Login's place to go on, and Flask-Principal's identity.
EXTENSIONS_NAMES = frozenset({"csrf_token", "csrf", "next", "identity.id", "identity.auth_type"})

_TO_DEFAULT: Any = object()


@dataclass(frozen=True, eq=False)
class Parameter:
    """What a session holds under one name.

    What is wrong with a definition is told by ``init_app``, which knows the name.

    :param type: str, int, float, bool, Decimal, date, datetime, time, timedelta, UUID, bytes,
        an Enum, a dataclass, ``list[T]``, ``set[T]``, ``frozenset[T]``, ``tuple[T, ...]``,
        ``dict[K, T]``, ``T | None``, ``Any``, or a class that makes its objects from one value.
    :param default: what ``get`` returns if there is no value; a function is called each time.
        It is never stored, and a list or dict is a new one each time.
    :param choices: the values allowed. Default: all of the type.
    :param scope: ``"session"``, ``"local"`` or ``"global"``: which one holds it.
    :param nullable: whether it may be None; the same as ``T | None``.
    :param doc: a line for ``flask session parameters``.
    """

    type: Any
    default: Any = None
    _: KW_ONLY
    choices: Iterable[Any] | None = None
    scope: str = "session"
    nullable: bool = False
    doc: str = ""

    def convert(self, name: str, value: Any) -> Any:
        """Return *value* as the parameter's type; the same object if it is one already.

        :param name: the parameter's name, for the error.
        :raises ParameterError: if it cannot be one without a guess or a loss, or is no choice.
        """
        try:
            typed = self.kind.convert(value)
        except Misfit as misfit:
            path, expected, given = misfit.path, misfit.expected, misfit.given
        except RecursionError:
            path, expected, given = "", "nested less deeply", value
        else:
            if self.allowed is None or typed is None or typed in self.allowed:
                return typed
            path, expected, given = "", one_of(self._words), value
        # Outside of the handlers, so that nothing hangs on it that may show the value.
        raise ParameterError(name + path, expected, given)

    def make_default(self, name: str) -> Any:
        """Return the default: None if there is none, a copy if it can change.

        :raises ConfigError: if it is made by a function, and is not of the type.
        """
        if self.has_function:
            made = self.default()
            try:
                return None if made is None else self.convert(name, made)
            except ParameterError as error:
                what = f"has a default function, whose result must be {error.expected}"
                raise _wrong(name, what) from None
        default = self._constant
        if type(default) in IMMUTABLE or isinstance(default, Enum):
            return default
        return copy.deepcopy(default)

    def check(self, name: str) -> None:
        """Check the definition.

        :raises ConfigError: naming the parameter, and what is wrong.
        """
        if self.scope not in SCOPES:
            raise _wrong(name, f"has the scope {self.scope!r}, not {one_of(list(SCOPES))}")
        try:
            self.kind  # noqa: B018  a property that compiles the type
        except TypeError as error:
            raise _wrong(name, f"has a type that cannot be one: {error}") from error
        for choice in self._listed:
            if not self._is_exact(choice):
                raise _wrong(name, f"has a choice that is not of its type {self.kind.text}")
        if self.choices is not None and not self._listed:
            raise _wrong(name, "has no choices. List some, or leave choices out")
        if self.default is None or self.has_function:
            return
        if not self._is_exact(self.default):
            raise _wrong(name, f"has a default that is not of its type {self.kind.text}")
        if self.allowed is not None and self._constant not in self.allowed:
            raise _wrong(name, "has a default that is not one of its choices")

    @cached_property
    def kind(self) -> Kind:
        """What the type means.

        :raises TypeError: if it is none that is supported.
        """
        kind = kind_of(self.type)
        is_nullable = self.nullable and not isinstance(kind, NullableKind)
        return NullableKind(kind) if is_nullable else kind

    @cached_property
    def has_function(self) -> bool:
        """Whether the default is a function, and not a value that happens to be callable."""
        return callable(self.default) and not self._is_exact(self.default)

    @cached_property
    def _listed(self) -> tuple[Any, ...]:
        # A text is one word, not its letters, and is refused as choices below.
        is_many = isinstance(self.choices, Iterable) and not isinstance(self.choices, (str, bytes))
        return tuple(self.choices or ()) if is_many else ()

    @cached_property
    def allowed(self) -> tuple[Any, ...] | None:
        """The choices as values of the type; None: all of them."""
        if self.choices is None:
            return None
        return tuple(self.kind.convert(choice) for choice in self._listed)

    @cached_property
    def _words(self) -> list[str]:
        return [spelled(choice) for choice in self.allowed or ()]

    @cached_property
    def _constant(self) -> Any:
        return None if self.default is None else self.kind.convert(self.default)

    def _is_exact(self, value: Any) -> bool:
        """Tell whether *value* says what it becomes: 0 does for a Decimal, "0" does not."""
        try:
            return bool(self.kind.convert(value) == value)
        except Misfit:
            return False


class Schema:
    """Checks what goes into a scope, and what comes out.

    :param parameters: those of all scopes, checked.
    :param unknown: ``"allow"`` or ``"refuse"`` names that are no parameters.
    :param scope: ``"session"``, ``"local"`` or ``"global"``. Parameters of the others are
        refused, whatever *unknown* says: they are not where the app thinks.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        unknown: str = "allow",
        scope: str = "session",
    ) -> None:
        self.parameters = parameters
        self.unknown = unknown
        self.scope = scope
        self._refuses = unknown == "refuse"

    def __contains__(self, name: object) -> bool:
        """Tell whether *name* is a parameter of this scope.

        If so, a stored value that the codec cannot read is as one that does not fit: not there.
        """
        parameter = self.parameters.get(name)  # type: ignore[call-overload]
        return parameter is not None and parameter.scope == self.scope

    def for_scope(self, scope: str) -> Schema:
        """Return the same for another scope."""
        return Schema(self.parameters, self.unknown, scope)

    def accept(self, name: str, value: Any) -> Any:
        """Return *value* as it may be put under *name*.

        :raises ParameterError: if it does not fit, belongs elsewhere, or is unknown and such
            are refused.
        """
        parameter = self.parameters.get(name)
        if parameter is None:
            if self._refuses and not _is_allowed(name):
                raise ParameterError(_short(name), self._known_instead(name), value)
            return value
        if parameter.scope != self.scope:
            place = SCOPES[parameter.scope]
            raise ParameterError(name, f"put into {place}, where it belongs", value)
        return parameter.convert(name, value)

    def offer(self, name: str, value: Any, default: Any = _TO_DEFAULT) -> Any:
        """Return *value*, which was stored under *name*, as the parameter's type.

        What was stored before the parameter was changed, and cannot be converted, is as if it
        were not there: a page must not break over it.

        :param default: returned in that case; if not given, the parameter's default.
        """
        parameter = self.parameters.get(name)
        if parameter is None or parameter.scope != self.scope:
            return value
        try:
            return parameter.convert(name, value)
        except ParameterError:
            return parameter.make_default(name) if default is _TO_DEFAULT else default

    def default(self, name: str) -> Any:
        """Return what *name* is if it was never set: None if it is no parameter of this scope."""
        parameter = self.parameters.get(name)
        if parameter is None or parameter.scope != self.scope:
            return None
        return parameter.make_default(name)

    def check(self, name: str, value: Any) -> None:
        """Check *value*, which was of the parameter's type and may have been changed inside.

        Nothing is converted any more: what :meth:`offer` would drop, or make something else
        of, must not be saved.

        :raises ParameterError: if it does not fit *name* as it is.
        """
        parameter = self.parameters.get(name)
        if parameter is None or parameter.scope != self.scope:
            return
        typed = parameter.convert(name, value)
        if typed is not value and typed != value:
            raise ParameterError(name, f"{parameter.kind.text}, also inside", value)

    def register_types(self, codec: Codec) -> None:
        """Teach *codec* the Enums and dataclasses of all parameters, unless it knows them.

        :raises ConfigError: naming a parameter that is stored, with a class that cannot be.
        """
        register_kinds(codec, (parameter.kind for parameter in self.parameters.values()))
        for name, parameter in self.parameters.items():
            # What is never stored may be anything.
            lost = [] if parameter.scope == "local" else not_kept(codec, parameter.kind)
            if lost:
                what = f"has a type that cannot be stored, {lost[0]}. Call register_type for it"
                raise _wrong(name, f"{what} before init_app, or use scope='local'")

    def _known_instead(self, name: str) -> str:
        own = [key for key, each in self.parameters.items() if each.scope == self.scope]
        near = difflib.get_close_matches(name, own, 1)
        if near:
            return f"named in SESSION_PARAMETERS (did you mean {near[0]!r}?)"
        return f"named in SESSION_PARAMETERS{f', {one_of(own)}' if own else ''}"


def check_parameters(value: Any) -> Mapping[str, Parameter]:
    """Return ``SESSION_PARAMETERS``, checked.

    :raises ConfigError: naming the parameter, and what is wrong with it.
    """
    if not isinstance(value, Mapping):
        raise ConfigError("SESSION_PARAMETERS must be a dict of names and Parameter(type, ...).")
    for name, parameter in value.items():
        if not isinstance(name, str) or name[:1] < FIRST_VISIBLE:
            raise ConfigError(f"SESSION_PARAMETERS has the name {name!r:.50}. Names are texts.")
        if name[0] == "_":
            raise _wrong(name, "has a name of Flask's or an extension's. Begin it with a letter")
        if not isinstance(parameter, Parameter):
            raise _wrong(name, "must be a Parameter(type, ...)")
        parameter.check(name)
    return MappingProxyType(dict(value))


def spelled(value: Any) -> str:
    """Return *value* as text: a text as it is, a member of an Enum by its name."""
    if isinstance(value, Enum):
        return value.name or str(value)
    return value if isinstance(value, str) else str(value)


def _wrong(name: str, what: str) -> ConfigError:
    return ConfigError(f"SESSION_PARAMETERS: {name!r} {what.rstrip('.')}.")


def _is_allowed(name: str) -> bool:
    return name[:1] == "_" or name in EXTENSIONS_NAMES


def _short(name: str) -> str:
    # It may be anything: an app may take names from its visitors.
    return name if shown(name) != "..." else f"{name[:12]}..."
