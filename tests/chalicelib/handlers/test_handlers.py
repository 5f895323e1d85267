"""The Chalice application: HTTP requests in, documents out."""

import json
import re
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.core.openapi import describe
from chalicelib.pipelines import DEFAULT, PIPELINES
from chalicelib.web import FILES
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.world import STAGE, World
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


def test_page_asks_for_what_there_is() -> None:
    """The page's script asks for routes that there are, by addresses that hold behind any prefix."""
    asked = re.findall(r"""fetch\(["`]([^"`]+)["`]""", FILES["page.js"][0])
    routes = {re.sub(r"\$\{[^}]*\}", "{pipeline}", address) for address in asked}
    assert routes == {"predict", "pipelines", "pipelines/{pipeline}/checks"}
    assert {f"/{route}" for route in routes} <= set(describe(PIPELINES, DEFAULT)["paths"])


def test_page_has_what_its_script_fills() -> None:
    """Every element that the script looks for is on the page, once."""
    sought = set(re.findall(r"""byId\("([^"]+)"\)""", FILES["page.js"][0]))
    there = re.findall(r'\bid="([^"]+)"', FILES["index.html"][0])
    assert {"answer", "checks-list", "checks-told"} <= sought <= set(there)
    assert len(there) == len(set(there))


def test_page_takes_no_answer_for_markup() -> None:
    """What is answered becomes text alone; links lead to web addresses only, in a tab that cannot look back."""
    script = FILES["page.js"][0]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment", script)
    assert script.count(".href =") == script.count('.rel = "noopener"') == 1
    assert '["http:", "https:"].includes(new URL(text).protocol)' in script
    assert "if (isWebAddress(check.report))" in script


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


def checks(gateway: Gateway) -> list[dict[str, Any]]:
    """Return what is told of the drift checks."""
    told: list[dict[str, Any]] = json.loads(gateway.ask("GET", "/pipelines/reviews/checks").data)["checks"]
    return told


@pytest.fixture
def checking(world: World) -> World:
    """Give a pipeline of which a window that moved is being checked."""
    world.drop("a.csv", "1")
    world.walk()
    traffic("moved")(world)
    while not world.jobs("drift"):
        world.look()
    return world


def test_report_of_a_check(gateway: Gateway, checking: World) -> None:
    """A check that ended with a verdict says why, and where a person opens the report that its job wrote."""
    checking.walk()
    (check,) = checks(gateway)
    key = next(key for key in checking.account.objects.list_keys("monitoring/") if key.endswith("/verdict.json"))
    beside = key.removesuffix("verdict.json") + "report.html"
    console = "https://eu-central-1.console.aws.amazon.com/s3/object"
    assert check["report"] == f"{console}/{STAGE.bucket_name}?region=eu-central-1&prefix={beside}"
    assert check["reason"] == "p-value 0.01"


def test_no_report_while_a_check_runs(gateway: Gateway, checking: World) -> None:  # noqa: ARG001 - it runs
    """A check that has not ended has neither a reason nor a report."""
    (check,) = checks(gateway)
    assert (check["state"], check["reason"], check["report"]) == ("checking", None, None)


def test_no_report_of_a_failed_check(gateway: Gateway, checking: World) -> None:
    """A check that failed has no report, and of its reason, which may quote what AWS said, nothing is told."""
    finish(checking.account, checking.jobs("drift")[0], "Failed", ExitMessage="canary-8161")
    checking.walk()
    (check,) = checks(gateway)
    assert (check["state"], check["reason"], check["report"]) == ("failed", None, None)
    assert "canary-8161" in checking.services.checks.recent("reviews")[0].reason


def test_no_report_of_a_check_without_a_job(gateway: Gateway, checking: World) -> None:
    """A window of which nothing was captured needs no job, so there is a reason and no report."""
    checking.walk()
    checking.account.advance(25 * 3600)
    checking.walk()
    check = checks(gateway)[0]
    assert (check["state"], check["reason"]) == ("not enough data", "nothing was captured in the window")
    assert check["report"] is None


def test_checks_cost_sagemaker_nothing(gateway: Gateway, checking: World) -> None:
    """Telling of checks, which everybody who opens the page asks for, makes no call of SageMaker or S3."""
    checking.walk()
    before = len(checking.account.history)
    assert checks(gateway)
    assert set(checking.account.history[before:]) == {"query"}


def test_default_pipeline(gateway: Gateway) -> None:
    """The pipeline that `/predict` asks is told by name, and is one of those that there are."""
    told = json.loads(gateway.ask("GET", "/pipelines").data)
    assert told["default"] == DEFAULT
    assert DEFAULT in {pipeline["name"] for pipeline in told["pipelines"]}


def test_runs(gateway: Gateway, world: World) -> None:
    """The newest runs are told with their state and figures, and without the names of people's files."""
    world.drop("secret.csv", "1")
    world.walk()
    (run,) = json.loads(gateway.ask("GET", "/pipelines/reviews/runs").data)["runs"]
    assert (run["state"], run["verdict"], run["version"], run["files"]) == ("live", "PROMOTE", 1, 1)
    assert run["metrics"]["accuracy"] == 0.97
    assert "secret" not in json.dumps(run)
    assert gateway.ask("GET", "/pipelines/nobody/runs").status_code == 404
