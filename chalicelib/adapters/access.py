"""Secrets in the ledger: the key that signs inference ids, and the digests of callers' tokens.

The key is made by whoever needs it first, with a conditional put, so that all processes end with the same one. It is
read once per process and is never in an environment variable, which Describe calls would show.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.adapters.ledger import put_once
from chalicelib.core.tokens import Token

_KEY_ROW = {"pk": {"S": "stage"}, "sk": {"S": "inference-key"}}
_KEY_BYTES = 32
_TOKENS = {"S": "token"}


@dataclass(frozen=True)
class LedgerKeys:
    """`services.ports.Keys` over the ledger; ``new_secret`` gives that many random bytes."""

    table: str
    new_secret: Callable[[int], bytes]

    def inference_key(self) -> bytes:
        """Return the key; the first one to ask makes it."""
        return self._key

    @cached_property
    def _key(self) -> bytes:
        return self._read() or self._make() or self._needed()

    def _read(self) -> bytes | None:
        with translated("GetItem"):
            found = client("dynamodb", hurried=True).get_item(TableName=self.table, Key=_KEY_ROW, ConsistentRead=True)
        return found["Item"]["secret"]["B"] if "Item" in found else None

    def _make(self) -> bytes | None:
        """Put a new key; None if somebody else was first, or our own put was told twice."""
        key = self.new_secret(_KEY_BYTES)
        return key if put_once(self.table, {**_KEY_ROW, "secret": {"B": key}}, hurried=True) else None

    def _needed(self) -> bytes:
        key = self._read()
        if key is None:
            raise LookupError(f"the row of the inference key in {self.table} was there and is gone")
        return key


@dataclass(frozen=True)
class LedgerTokens:
    """`services.ports.Tokens` over the ledger."""

    table: str

    def add(self, token: Token) -> None:
        """Keep a token; one that is there already stays as it is."""
        row = {**_token_row(token.digest), "name": {"S": token.name}, "created": {"S": token.created.isoformat()}}
        put_once(self.table, row)

    def find(self, digest: str) -> Token | None:
        """Return the token of a digest."""
        with translated("GetItem"):
            found = client("dynamodb", hurried=True).get_item(
                TableName=self.table, Key=_token_row(digest), ConsistentRead=True
            )
        return _token(found["Item"]) if "Item" in found else None

    def all(self) -> Sequence[Token]:
        """Return every token."""
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.table,
                KeyConditionExpression="pk = :token",
                ExpressionAttributeValues={":token": _TOKENS},
                ConsistentRead=True,
            )
        )
        with translated("Query"):
            return [_token(item) for page in pages for item in page["Items"]]

    def remove(self, token: Token) -> None:
        """Forget a token."""
        with translated("DeleteItem"):
            client("dynamodb").delete_item(TableName=self.table, Key=_token_row(token.digest))


def _token_row(digest: str) -> dict[str, Any]:
    return {"pk": _TOKENS, "sk": {"S": digest}}


def _token(item: dict[str, Any]) -> Token:
    return Token(item["name"]["S"], item["sk"]["S"], datetime.fromisoformat(item["created"]["S"]))
