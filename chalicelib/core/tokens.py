"""Tokens that let a caller write: 256 random bits, of which only the SHA-256 is ever kept.

A plain hash is enough for a secret that nobody chose: there is no word list to try. Whoever reads the ledger cannot
use what is in it.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from chalicelib.core.errors import InvalidRequestError

TOKEN_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHOWN = 12


@dataclass(frozen=True)
class Token:
    """What is known of a token: whose it is, its digest, and when it was made."""

    name: str
    digest: str
    created: datetime

    @property
    def fingerprint(self) -> str:
        """Enough of the digest to tell tokens apart."""
        return self.digest[:_SHOWN]


def spell(secret: bytes) -> str:
    """Write random bytes as a token."""
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def bearer(header: str) -> str:
    """Return the token of an ``Authorization: Bearer ...`` header; empty if it holds none."""
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def check_name(name: str) -> str:
    """Return a caller's name that can be used.

    Raises
    ------
    InvalidRequestError
        If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"{name!r} is no name: use letters, digits, dots, hyphens and underscores, at most 64"
        )
    return name
