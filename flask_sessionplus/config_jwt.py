"""The settings of bearer tokens. Keys are looked into by ``bearer.keys``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .checks import Given, duration, optional, some_of, text
from .errors import ConfigError

#: What each setting is if it is not given.
JWT_DEFAULTS: dict[str, Any] = {
    #: a secret, a PEM or JWK (text, dict or file), a list of them, or a JWKS URL on https: checks
    #: and signs tokens. Without it no token is good.
    "SESSION_JWT_KEY": None,
    #: a list of names or None: which are allowed. None means ``ES256`` and ``EdDSA``; RSA needs
    #: ``["PS256"]`` or ``["RS256"]``, a secret ``["HS256"]``.
    "SESSION_JWT_ALGORITHMS": None,
    #: a text: who signs the tokens. Needed with a key.
    "SESSION_JWT_ISSUER": None,
    #: a text: whom they are for, this app. Needed with a key.
    "SESSION_JWT_AUDIENCE": None,
    #: a text or a list: allowed values of the header ``typ``.
    "SESSION_JWT_TYPES": ("at+jwt",),
    #: seconds or a timedelta: of access tokens that this app issues. ``SESSION_JWT_MAX_AGE`` at
    #: most.
    "SESSION_JWT_LIFETIME": 15 * 60,
    #: seconds or a timedelta: of a refresh token that is not used.
    "SESSION_JWT_REFRESH_LIFETIME": 30 * 24 * 3_600,
    #: seconds or a timedelta: how old a token may be, whatever it says itself.
    "SESSION_JWT_MAX_AGE": 3_600,
    #: seconds or a timedelta, 30 at most: how far clocks may be apart.
    "SESSION_JWT_LEEWAY": 10,
    #: a text: which claim tells the role, or a list of roles.
    "SESSION_JWT_ROLE_CLAIM": "role",
}

_MOST_LEEWAY = 30_000


@dataclass(frozen=True)
class JwtSettings:
    """Times are in milliseconds."""

    key: Any = field(repr=False)
    algorithms: tuple[str, ...]
    issuer: str
    audience: str
    types: tuple[str, ...]
    lifetime: int
    refresh_lifetime: int
    max_age: int
    leeway: int
    role_claim: str

    @classmethod
    def read(cls, given: Given) -> JwtSettings | None:
        """Check the settings in *given*, in which none is missing; None: no key, no tokens."""
        leeway = duration(given, "SESSION_JWT_LEEWAY", least=0)
        if leeway > _MOST_LEEWAY:
            given_leeway = given["SESSION_JWT_LEEWAY"]
            raise ConfigError.of("SESSION_JWT_LEEWAY", given_leeway, "30 seconds at most")
        lifetime = duration(given, "SESSION_JWT_LIFETIME")
        max_age = duration(given, "SESSION_JWT_MAX_AGE")
        if lifetime > max_age:
            raise ConfigError.of(
                "SESSION_JWT_LIFETIME", given["SESSION_JWT_LIFETIME"], "SESSION_JWT_MAX_AGE at most"
            )
        names = ("SESSION_JWT_ISSUER", "SESSION_JWT_AUDIENCE")
        issuer, audience = (optional(text, given, key) for key in names)
        settings = cls(
            key=given["SESSION_JWT_KEY"],
            algorithms=some_of(given, "SESSION_JWT_ALGORITHMS"),
            issuer=issuer,
            audience=audience,
            types=some_of(given, "SESSION_JWT_TYPES"),
            lifetime=lifetime,
            refresh_lifetime=duration(given, "SESSION_JWT_REFRESH_LIFETIME"),
            max_age=max_age,
            leeway=leeway,
            role_claim=text(given, "SESSION_JWT_ROLE_CLAIM"),
        )
        if settings.key is None:
            return None
        for key, value in zip(names, (issuer, audience), strict=True):
            if value is None:
                raise ConfigError(
                    f"SESSION_JWT_KEY is set, but {key} is not. Set both SESSION_JWT_ISSUER, who"
                    " signs the tokens, and SESSION_JWT_AUDIENCE, whom they are for: this app."
                )
        return settings
