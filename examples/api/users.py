"""Who may sign in."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.security import check_password_hash


@dataclass(frozen=True)
class User:
    """Somebody with a password. README.md tells the passwords of these two."""

    id: str
    name: str
    role: str
    password_hash: str


USERS = {
    user.id: user
    for user in (
        User(
            "ada",
            "Ada Lovelace",
            "admin",
            "scrypt:32768:8:1$Txzyz23rC4XfLz4U$"
            "464a9cdfb735d531f43092434b5dc279fc9fd92ab4d1abe1fa9fe474eb217a5a"
            "b3b2646cd7d5dffec2bb342cacac320fd6cf4317c1b08e38a94c180c5555f9ec",
        ),
        User(
            "grace",
            "Grace Hopper",
            "customer",
            "scrypt:32768:8:1$6BsqS41V0kNbdQIl$"
            "5a1abdb5ab24932318e2fc4f0db33761a944d7f73266ab01db9dc8af5ee5c363"
            "f30dfb1a343fc17d4c372e0504113c4dd46fe006a686ea2f9a08d2b6585ca051",
        ),
    )
}
NOBODY = User("", "", "", USERS["ada"].password_hash)


def verify(user_id: str, password: str) -> User | None:
    """The user, if that is the password."""
    user = USERS.get(user_id, NOBODY)  # an unknown name takes as long as a wrong password
    right = check_password_hash(user.password_hash, password)
    return user if right and user is not NOBODY else None
