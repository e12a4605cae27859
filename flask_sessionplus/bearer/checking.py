"""Is this token valid, and has nobody revoked it?"""

from __future__ import annotations

from typing import final

from ..errors import DamagedRecord, StoreUnavailable
from ..owners import owner_key
from .families import Families, family_of
from .gate import Refused
from .notes import Notes
from .verifying import VerifiedClaims, Verifier


@final
class Checker:
    """Verifies tokens, and asks the store whether they were revoked (ASVS 7.4.1)."""

    def __init__(self, verifier: Verifier, families: Families, notes: Notes) -> None:
        self._verifier = verifier
        self._families = families
        self._notes = notes

    def check(self, token: str) -> VerifiedClaims:
        """Return the claims of *token*.

        That is one load for a token of ours, and three for others, or fewer if one of them
        says no.

        :raises InvalidToken: if it is not valid, or was revoked.
        :raises StoreUnavailable: if the store cannot tell: a token is never valid unchecked.
        """
        claims = self._verifier.verify(token)
        del token
        reason = self.refuses(claims)
        if reason:
            raise Refused(reason)
        return claims

    def refuses(self, claims: VerifiedClaims) -> str:
        """Return why a token that is valid by itself is good no more, in one word, or "".

        :raises InvalidToken: if there can be no user of that name.
        :raises StoreUnavailable: if the store cannot tell.
        """
        owner = owner_of(claims)
        name = family_of(claims)
        try:
            if name:
                return self._families.refuses(claims, name, owner)
            return self._notes.against(claims, owner)
        except DamagedRecord as error:
            raise StoreUnavailable(
                "What is known of a bearer token cannot be read, so it was refused. Let the user"
                " sign in again; if that does not help, revoke his tokens with ext.revoke_user()."
            ) from error


def owner_of(claims: VerifiedClaims) -> str:
    """Return how stores name the user whom a token is about.

    :raises Refused: if there can be no user of that name.
    """
    try:
        return owner_key(claims.subject)
    except ValueError:
        pass
    raise Refused("sub")
