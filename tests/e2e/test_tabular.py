"""Numbers and categories instead of text, through the same services, container and route: nothing else is started."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import Client
from chalicelib.pipelines import PIPELINES
from tests.e2e.conftest import Local
from tests.training.sample import csv_file, make_homes, make_people

pytestmark = pytest.mark.e2e


def upload(local: Local, pipeline: str, path: Path) -> Mapping[str, Any]:
    """Upload a file and wait; give its story."""
    ran = local.freshet("upload", pipeline, path, "--wait")
    assert ran.code == 0, ran.stderr
    story: Mapping[str, Any] = ran.last
    assert story["state"] == "live"
    return story


def instance_of(pipeline: str, row: Mapping[str, str]) -> dict[str, Any]:
    """Give a file's row as a caller sends it."""
    spec = PIPELINES[pipeline]
    return {
        column.name: None
        if row[column.name] in spec.missing
        else float(row[column.name])
        if column.kind == "numeric"
        else row[column.name]
        for column in spec.columns
    }


@pytest.mark.parametrize(
    ("pipeline", "make", "metric"), [("housing", make_homes, "r2"), ("income", make_people, "auc")]
)
def test_live(local: Local, tmp_path: Path, pipeline: str, make: Any, metric: str) -> None:
    """An upload ends in a live model that knows rows it never saw, and route and batch answer alike."""
    (tmp_path / "a.csv").write_bytes(csv_file(make(1200, 1)))
    assert upload(local, pipeline, tmp_path / "a.csv")["metrics"][metric] > 0.75
    unseen = make(50, 2)
    (tmp_path / "b.csv").write_bytes(csv_file(unseen))
    ran = local.freshet("batch", pipeline, tmp_path / "b.csv", "--output", tmp_path / "scores.jsonl")
    assert ran.code == 0, ran.stderr
    lines = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    of_batch = [
        {name: value for name, value in line.items() if name not in {"id", "model_version"}}
        for line in sorted(lines, key=lambda line: int(line["id"]))
    ]
    client = Client(f"{local.address['api_url']}pipelines/{pipeline}/")
    status, answer = client.ask({"instances": [instance_of(pipeline, row) for row in unseen]})
    client.close()
    assert status == 200
    assert answer["predictions"] == of_batch
    alone = local.freshet("predict", json.dumps(instance_of(pipeline, unseen[0])), "--pipeline", pipeline)
    assert alone.last["predictions"] == of_batch[:1]


def test_what_does_not_fit(local: Local) -> None:
    """A text for a pipeline of numbers is refused with what to send instead, before any model is asked."""
    client = Client(f"{local.address['api_url']}pipelines/housing/")
    status, problem = client.ask({"text": "a fine house"})
    client.close()
    assert status == 422
    assert "exactly the members CRIM" in problem["detail"]


def test_bad_number(local: Local, tmp_path: Path) -> None:
    """A file whose number is none is refused with the line and the column."""
    rows = make_homes(40)
    rows[5]["RM"] = "six"
    (tmp_path / "bad.csv").write_bytes(csv_file(rows))
    ran = local.freshet("upload", "housing", tmp_path / "bad.csv", "--wait")
    assert ran.code == 4
    assert "line 7: column 'RM' is not a number" in ran.last["reason"]
