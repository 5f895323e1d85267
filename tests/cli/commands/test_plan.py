"""`freshet plan` on a deployment of paper."""

from dataclasses import replace

from chalicelib.core.actions import Call, Change, Plan
from chalicelib.core.ledger import Head
from chalicelib.pipelines import PIPELINES
from tests.cli.commands.running import lines, run
from tests.cli.fakes import STANDING, FakeConnection, dataset_row

REQUEST = {"TrainingJobName": "the-job", "RoleArn": "role"}
PLAN = Plan(
    "training",
    "the rows are prepared",
    actions=(Call("create_training_job", REQUEST),),
    change=Change(Head("reviews", 7, dataset_id="d1"), (dataset_row("d1"),)),
    evidence={"rows": {"read": 2}},
)
CONNECTION = FakeConnection(stands=replace(STANDING, plans={**STANDING.plans, "learning": PLAN}))


def test_documents() -> None:
    """A program gets all areas, each action with its whole request, and what the ledger would say."""
    (document,) = lines(run(["plan", "reviews", "--json"], CONNECTION))
    learning, serving, watching, telling = document["plans"]
    assert (watching["area"], telling["area"]) == ("watching", "telling")
    assert (learning["area"], learning["state"], learning["idle"]) == ("learning", "training", False)
    assert learning["actions"][0]["request"] == REQUEST
    assert learning["ledger"]["head"]["dataset_id"] == "d1"
    assert learning["ledger"]["rows"][0]["state"] == "preparing"
    assert learning["evidence"] == {"rows": {"read": 2}}
    assert (serving["area"], serving["idle"], serving["ledger"], serving["actions"]) == ("serving", True, None, [])


def test_shows() -> None:
    """A person reads state, reason and actions; nothing was wished for."""
    shown = run(["plan", "reviews"], CONNECTION)
    assert shown.exit_code == 0
    assert "reviews, learning: training" in shown.stdout
    assert "create_training_job the-job" in shown.stdout
    assert CONNECTION.wishes == []


def test_all_pipelines() -> None:
    """Without a name, all pipelines are planned."""
    (document,) = lines(run(["plan", "--json"]))
    assert [plan["pipeline"] for plan in document["plans"][::4]] == list(PIPELINES)
