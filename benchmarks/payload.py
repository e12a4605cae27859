"""The sessions every contestant keeps: the same data, in types that all of them can store."""

from __future__ import annotations

import random
from base64 import b64encode
from typing import Any

#: What a first visit stores: a CSRF token and nothing else.
CSRF_TOKEN = "e3b0c44298fc1c149afbf4c8996fb924"

#: A dozen keys, about 1 KB as JSON: what an ordinary shop keeps of a signed-in customer.
SESSION_1K: dict[str, Any] = {
    "user_id": 48213,
    "user_name": "Margarethe Steinbrenner",
    "email": "margarethe.steinbrenner@example.org",
    "role": "customer",
    "csrf_token": CSRF_TOKEN,
    "locale": "de_AT",
    "theme": "dark",
    "last_page": "/item/000000",
    "signed_in_at": 1795262400,
    "cart": [
        {"sku": "KB-4401-AT", "title": "Keyboard, mechanical", "quantity": 1, "price": 8990},
        {"sku": "MS-1200-BK", "title": "Mouse, wireless", "quantity": 2, "price": 2450},
        {"sku": "CB-0300-UC", "title": "Cable, USB-C, 3 m", "quantity": 4, "price": 995},
    ],
    "recently_viewed": [
        {"sku": "MN-2700-4K", "path": "/screens/mn-2700-4k", "at": 1795262011},
        {"sku": "HS-0090-NC", "path": "/audio/hs-0090-nc", "at": 1795262122},
        {"sku": "DK-0011-TB", "path": "/docks/dk-0011-tb", "at": 1795262240},
    ],
    "address": {
        "street": "Mariahilfer Straße 101/12",
        "city": "Wien",
        "zip": "1060",
        "country": "AT",
        "note": "Second courtyard, left; the bell says Steinbrenner & Gruber",
    },
    "search": {
        "words": "usb-c docking station 4k",
        "sort": "price",
        "page": 2,
        "filters": ["in-stock", "new", "delivery-tomorrow"],
    },
}

#: What the read view answers when the session came back whole.
READ_ANSWER = f"{SESSION_1K['user_id']} {SESSION_1K['csrf_token']} {len(SESSION_1K['cart'])}"


def everyday_session(number: int) -> dict[str, Any]:
    """The everyday session of a visitor: five small keys, each visitor's a little different."""
    return {
        "user_id": 100_000 + number,
        "name": "Ada Lovelace",
        "role": "customer",
        "csrf_token": f"{number:08x}{CSRF_TOKEN[8:]}",
        "cart": [
            {"sku": "KB-4401", "count": 1},
            {"sku": "MS-1200", "count": 2},
            {"sku": "CB-0300", "count": 4},
        ],
    }


#: 200 keys of 1.25 KB: text that no database can compress much.
PART_NAMES = tuple(f"part_{number:03d}" for number in range(200))
_dice = random.Random(1)
SESSION_256K = {name: b64encode(_dice.randbytes(960)).decode() for name in PART_NAMES}

#: The key that is read, and the one that is written.
READ_PART, WRITTEN_PART = PART_NAMES[50], PART_NAMES[150]
PART = SESSION_256K[READ_PART]

#: Ten small keys beside one of 5 MB.
SESSION_5M: dict[str, Any] = {
    **{f"small_{number}": number for number in range(9)},
    "csrf_token": CSRF_TOKEN,
    "huge": _dice.randbytes(5_000_000),
}


def new_part(number: int) -> str:
    """Another 1.25 KB each time, or the write would be none."""
    return f"{number:08d}{PART[8:]}"
