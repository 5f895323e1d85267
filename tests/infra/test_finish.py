from typing import Any

import pytest

from infra.errors import TemplateError
from infra.finish import RUNTIME, finish


def _template(**events: Any) -> dict[str, Any]:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.11", "CodeUri": "./d.zip"}}
    if events:
        function["Properties"]["Events"] = events  # type: ignore[index] # a literal's inferred type
    return {
        "Parameters": {"Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]}},
        "Resources": {"Handler": function, "RuleDeadLetters": {"Type": "AWS::SQS::Queue"}},
    }


def test_runtime_and_code() -> None:
    """Every function runs on our runtime and from our zip, whatever interpreter packaged it."""
    properties = finish(_template(), stage="dev", code_uri="./freshet-dev.zip")["Resources"]["Handler"]["Properties"]
    assert (properties["Runtime"], properties["CodeUri"]) == (RUNTIME, "./freshet-dev.zip")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("CloudWatchEvent", True), ("EventBridgeRule", True), ("Schedule", True), ("SQS", False)],
)
def test_dead_letters(kind: str, *, expected: bool) -> None:
    """What EventBridge delivers gets a dead-letter queue; what has its own retries does not."""
    finished = finish(_template(Event={"Type": kind, "Properties": {}}), stage="dev", code_uri="./d.zip")
    event = finished["Resources"]["Handler"]["Properties"]["Events"]["Event"]
    assert ("DeadLetterConfig" in event["Properties"]) is expected


def test_stage_is_fixed() -> None:
    """A template whose patterns name one stage cannot be deployed as another."""
    parameter = finish(_template(), stage="prod", code_uri="./d.zip")["Parameters"]["Stage"]
    assert parameter == {"Type": "String", "AllowedValues": ["prod"], "Default": "prod"}


def test_input_is_kept() -> None:
    """The template that was given is not changed."""
    template = _template(Event={"Type": "Schedule", "Properties": {}})
    before = repr(template)
    finish(template, stage="dev", code_uri="./x.zip")
    assert repr(template) == before


@pytest.mark.parametrize("missing", ["RuleDeadLetters", "Handler"])
def test_unmerged_template_is_refused(missing: str) -> None:
    """A template without functions, or without what infra/template.json brings, is not finished."""
    template = _template()
    del template["Resources"][missing]
    with pytest.raises(TemplateError):
        finish(template, stage="dev", code_uri="./d.zip")
