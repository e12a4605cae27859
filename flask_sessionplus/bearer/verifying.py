"""Is this token valid, here and now? The claims of one that is."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, final

from .. import clock
from ..errors import ConfigError
from .gate import MAX_LENGTH, Refused, parse

if TYPE_CHECKING:
    from .keys import Keys

_MAX_LEEWAY = 30
_MAX_NAME = 256

# The end of the year 9999, in seconds: later is no date.
_LAST_DATE = 253_402_300_799

# Control and format characters, halves of pairs, line and paragraph separators.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}

_SEAL = object()


@final
class VerifiedClaims(Mapping[str, Any]):
    """The claims of a token whose signature, issuer, audience and times are right.

    Only a ``Verifier`` makes them, so that whoever has them may rely on them (ASVS
    9.1.1). No claim can be set or removed, and none is shown by ``repr``.
    """

    __slots__ = ("_claims",)
    _claims: dict[str, Any]

    def __init__(self, claims: dict[str, Any], seal: object = None) -> None:
        if seal is not _SEAL:
            raise TypeError("Only a Verifier makes VerifiedClaims: have it verify the token.")
        object.__setattr__(self, "_claims", claims)

    @property
    def issuer(self) -> str:
        """``iss``: who signed the token."""
        return str(self._claims["iss"])

    @property
    def subject(self) -> str:
        """``sub``: whom the token is about. It means nothing without the issuer."""
        return str(self._claims["sub"])

    @property
    def jti(self) -> str | None:
        """The name of the token; None if there is none, and none is required."""
        return self._claims.get("jti")

    @property
    def issued_at(self) -> datetime:
        """``iat``, in UTC."""
        return clock.to_datetime(int(self._claims["iat"] * 1000))

    @property
    def expires_at(self) -> datetime:
        """``exp``, in UTC. The token may still be accepted for the leeway after it."""
        return clock.to_datetime(int(self._claims["exp"] * 1000))

    def __getitem__(self, name: str) -> Any:
        return self._claims[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __repr__(self) -> str:
        return "<VerifiedClaims>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("VerifiedClaims cannot be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("VerifiedClaims cannot be changed.")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("VerifiedClaims are not copied or pickled: take a dict of them.")


class Verifier:
    """Verifies tokens of one issuer for one audience. It may be used from any thread.

    :param keys: what the signature is checked with.
    :param issuer: what ``iss`` has to be, exactly.
    :param audience: what ``aud`` has to be, exactly.
    :param leeway: by how many seconds the clocks of issuer and app may differ, 0 to 30.
    :param max_age: how many seconds after its ``iat`` a token is refused, whatever its ``exp``.
    :param types: the values of ``typ`` that are allowed; "" allows a token without one.
    :param require_jti: refuse a token without ``jti``, for it cannot be revoked by itself.
    :param audience_lists: let ``aud`` be a list as well, with the audience in it.
    :param low_s: refuse ECDSA signatures in their second spelling. None: if the keys sign,
        for what they sign has the first one. Of a foreign issuer's tokens it is every other.
    :raises ConfigError: if one of them makes no sense.
    """

    def __init__(
        self,
        keys: Keys,
        issuer: str,
        audience: str,
        *,
        leeway: float = 10,
        max_age: float = 3600,
        types: Collection[str] = ("at+jwt",),
        require_jti: bool = True,
        audience_lists: bool = False,
        low_s: bool | None = None,
    ) -> None:
        _expect("SESSION_JWT_ISSUER", issuer, _is_text(issuer), "a text, the exact iss")
        _expect("SESSION_JWT_AUDIENCE", audience, _is_text(audience), "a text, the exact aud")
        is_leeway = _is_number(leeway) and 0 <= leeway <= _MAX_LEEWAY
        _expect("SESSION_JWT_LEEWAY", leeway, is_leeway, "0 to 30 seconds")
        is_age = _is_number(max_age) and 0 < max_age <= _LAST_DATE
        _expect("SESSION_JWT_MAX_AGE", max_age, is_age, "a number of seconds above 0")
        are_types = not isinstance(types, str) and len(types) > 0
        are_types = are_types and all(isinstance(each, str) for each in types)
        _expect("SESSION_JWT_TYPES", types, are_types, "a list of values of typ")
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._max_age = max_age
        self._types = tuple(types)
        self._require_jti = require_jti
        self._audience_lists = audience_lists
        self._low_s = keys.can_sign if low_s is None else low_s

    def __repr__(self) -> str:
        return "<Verifier>"

    def verify(self, token: str) -> VerifiedClaims:
        """Return the claims of *token*.

        :raises Refused: an `InvalidToken`, if it is not valid, whatever the reason.
        """
        try:
            return VerifiedClaims(self._verify(token), _SEAL)
        except Refused as error:
            reason = error.reason
        # From here, so that the traceback has neither the token nor what was found in it.
        del token
        raise Refused(reason)

    def _verify(self, token: str) -> dict[str, Any]:
        header, claims = parse(token, self._keys.algorithms, self._types, low_s=self._low_s)
        key = self._keys.find(header["alg"], header.get("kid"))
        if key is None:
            raise Refused("key")
        if not key.verifies(token):
            raise Refused("signature")
        self._check_names(claims)
        self._check_times(claims)
        return claims

    def _check_names(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self._issuer:
            raise Refused("iss")
        if not self._is_for_us(claims.get("aud")):
            raise Refused("aud")
        if not _is_name(claims.get("sub")):
            raise Refused("sub")
        if ("jti" in claims or self._require_jti) and not _is_name(claims.get("jti")):
            raise Refused("jti")

    def _is_for_us(self, audience: object) -> bool:
        if self._audience_lists and isinstance(audience, list):
            return all(isinstance(each, str) for each in audience) and self._audience in audience
        return audience == self._audience

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = clock.now() / 1000
        issued_at = _date(claims, "iat")
        if _date(claims, "exp") <= now - self._leeway:
            raise Refused("exp")
        if issued_at > now + self._leeway:
            raise Refused("iat")
        if now - issued_at > self._max_age + self._leeway:
            raise Refused("age")
        if "nbf" in claims and _date(claims, "nbf") > now + self._leeway:
            raise Refused("nbf")


def _date(claims: dict[str, Any], name: str) -> float:
    value: Any = claims.get(name)
    if not _is_number(value) or not 0 <= value <= _LAST_DATE:
        raise Refused(name)
    return float(value)


def _is_number(value: Any) -> bool:
    # True is an int to Python, but no date.
    return type(value) in (int, float)


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
        return False
    return all(unicodedata.category(each) not in _UNPRINTABLE for each in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) < MAX_LENGTH


def _expect(key: str, given: object, is_right: bool, allowed: str) -> None:
    if not is_right:
        raise ConfigError.of(key, given, allowed)
