"""Bytes <-> encrypted bytes: AES-256-GCM with a key of its own for each message.

::

    version (1) | key id (4) | salt (32) | nonce (12) | ciphertext | tag (16)

The message key is HKDF-SHA256 of the ring's key and the salt, so that no number of messages
wears a key out. Version, key id and context are authenticated with the message: what was
sealed for one place does not open in another.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import ConfigError

#: What a sealed message is to be used with; in its place nothing else opens it.
Context = Sequence[bytes | str]

#: How many bytes a sealed message is longer than the plain one.
OVERHEAD = 65

_VERSION = b"\x01"
_KEY_SIZE = 32
_ID_END, _SALT_END, _NONCE_END = 5, 37, 49
_TAG_SIZE = 16

# A name of 128 bits: no two ever meet by chance.
_NAME_SIZE = 16

_SHA256 = SHA256()


class _Secret(bytes):
    """Bytes that do not show themselves in tracebacks and logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class _Unshown:
    """Keeps keys: neither shown, nor copied, nor written down."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"A {type(self).__name__} holds keys and is not copied or pickled.")


class KeyRing(_Unshown):
    """The secrets that seal: the first seals, all of them open.

    :param keys: newest first, each of 32 bytes or more; text counts in UTF-8.
    :param setting: where they come from, for the message of an error.
    :raises ConfigError: if one is too short or there twice, or there are none.
    """

    __slots__ = ("_keys",)

    def __init__(
        self, keys: Iterable[bytes | str], setting: str = "SESSION_ENCRYPTION_KEYS"
    ) -> None:
        self._keys = [] if isinstance(keys, (bytes, str)) else [_as_secret(key) for key in keys]
        # A traceback that shows variables must not show these.
        del keys
        count = len(self._keys)
        if not count:
            raise _bad_keys(setting, "must be a list of keys, the newest first")
        for place, secret in enumerate(self._keys, 1):
            if len(secret) < _KEY_SIZE:
                fault = f"key {place} of {count} is no key of {_KEY_SIZE} bytes or more"
                raise _bad_keys(setting, fault)
        if len(set(self._keys)) < count:
            raise _bad_keys(setting, "a key is there twice")

    def __len__(self) -> int:
        return len(self._keys)

    def derive(self, size: int, *label: bytes | str) -> list[bytes]:
        """Return a key of *size* bytes for the use that *label* names, from each secret."""
        return [_Secret(_derive(key, size, _frame(label))) for key in self._keys]


class Sealer(_Unshown):
    """Seals messages for one purpose. It may be used from any thread, and after a fork.

    :param ring: the keys.
    :param purpose: what is sealed; other purposes have other keys.
    """

    __slots__ = ("_head", "_keys", "_name_keys")

    def __init__(self, ring: KeyRing, *purpose: bytes | str) -> None:
        label = ("flask_sessionplus", *purpose)
        heads = [_VERSION + key_id for key_id in ring.derive(4, *label, "id")]
        self._head = heads[0]
        self._keys: dict[bytes, list[bytes]] = {}
        # Ids are short, and may be the same by chance.
        for head, key in zip(heads, ring.derive(_KEY_SIZE, *label, "seal"), strict=True):
            self._keys.setdefault(head, []).append(key)
        self._name_keys = ring.derive(_KEY_SIZE, *label, "name")

    def seal(self, plain: bytes, context: Context) -> bytes:
        """Return *plain* encrypted for *context*, 65 bytes longer."""
        salt, nonce = os.urandom(32), os.urandom(12)
        cipher = _cipher(self._keys[self._head][0], salt)
        sealed = cipher.encrypt(nonce, plain, self._head + _frame(context))
        return b"".join((self._head, salt, nonce, sealed))

    def open(self, sealed: bytes, context: Context) -> bytes | None:
        """Return what was sealed for *context*, or None, whatever is wrong with it."""
        head = sealed[:_ID_END]
        nonce, body = sealed[_SALT_END:_NONCE_END], sealed[_NONCE_END:]
        if len(body) < _TAG_SIZE:
            return None
        for key in self._keys.get(head, ()):
            try:
                cipher = _cipher(key, sealed[_ID_END:_SALT_END])
                return cipher.decrypt(nonce, body, head + _frame(context))
            except InvalidTag:
                continue
        return None

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the newest key has sealed it; in doubt, that it has not."""
        return sealed[:_ID_END] == self._head and len(self._keys[self._head]) == 1

    def names(self, context: Context) -> list[str]:
        """Return names that tell nothing of *context*, one by each key, the newest first.

        They are always the same, 22 characters of ``A-Za-z0-9_-``.
        """
        framed = _frame(context)
        digests = (hmac.digest(key, framed, "sha256")[:_NAME_SIZE] for key in self._name_keys)
        return [urlsafe_b64encode(digest)[:22].decode("ascii") for digest in digests]


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(_SHA256, _KEY_SIZE, salt, b"message").derive(key))


def _derive(key: bytes, size: int, info: bytes) -> bytes:
    return HKDF(_SHA256, size, None, info).derive(key)


def _frame(parts: Iterable[bytes | str]) -> bytes:
    """Return *parts* as one, such that ("ab", "c") is not ("a", "bc")."""
    framed: list[bytes] = []
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        framed += (len(data).to_bytes(4, "big"), data)
    return b"".join(framed)


def _as_secret(key: object) -> _Secret:
    if isinstance(key, str):
        key = key.encode("utf-8", "surrogatepass")
    return _Secret(key) if isinstance(key, (bytes, bytearray)) else _Secret()


def _bad_keys(setting: str, fault: str) -> ConfigError:
    return ConfigError(
        f"{setting}: {fault}. Make one with"
        " `python -c 'import secrets; print(secrets.token_urlsafe(32))'`."
    )
