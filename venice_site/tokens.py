"""Tokens that stand for a permission: who has one may come in."""

import secrets


def new_token() -> str:
    """Return a token that nobody guesses: 256 bits."""
    return secrets.token_urlsafe(32)
