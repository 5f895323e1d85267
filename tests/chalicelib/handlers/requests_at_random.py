"""Requests that nobody would send on purpose: right ones, nearly right ones, and noise. The same for the same dice."""

import json
import random
import string
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from chalicelib.core.inference import issue
from chalicelib.pipelines import PIPELINES
from tests.chalicelib.fake_ledger import KEY

TYPES = [*["application/json"] * 9, "application/json; charset=utf-8", "text/plain", "text/plain; charset=latin-1"]
ODD_TYPES = [
    "",
    "application/xml",
    "image/png",
    "application/octet-stream",
    ";",
    "application/json;charset",
    "*/*",
    "é",
]
ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\u200b\u200f",
    "\u202e",
    "e\u0301",
    "\ufeff",
    "\U0001f9ff",
    "\ud800",
    "\\",
    '"',
    "\n",
    "NaN",
]
ODD_NUMBERS = ["0", "-0", "1e999", "-1e-999", "NaN", "Infinity", "9" * 400, "9" * 5000, "1.0", "0x1", "01", "1e5", "+1"]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"]
PATHS = [
    "/",
    "/predict",
    "/feedback",
    "/health",
    "/pipelines",
    "/openapi.json",
    "/web/page.js",
    "//",
    "/predict/",
    "/%00",
]


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""


def request(dice: random.Random, token: str) -> Asked:
    """Return any request; the token opens."""
    if dice.random() < 0.1:
        return Asked(
            dice.choice(METHODS),
            _path(dice),
            _noise(dice),
            _headers(dice, token),
            quote(_text(dice).encode("utf-8", "surrogatepass")),
        )
    if dice.random() < 0.3:
        return Asked("POST", "/feedback", _spoilt(dice, _label(dice)), _headers(dice, token))
    pipeline = dice.choice(list(PIPELINES))
    path = f"/pipelines/{pipeline}/predict" if dice.random() < 0.7 else "/predict"
    return Asked("POST", path, _spoilt(dice, _instances(dice, pipeline)), _headers(dice, token))


def _headers(dice: random.Random, token: str) -> dict[str, str]:
    headers = {"Content-Type": dice.choice(TYPES if dice.random() < 0.95 else ODD_TYPES)}
    if dice.random() < 0.9:
        headers["Authorization"] = (
            f"Bearer {token}" if dice.random() < 0.8 else dice.choice(["Bearer", "Basic x", "é", ""])
        )
    if dice.random() < 0.05:
        headers["Content-Encoding"] = dice.choice(["gzip", "identity", "", "br, gzip"])
    if dice.random() < 0.1:
        headers["Origin"] = dice.choice(["https://pages.example", "null", "é"])
    if dice.random() < 0.1:
        headers["Accept"] = dice.choice(["*/*", "image/png", "application/octet-stream", ""])
    return headers


def _path(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return dice.choice(PATHS)
    return f"/pipelines/{dice.choice(['reviews', '%ff', '%2e%2e', 'a' * 2000, '%F0%9F%A7%BF', '%22'])}/predict"


def _instances(dice: random.Random, pipeline: str) -> Any:
    rows = [_row(dice, pipeline) for _ in range(dice.choice([1, 1, 1, 2, 3, 5]))]
    if dice.random() < 0.01:
        rows = rows[:1] * 1001
    return rows[0] if dice.random() < 0.4 else {"instances": rows}


def _row(dice: random.Random, pipeline: str) -> Any:
    values = {"text": _text, "numeric": _number, "categorical": _text}
    row = {column.name: values[column.kind](dice) for column in PIPELINES[pipeline].columns}
    return row if dice.random() < 0.95 else _json(dice)


def _label(dice: random.Random) -> Any:
    pipeline = dice.choice(list(PIPELINES))
    known = issue(KEY, pipeline, f"{dice.getrandbits(128):032x}", dice.choice([1, 2, 1000]))
    good: list[Any] = list(PIPELINES[pipeline].labels) or [24.5, 7]
    label = {
        "inference_id": known if dice.random() < 0.8 else _text(dice),
        "index": dice.choice([0, 0, 1, 999, -1, "0", None, 10**30]),
        "label": dice.choice(good) if dice.random() < 0.8 else _json(dice),
    }
    return label if dice.random() < 0.6 else [label] * dice.choice([0, 1, 2, 101])


def _json(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.random()
    if depth < 12 and kind < 0.2:
        return [_json(dice, depth + 1) for _ in range(dice.randrange(3))]
    if depth < 12 and kind < 0.4:
        return {_text(dice): _json(dice, depth + 1) for _ in range(dice.randrange(3))}
    return dice.choice([None, True, False, _number(dice), _text(dice)])


def _number(dice: random.Random) -> Any:
    return dice.choice([0, -1, 1.5, 1e308, 10**400, 2**63, None, True, "1", dice.uniform(-1e6, 1e6)])


def _text(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return dice.choice(ODD_TEXTS)
    length = 70_000 if dice.random() < 0.002 else dice.randrange(60)
    return "".join(dice.choices(string.printable + "äß漢\u0301\u200d", k=length))


def _noise(dice: random.Random) -> bytes:
    return dice.choice(
        [
            dice.randbytes(dice.randrange(80)),
            b"[" * dice.choice([9, 2000]),
            b'{"a":' * 200,
            dice.choice(ODD_NUMBERS).encode(),
            b'{"text": "a", "text": "b"}',
            b"\xef\xbb\xbf{}",
            b'"' + b'\\"' * 500,
        ]
    )


def _spoilt(dice: random.Random, document: Any) -> bytes:
    """Write a document, and now and then damage it."""
    body = json.dumps(document, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    kind = dice.random()
    if kind < 0.75 or not body:
        return body
    place = dice.randrange(len(body))
    if kind < 0.85:
        return body[:place] + dice.choice(ODD_NUMBERS).encode() + body[place:]
    return body[:place] + dice.randbytes(dice.randrange(4)) + body[place + dice.randrange(9) :]
