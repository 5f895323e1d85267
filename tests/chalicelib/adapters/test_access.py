"""The key, the tokens and the labels: the same on the fakes, and on the tables and buckets of the local cloud."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters import access, clients, labels
from chalicelib.adapters.access import LedgerKeys, LedgerTokens
from chalicelib.adapters.labels import StoredLabels
from chalicelib.core.feedback import Label
from chalicelib.core.places import ground_truth_key
from chalicelib.core.tokens import Token
from chalicelib.services.ports import Keys, Labels, Tokens
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.fake_ledger import FakeKeys, FakeLabels, FakeTokens

NOW = datetime(2026, 1, 2, 3, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
BUCKET = STAGE.bucket_name


@dataclass(frozen=True)
class Side:
    """One implementation of the ports, and what lies under a key of ground truth."""

    keys: Keys
    tokens: Tokens
    labels: Labels
    line: Callable[[str], bytes]


def patient(service: str, **_: bool) -> Any:
    return clients.client(service)


@pytest.fixture(params=["fakes", "local cloud"])
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    if request.param == "fakes":
        fake = FakeLabels()
        yield Side(FakeKeys(), FakeTokens(), fake, fake.lines.__getitem__)
        return
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("cloud").endpoint_url)
    clients.client.cache_clear()
    # the machine of a test may be slower than DynamoDB: whoever hurries there takes its time here
    for module in (access, labels):
        monkeypatch.setattr(module, "client", patient)

    def line(key: str) -> bytes:
        found: bytes = clients.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return found

    table = STAGE.table_name
    yield Side(LedgerKeys(table, secrets.token_bytes), LedgerTokens(table), StoredLabels(table, BUCKET), line)
    clients.client.cache_clear()


def label(inference_id: str, value: str = "positive") -> Label:
    return Label("reviews", inference_id, 0, value, "ann", NOW)


def test_key(side: Side) -> None:
    """The key has 256 bits and is the same whenever it is asked for."""
    assert len(side.keys.inference_key()) == 32
    assert side.keys.inference_key() == side.keys.inference_key()


def test_tokens(side: Side) -> None:
    """A token is found by its digest, listed, kept as it was first, and gone once removed."""
    token = Token("ann", "d" * 64, NOW)
    assert side.tokens.find(token.digest) is None
    side.tokens.add(token)
    side.tokens.add(replace(token, name="ben"))
    assert side.tokens.find(token.digest) == token
    assert list(side.tokens.all()) == [token]
    side.tokens.remove(token)
    side.tokens.remove(token)
    assert side.tokens.find(token.digest) is None


def test_row_46_claims(side: Side) -> None:
    """Row 46: the first label of an instance holds; whoever loses is given it, and nothing fails."""
    first = label("one")
    assert side.labels.claim(first) == first
    assert side.labels.claim(first) == first
    later = replace(label("one", "negative"), caller="ben", collected=NOW + timedelta(hours=1))
    assert side.labels.claim(later) == first
    assert side.labels.claim(replace(first, index=1)) == replace(first, index=1)


def test_lines(side: Side) -> None:
    """A line lies under its key once, however often it is stored."""
    kept = label("two")
    side.labels.store(kept)
    side.labels.store(kept)
    assert side.line(ground_truth_key("reviews", NOW, "two", 0)) == kept.to_line()


def test_counts(side: Side) -> None:
    """An hour of a caller holds the limit and no more, and the next hour begins anew."""
    assert side.labels.admit("ann", 3, 5, HOUR)
    assert not side.labels.admit("ann", 3, 5, HOUR)
    assert side.labels.admit("ann", 2, 5, HOUR)
    assert not side.labels.admit("ann", 1, 5, HOUR)
    assert side.labels.admit("ben", 5, 5, HOUR)
    assert not side.labels.admit("cleo", 6, 5, HOUR)
    assert side.labels.admit("ann", 5, 5, HOUR + timedelta(hours=1))
    assert not side.labels.admit("ann", 1, 5, HOUR + timedelta(hours=1))


def forget_key() -> None:
    key = {"pk": {"S": "stage"}, "sk": {"S": "inference-key"}}
    clients.client("dynamodb").delete_item(TableName=STAGE.table_name, Key=key)


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("side", ["local cloud"], indirect=True)
def test_row_46_a_key_made_meanwhile() -> None:
    """Row 46: who finds no key, and then that another made one meanwhile, takes the other's."""
    forget_key()
    first = LedgerKeys(STAGE.table_name, secrets.token_bytes)

    def late(count: int) -> bytes:
        first.inference_key()
        return b"l" * count

    assert LedgerKeys(STAGE.table_name, late).inference_key() == first.inference_key() != b"l" * 32


@pytest.mark.parametrize("side", ["local cloud"], indirect=True)
def test_row_46_races(side: Side) -> None:
    """Row 46: of sixteen at once one makes the key and one claim holds, and the count is never over its limit."""
    forget_key()
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: LedgerKeys(STAGE.table_name, secrets.token_bytes).inference_key(), range(16)))
        held = set(pool.map(lambda number: side.labels.claim(label("race", str(number))), range(16)))
        admitted = list(pool.map(lambda _: side.labels.admit("racer", 1, 10, HOUR), range(16)))
    assert len(keys) == 1
    assert len(held) == 1
    assert sum(admitted) == 10
