"""Labels over HTTP, behind the authorizer."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.bootstrap import Services
from tests.chalicelib.aws.world import World
from tests.chalicelib.gateway import Gateway

JSON = {"Content-Type": "application/json"}
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def token(services: Services) -> str:
    return services.gatekeeper.create("ann", NOW)


def predicted(gateway: Gateway, count: int = 2) -> str:
    response = gateway.ask("POST", "/predict", json.dumps({"instances": ["a"] * count}).encode(), JSON)
    inference_id: str = json.loads(response.data)["inference_id"]
    return inference_id


def say(gateway: Gateway, document: object, token: str | None) -> tuple[int, Any]:
    headers = {**JSON, **({} if token is None else {"Authorization": f"Bearer {token}"})}
    response = gateway.ask("POST", "/feedback", json.dumps(document).encode(), headers)
    return response.status_code, json.loads(response.data)


def test_a_prediction_and_its_labels(gateway: Gateway, world: World, token: str) -> None:
    """What was predicted can be labelled by its inference id and index, by a caller with a token, in its name."""
    inference_id = predicted(gateway)
    label = {"inference_id": inference_id, "index": 0, "label": "negative"}
    assert say(gateway, label, token) == (200, {"taken": 1, "repeated": 0})
    assert say(gateway, [label, {**label, "index": 1}], token) == (200, {"taken": 1, "repeated": 1})
    assert [(kept.caller, kept.value) for kept in world.labels.rows.values()] == [("ann", "negative")] * 2


@pytest.mark.parametrize("given", [None, "stranger"])
def test_strangers(gateway: Gateway, world: World, token: str, given: str | None) -> None:
    """Without a token the answer is 401, with another one 403, and nothing is kept."""
    assert token != given
    status, _ = say(gateway, {"inference_id": predicted(gateway), "index": 0, "label": "negative"}, given)
    assert status == (401 if given is None else 403)
    assert not world.labels.rows


def test_revoked(gateway: Gateway, services: Services, token: str) -> None:
    """A token that was ended before it was used opens nothing."""
    services.gatekeeper.revoke("ann")
    assert say(gateway, {}, token)[0] == 403


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"inference_id": "x"}, "the inference id is none that this application gave"),
        ({"index": 2}, "the request held 2 instances, counted from 0; there is no 2"),
        ({"label": "good"}, "a label of pipeline reviews is 'negative' or 'positive'"),
        ({"more": 1}, "label 0 must be an object with exactly the members inference_id, index, label"),
    ],
)
def test_refusals(gateway: Gateway, token: str, changed: dict[str, object], detail: str) -> None:
    """What cannot be taken is told with what is wrong and what there is."""
    label = {"inference_id": predicted(gateway), "index": 0, "label": "negative", **changed}
    status, problem = say(gateway, label, token)
    assert (status, problem["code"], problem["detail"]) == (422, "unfit_label", detail)


def test_another_label(gateway: Gateway, token: str) -> None:
    """A second, different label is a conflict."""
    label = {"inference_id": predicted(gateway), "index": 0, "label": "negative"}
    say(gateway, label, token)
    status, problem = say(gateway, {**label, "label": "positive"}, token)
    assert (status, problem["code"]) == (409, "label_taken")


def test_limit(gateway: Gateway, token: str) -> None:
    """Beyond the hour's labels the answer is 429 and says when there are more."""
    inference_id = predicted(gateway, 300)
    rows = [{"inference_id": inference_id, "index": index, "label": "negative"} for index in range(300)]
    assert [say(gateway, rows[start : start + 100], token)[0] for start in (0, 100, 200)] == [200, 200, 429]
    body = json.dumps(rows[200:]).encode()
    response = gateway.ask("POST", "/feedback", body, {**JSON, "Authorization": f"Bearer {token}"})
    assert 0 < int(response.headers["Retry-After"]) <= 3600
