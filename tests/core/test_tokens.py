"""Tokens: what is in the cookie, and what stores and pages see of it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.tokens import TOKEN_LENGTH, digest, handle, is_wellformed, new_token

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_new_token_is_well_formed():
    """Each new token has 43 characters that any cookie can hold."""
    for _ in range(200):
        token = new_token()

        assert len(token) == TOKEN_LENGTH == 43
        assert set(token) <= set(_ALPHABET)
        assert is_wellformed(token)


def test_tokens_do_not_repeat():
    """No two tokens are alike, and every character varies."""
    tokens = {new_token() for _ in range(5000)}

    assert len(tokens) == 5000
    assert all(len(set(column)) > 10 for column in zip(*tokens, strict=True))


@pytest.mark.parametrize("length", [22, 43, 64, 128])
def test_tokens_of_an_app_may_have_another_length(length):
    """22 to 128 characters hold enough randomness and fit into a cookie."""
    assert is_wellformed("a" * length)


@pytest.mark.parametrize(
    "token",
    [
        *("", "a", "a" * 21, "a" * 129, "a" * 5000),
        *("a" * 42 + character for character in " =.,;+/%~\n\r\t\x00\"'<é１"),
        *("\n" + "a" * 43, "a" * 43 + "\n", " " + "a" * 43, "\u0430" * 43),
    ],
    ids=lambda token: repr(token)[-12:],
)
def test_what_cannot_be_a_token(token):
    """Any other length or character is refused, before the store is asked."""
    assert not is_wellformed(token)


@given(token=st.text(_ALPHABET, min_size=22, max_size=128))
def test_a_digest_is_sha256(token):
    """Stores see the SHA-256 of a token, 32 bytes."""
    assert digest(token) == hashlib.sha256(token.encode()).digest()


def test_a_handle_is_no_token():
    """The public name is short and stable; nobody gets from it to the token or the sid."""
    token = new_token()
    sid = digest(token)

    assert handle(sid) == handle(sid)
    assert len(handle(sid)) == 22
    assert set(handle(sid)) <= set(_ALPHABET)
    assert handle(sid) not in token
    assert sid.hex() not in handle(sid)
    # Even sent as a cookie, it is another session's token.
    assert digest(handle(sid)) != sid


def test_handles_differ():
    """Two sessions have two names."""
    assert len({handle(digest(new_token())) for _ in range(2000)}) == 2000
