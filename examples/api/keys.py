"""The key that signs tokens: made when there is none yet."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def signing_key(folder: Path) -> Path:
    """The file with the Ed25519 key, which its owner alone can read.

    Several workers may start at the same time: the first one's key is everybody's.
    """
    path = folder / "signing-key.pem"
    if path.exists():
        return path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f"{path.name}.{secrets.token_hex(8)}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_new_key())
    try:
        os.link(draft, path)  # unlike a rename, it does not replace what another one has made
    except FileExistsError:
        pass
    draft.unlink()
    return path


def _new_key() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
