"""`freshet explain` on a deployment of paper."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chalicelib.services.stories import Explanation, Story
from tests.cli.commands.running import lines, run
from tests.cli.fakes import EXPLANATION, LIVE, FakeConnection, at


@pytest.mark.parametrize("arguments", [["1111222233334444"], ["1111222233334444", "reviews"]])
def test_documents(arguments: list[str]) -> None:
    """A program gets the run's story, each decision, and where the files are."""
    connection = FakeConnection(explanations={"1111222233334444": EXPLANATION})
    (document,) = lines(run(["explain", *arguments, "--json"], connection))
    assert document["id"] == LIVE.id
    assert document["verdict"]["decision"] == "PROMOTE"
    assert document["decisions"][0]["cause"] == "Object Created 1234"
    assert document["artifacts"] == {"report": "s3://bucket/report.html"}
    assert document["jobs"]["train"]["status"] == "Completed"


def test_shows() -> None:
    """A person reads the decisions."""
    shown = run(["explain", "1", "reviews"], FakeConnection(explanations={"1": EXPLANATION}))
    assert "1 new upload" in shown.stdout


def test_latest() -> None:
    """`latest` is the newest run of all pipelines, wherever it is."""
    older = replace(LIVE, id="older", started=at(0).isoformat())
    newer = replace(LIVE, id="newer", started=at(1).isoformat())

    class Two(FakeConnection):
        def runs(self, pipeline: str, limit: int) -> Sequence[Story]:  # noqa: ARG002 - the newest is the only one
            return [replace(newer if pipeline == "housing" else older, pipeline=pipeline)]

        def explain(self, pipeline: str, wanted_id: str) -> Explanation | None:
            return Explanation(replace(newer, id=f"{wanted_id} of {pipeline}"), (), {})

    (document,) = lines(run(["explain", "latest", "--json"], Two()))
    assert document["id"] == "newer of housing"


@pytest.mark.parametrize("wanted_id", ["unknown", "latest"])
def test_unknown(wanted_id: str) -> None:
    """A run that is not there is wrong usage, and where the ids are is said."""
    result = run(["explain", wanted_id], FakeConnection([]))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "`freshet runs` lists them" in result.stderr
