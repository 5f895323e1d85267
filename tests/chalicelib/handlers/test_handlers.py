"""The Chalice application: HTTP requests in, documents out."""

import json

import pytest
from chalice.test import Client

from chalicelib.pipelines import PIPELINES
from tests.chalicelib.aws.world import World
from tests.chalicelib.gateway import Gateway
from tests.chalicelib.reliability.kills import traffic


def test_predict(client: Client, world: World) -> None:
    """A prediction names the pipeline, the version, the variant and an inference id."""
    response = client.http.post(
        "/predict", headers={"Content-Type": "application/json"}, body=json.dumps({"text": "good"}).encode()
    )
    assert response.status_code == 200
    answer = response.json_body
    assert answer["predictions"] == [{"label": "positive", "score": 0.75}]
    assert (answer["pipeline"], answer["model_version"], answer["variant"]) == ("reviews", "3", "AllTraffic")
    assert answer["inference_id"]
    assert world.runtime.asked == [({"text": "good"},)]


def test_predict_plain_text(client: Client, world: World) -> None:
    """A text/plain body is one text."""
    response = client.http.post("/predict", headers={"Content-Type": "text/plain"}, body="très bon".encode())
    assert response.status_code == 200
    assert world.runtime.asked == [({"text": "très bon"},)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", b"{", 400),
        ("/predict", json.dumps({"text": "x" * 70_000}).encode(), 413),
        ("/pipelines/nobody/predict", b'{"text": "a"}', 404),
        ("/pipelines/housing/predict", b'{"text": "a"}', 422),
    ],
)
def test_problems(client: Client, path: str, body: bytes, status: int) -> None:
    """What cannot be answered is a problem document with the request's id, and quotes no text."""
    response = client.http.post(path, headers={"Content-Type": "application/json"}, body=body)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json_body["status"] == status
    assert response.json_body["request_id"]


def test_not_ready(client: Client, world: World) -> None:
    """Before any model is live, the caller is told so and when to come back."""
    world.runtime.ready = False
    response = client.http.post("/predict", headers={"Content-Type": "text/plain"}, body=b"good")
    assert response.status_code == 503
    assert response.json_body["detail"] == "no model is live yet"
    assert response.headers["Retry-After"] == "5"


def test_health(client: Client) -> None:
    """Health names each pipeline's endpoint."""
    body = client.http.get("/health").json_body
    assert body == {"status": "ok", "endpoints": dict.fromkeys(PIPELINES, "none")}


@pytest.mark.parametrize("path", ["/", "/web/page.js", "/web/style.css"])
def test_page(client: Client, path: str) -> None:
    """The page and its files forbid everything but themselves."""
    response = client.http.get(path)
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_page_is_self_contained(client: Client) -> None:
    """The page's addresses are relative and its scripts and styles are files."""
    html = client.http.get("/").body.decode()
    assert 'src="web/page.js"' in html
    assert 'href="web/style.css"' in html
    assert "http" not in html
    assert "<style" not in html
    assert "onclick" not in html


def test_no_such_file(client: Client) -> None:
    """No other file is served."""
    assert client.http.get("/web/settings.py").status_code == 404


def test_text_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A caller's text reaches no log, whether it is answered or refused."""
    for body in (b'{"text": "canary-8161"}', b'{"canary-8161": 1}', b'{"text": "canary-8161'):
        client.http.post("/predict", headers={"Content-Type": "application/json"}, body=body)
    logged = [str(record.__dict__) for record in caplog.records]
    assert any("request_refused" in line for line in logged)
    assert not any("canary-8161" in line for line in logged)


def test_checks(gateway: Gateway, world: World) -> None:
    """The newest drift checks are told with their state, when they began and of which version they are."""
    world.drop("a.csv", "1")
    world.walk()
    traffic("moved")(world)
    world.walk()
    (check,) = json.loads(gateway.ask("GET", "/pipelines/reviews/checks").data)["checks"]
    assert (check["state"], check["version"], check["settled"]) == ("drift", 1, True)
    assert gateway.ask("GET", "/pipelines/nobody/checks").status_code == 404


def test_runs(gateway: Gateway, world: World) -> None:
    """The newest runs are told with their state and figures, and without the names of people's files."""
    world.drop("secret.csv", "1")
    world.walk()
    (run,) = json.loads(gateway.ask("GET", "/pipelines/reviews/runs").data)["runs"]
    assert (run["state"], run["verdict"], run["version"], run["files"]) == ("live", "PROMOTE", 1, 1)
    assert run["metrics"]["accuracy"] == 0.97
    assert "secret" not in json.dumps(run)
    assert gateway.ask("GET", "/pipelines/nobody/runs").status_code == 404
