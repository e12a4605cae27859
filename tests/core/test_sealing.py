"""Sealing: what was sealed opens in its place, with a key of the ring, and else not at all."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import secrets
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus import sealing
from flask_sessionplus.errors import ConfigError
from flask_sessionplus.sealing import OVERHEAD, KeyRing, Sealer

OLD, NEW = b"o" * 32, b"n" * 32
PLACE = ("record", b"sid", "ada")


@pytest.fixture
def sealer():
    """Return a sealer of one key."""
    return Sealer(KeyRing([NEW]), "test")


def sealer_of(*keys, purpose=("test",)):
    """Return a sealer with a ring of *keys*, the newest first."""
    return Sealer(KeyRing(keys), *purpose)


@given(plain=st.binary(max_size=5000), context=st.lists(st.binary() | st.text()))
def test_what_was_sealed_opens(plain, context):
    """Any bytes come back, for any context, and are 65 bytes longer while sealed."""
    sealer = sealer_of(NEW)
    sealed = sealer.seal(plain, context)

    assert sealer.open(sealed, context) == plain
    assert len(sealed) == len(plain) + OVERHEAD == len(plain) + 65


def test_it_opens_without_us(sealer):
    """The layout is the documented one: plain HKDF-SHA256 and AES-256-GCM open it too."""
    sealed = sealer.seal(b"secret", ["ab", b"c"])
    info = b"".join(len(p).to_bytes(4, "big") + p for p in (b"flask_sessionplus", b"test", b"seal"))
    key = HKDF(SHA256(), 32, None, info).derive(NEW)
    message_key = HKDF(SHA256(), 32, sealed[5:37], b"message").derive(key)
    context = sealed[:5] + b"\0\0\0\2ab" + b"\0\0\0\1c"

    assert sealed[0] == 1
    assert AESGCM(message_key).decrypt(sealed[37:49], sealed[49:], context) == b"secret"


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100])
def test_every_turned_bit_is_noticed(sealer, size):
    """Whichever single bit of a sealed message is turned, it does not open."""
    sealed = sealer.seal(secrets.token_bytes(size), PLACE)
    opened = []
    for place in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        opened.append(sealer.open(bytes(changed), PLACE))

    assert opened == [None] * 8 * (size + OVERHEAD)


def test_a_record_of_a_kilobyte_is_guarded_to_the_bit(sealer):
    """The same for all 8,192 bits of a message of 1 KB."""
    sealed = sealer.seal(secrets.token_bytes(1024 - OVERHEAD), PLACE)
    whole = int.from_bytes(sealed, "big")

    assert len(sealed) == 1024
    for place in range(8192):
        assert sealer.open((whole ^ 1 << place).to_bytes(1024, "big"), PLACE) is None


def test_every_cut_is_noticed(sealer):
    """A message that is cut at either end, or followed by something, does not open."""
    sealed = sealer.seal(b"some plain text", PLACE)
    cuts = [sealed[:n] for n in range(len(sealed))] + [sealed[n:] for n in range(1, len(sealed))]

    for spoiled in [*cuts, sealed + b"\0", b"\0" + sealed, sealed * 2]:
        assert sealer.open(spoiled, PLACE) is None


def test_garbage_does_not_open(sealer):
    """Neither random bytes nor plain text, signed or not, are taken for a sealed message."""
    head = sealer.seal(b"", PLACE)[:5]
    for size in (0, 1, 4, 5, 16, 64, 65, 66, 1000):
        assert sealer.open(secrets.token_bytes(size), PLACE) is None
        assert sealer.open(head + secrets.token_bytes(size), PLACE) is None
    assert sealer.open(b'{"user": "ada"}' * 10, PLACE) is None


def test_a_context_is_more_than_its_letters(sealer):
    """Parts of a context that only put together are the same are different contexts."""
    alike = [
        *(["ab", "c"], ["a", "bc"], ["abc"], ["", "abc"], ["abc", ""], ["a", "b", "c"]),
        *(["ab\0\0\0\1c"], ["ab", "", "c"], ["\0\0\0\2ab", "c"], [], [""], ["", ""]),
    ]
    for mine, other in combinations(alike, 2):
        assert sealer.open(sealer.seal(b"x", mine), mine) == b"x"
        assert sealer.open(sealer.seal(b"x", mine), other) is None
        assert sealer.open(sealer.seal(b"x", other), mine) is None


@pytest.mark.parametrize("purpose", [(), ("cookie",), ("test", ""), ("te", "st"), ("test", "app")])
def test_a_purpose_has_keys_of_its_own(sealer, purpose):
    """What is sealed for one purpose does not open for another one, with the same secret."""
    other = sealer_of(NEW, purpose=purpose)
    sealed = other.seal(b"x", PLACE)

    assert sealer.open(sealed, PLACE) is None
    # Not because of the key's id alone.
    assert sealer.open(sealer.seal(b"", PLACE)[:5] + sealed[5:], PLACE) is None
    assert other.names(PLACE) != sealer.names(PLACE)


def test_nothing_repeats(sealer):
    """A hundred thousand messages have as many salts, nonces and ciphertexts."""
    count = 100_000
    sealed = [sealer.seal(b"the same text, always", PLACE) for _ in range(count)]

    for part in (slice(5, 37), slice(37, 49), slice(49, None)):
        assert len({each[part] for each in sealed}) == count


def test_a_child_process_repeats_nothing(sealer):
    """After a fork parent and children seal with different salts and nonces."""
    ends = []
    for _ in range(4):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, b"".join(sealer.seal(b"", PLACE)[5:49] for _ in range(50)))
            os._exit(0)
        os.close(writing)
        ends.append(reading)
    salts = [sealer.seal(b"", PLACE)[5:49] for _ in range(50)]
    for end in ends:
        with open(end, "rb") as stream:
            data = stream.read()
        os.wait()
        salts += [data[n : n + 44] for n in range(0, len(data), 44)]

    assert len(salts) == len(set(salts)) == 250


def test_equal_blocks_do_not_show(sealer):
    """Two blocks of the same text are two different blocks when they are sealed."""
    sealed = sealer.seal(b"0123456789abcdef" * 1000, PLACE)[49:-16]

    assert len({sealed[n : n + 16] for n in range(0, len(sealed), 16)}) == 1000


def test_the_newest_key_seals():
    """With the ring [new, old], what is sealed opens with the new key alone, not with the old."""
    sealed = sealer_of(NEW, OLD).seal(b"x", PLACE)

    assert sealer_of(NEW).open(sealed, PLACE) == b"x"
    assert sealer_of(OLD).open(sealed, PLACE) is None


def test_every_key_of_the_ring_opens():
    """What an older key has sealed opens, wherever that key stands."""
    keys = [secrets.token_bytes(32) for _ in range(5)]
    for place, key in enumerate(keys):
        sealer, sealed = sealer_of(*keys), sealer_of(key).seal(b"x", PLACE)

        assert sealer.open(sealed, PLACE) == b"x"
        assert sealer.is_current(sealed) is (place == 0)
        assert sealer_of(*(each for each in keys if each != key)).open(sealed, PLACE) is None


def test_keys_whose_ids_are_the_same_are_told_apart(monkeypatch):
    """If two ids meet by chance, both keys open theirs, and in doubt it is sealed anew."""
    derive = KeyRing.derive

    def collide(ring, size, *label):
        return [b"same"] * len(ring) if label[-1] == "id" else derive(ring, size, *label)

    monkeypatch.setattr(KeyRing, "derive", collide)
    old, both = sealer_of(OLD), sealer_of(NEW, OLD)

    assert both.open(old.seal(b"x", PLACE), PLACE) == b"x"
    assert both.open(both.seal(b"x", PLACE), PLACE) == b"x"
    assert old.open(both.seal(b"x", PLACE), PLACE) is None
    assert not both.is_current(old.seal(b"x", PLACE))


def test_names_tell_nothing_and_stay(sealer):
    """The name of a context is the same each time, another one for each key and context."""
    names = sealer_of(NEW, OLD).names(("sid", "cart"))

    assert names == [sealer.names(("sid", "cart"))[0], sealer_of(OLD).names(("sid", "cart"))[0]]
    assert len({*names, *sealer.names(("sidc", "art")), *sealer.names(("sid", "Cart"))}) == 4
    assert all(
        len(name) == 22 and name.replace("-", "").replace("_", "").isalnum() for name in names
    )


@pytest.mark.parametrize(
    "keys",
    [
        [],
        "a single text of more than thirty-two characters",
        b"a single key of more than thirty-two bytes",
        ["short"],
        [b"s" * 31],
        [""],
        [NEW, b"short"],
        [NEW, NEW],
        [NEW, OLD, "n" * 32],
        [NEW, None],
        [12345678901234567890123456789012],
        ["\u00e4" * 15],
    ],
)
def test_a_bad_ring_is_refused(keys):
    """Missing, short and double keys are an error that names the setting, and no key."""
    with pytest.raises(ConfigError, match="SESSION_ENCRYPTION_KEYS") as info:
        KeyRing(keys)

    message = str(info.value)
    assert "token_urlsafe" in message
    for key in keys if isinstance(keys, list) else [keys]:
        shown = key.decode() if isinstance(key, bytes) else str(key)
        assert not shown or key is None or shown not in message


def test_the_error_names_another_setting_and_the_place():
    """The keys may come from elsewhere, and of many it is said which one is wrong."""
    with pytest.raises(ConfigError, match=r"^SECRET_KEY: key 2 of 3 is no key of 32 bytes"):
        KeyRing([NEW, "short", OLD], "SECRET_KEY")


def test_a_refused_key_is_not_in_the_traceback():
    """The variables that a debugger or an error tracker shows do not hold the key."""
    with pytest.raises(ConfigError) as info:
        KeyRing([NEW, b"a short one"])

    ours = [entry for entry in info.traceback if str(entry.path) == sealing.__file__]
    assert ours
    assert all("a short one" not in repr(entry.frame.f_locals) for entry in ours)


def test_text_and_bytes_are_the_same_key():
    """A key may be given as text, which counts in UTF-8."""
    text = "schl\u00fcssel" * 4

    sealed = sealer_of(text).seal(b"x", PLACE)
    assert sealer_of(text.encode()).open(sealed, PLACE) == b"x"


def test_keys_are_not_shown(sealer, caplog):
    """Neither `repr` nor `str` nor a log line shows a key, of ring and sealer alike."""
    ring = KeyRing([b"very secret indeed " * 2])
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%s %r", ring, sealer)
    inside = [getattr(ring, name) for name in KeyRing.__slots__]
    inside += [list(sealer._keys.values()), sealer._name_keys]
    shown = repr([ring, str(ring), inside, caplog.text])

    assert "very secret" not in shown
    assert repr(ring) == "<KeyRing>"
    assert repr(sealer) == "<Sealer>"
    assert repr(inside) == "[[<secret>], [[<secret>]], [<secret>]]"


@pytest.mark.parametrize("make", [lambda: KeyRing([NEW]), lambda: sealer_of(NEW)])
def test_keys_are_not_written_down(make):
    """Ring and sealer refuse to be pickled or copied."""
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds keys"):
            copying(make())
