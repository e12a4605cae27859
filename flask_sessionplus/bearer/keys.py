"""The keys of bearer tokens: read once, checked once, and never shown.

It needs PyJWT and cryptography: import it when there is a ``SESSION_JWT_KEY``, not before.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ConfigError
from .gate import SIGNATURES, Refused, parse
from .jwks import Jwks
from .material import SYMMETRIC, Key
from .reading import is_url, key_of_jwk, members, read_all

#: What is allowed if the app does not say.
DEFAULT_ALGORITHMS = ("ES256", "EdDSA")


class Keys:
    """The keys that sign and verify the tokens of one issuer.

    :param source: a PEM text or a JSON Web Key (Set), as text, dict or the path of a file; the
        https URL of a JWK Set; for HS256 a secret of 32 bytes or more, a file of one by a
        `pathlib.Path`. Or a list of them, the newest first: the first private key signs.
    :param algorithms: which ones are allowed, out of `SIGNATURES`. A list, for of a text it
        could not be told whether it is one name or a part of one. An RSA key needs PS256 or
        RS256 in it, and HS256 goes with no other.
    :param context: what certificates the URL of a JWK Set is trusted by.
    :raises ConfigError: if a key is weak, unreadable, for something else, or there twice. It
        shows nothing of what was given.
    """

    def __init__(
        self,
        source: object,
        algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
        *,
        context: ssl.SSLContext | None = None,
    ) -> None:
        fault = ""
        self._remote: Jwks[Key] | None = None
        self._keys: Mapping[str, Key] = {}
        try:
            self.algorithms = _checked_algorithms(algorithms)
            if self.algorithms != SYMMETRIC and isinstance(source, str) and is_url(source):
                self._remote = Jwks(source, self._read_remote, context)
            else:
                self._keys = read_all(source, self.algorithms)
        except ConfigError as error:
            fault = str(error)
        # A new error, so that the traceback has no variable that holds what was given.
        del source
        if fault:
            raise ConfigError(fault)

    def __repr__(self) -> str:
        return f"<Keys for {', '.join(self.algorithms)}>"

    @property
    def can_sign(self) -> bool:
        """Whether tokens can be issued: there is a private key, or a secret."""
        return any(key.can_sign for key in self._keys.values())

    def find(self, algorithm: str, kid: str | None) -> Key | None:
        """Return the key of this name for *algorithm*.

        Without a name it is the only key for *algorithm*; none if there are two.
        """
        keys = self._keys if self._remote is None else self._remote.keys(kid)
        named = keys.values() if kid is None else [keys[kid]] if kid in keys else []
        fitting = [key for key in named if key.algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def require_signing(self) -> Key:
        """Return the key that signs.

        :raises ConfigError: if there is no private key.
        """
        for key in self._keys.values():
            if key.can_sign:
                return key
        raise ConfigError("SESSION_JWT_KEY has no private key: give one to issue tokens.")

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, str] | None = None) -> str:
        """Return a token with *claims*, signed by the newest private key.

        :param header: may hold ``typ``, which is "at+jwt" otherwise; nothing else.
        :raises ConfigError: if there is no private key.
        :raises ValueError: if the token would be refused: it is too long, or nested too deep.
        """
        key = self.require_signing()
        head = {"typ": "at+jwt", **(header or {})}
        if head.keys() != {"typ"}:
            raise ValueError("The header of a token may be given its typ, and nothing else.")
        payload = json.dumps(dict(claims), allow_nan=False, separators=(",", ":")).encode()
        token = key.sign(payload, head["typ"])
        try:
            parse(token, [key.algorithm], [head["typ"]])
        except Refused as error:
            fault = error.reason
        else:
            return token
        del token, payload
        raise ValueError(f"These claims make a token that would be refused ({fault}).")

    def _read_remote(self, jwks: dict[str, Any]) -> dict[str, Key]:
        found: dict[str, Key] = {}
        doubled = set()
        for jwk in members(jwks):
            try:
                key = key_of_jwk(jwk, self.algorithms, is_remote=True)
            except ConfigError:
                # One that we cannot use does not spoil the others.
                continue
            doubled |= {key.kid} & found.keys()
            found[key.kid] = key
        return {kid: key for kid, key in found.items() if kid not in doubled}


def _checked_algorithms(algorithms: Any) -> tuple[str, ...]:
    allowed = f"a list out of {', '.join(SIGNATURES)}, in which HS256 stands alone"
    is_list = isinstance(algorithms, (list, tuple, set, frozenset))
    names: tuple[Any, ...] = tuple(algorithms) if is_list else ()
    is_known = all(isinstance(name, str) and name in SIGNATURES for name in names)
    if not names or not is_known or ("HS256" in names and names != SYMMETRIC):
        raise ConfigError.of("SESSION_JWT_ALGORITHMS", algorithms, allowed)
    return names
