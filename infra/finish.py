"""Turns the template that Chalice wrote into the one we deploy.

Chalice (1.34) takes Lambda's runtime from the interpreter that packages, gives rules no dead-letter queue, and knows no
stage parameter. What holds for *every* function and rule is set here, by a rule over all of them, rather than merged in
by name, so that a handler added later cannot be forgotten. The price: the deployed template is Chalice's plus
``infra/template.json`` plus this.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from infra.errors import TemplateError

RUNTIME = "python3.13"
RULE_DEAD_LETTERS = "RuleDeadLetters"
FUNCTION = "AWS::Serverless::Function"
# The SAM event types that become an EventBridge rule.
RULES = frozenset({"CloudWatchEvent", "EventBridgeRule", "Schedule"})


def functions(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template's Lambda functions by logical name."""
    return {name: item for name, item in template["Resources"].items() if item.get("Type") == FUNCTION}


def rules(function: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's events that EventBridge delivers, by name."""
    events = function["Properties"].get("Events", {})
    return {name: event for name, event in events.items() if event["Type"] in RULES}


def finish(template: Mapping[str, Any], *, stage: str, code_uri: str) -> dict[str, Any]:
    """Return the template with our runtime, code, stage, and a dead-letter queue behind every rule.

    Raises
    ------
    TemplateError
        If the template has no function, no dead-letter queue for rules or no parameter for the stage.
    """
    finished: dict[str, Any] = deepcopy(dict(template))
    if RULE_DEAD_LETTERS not in finished["Resources"] or "Stage" not in finished.get("Parameters", {}):
        raise TemplateError(f"the template lacks {RULE_DEAD_LETTERS} or Stage: was infra/template.json merged?")
    if not functions(finished):
        raise TemplateError("the template has no Lambda function: does app.py define any?")
    for function in functions(finished).values():
        function["Properties"] |= {"Runtime": RUNTIME, "CodeUri": code_uri}
        for event in rules(function).values():
            event["Properties"]["DeadLetterConfig"] = {"Arn": {"Fn::GetAtt": [RULE_DEAD_LETTERS, "Arn"]}}
    # The patterns in this template name one stage: no other value may be given at deployment.
    finished["Parameters"]["Stage"] |= {"Default": stage, "AllowedValues": [stage]}
    return finished
