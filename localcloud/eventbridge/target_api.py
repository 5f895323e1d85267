"""The API of targets: what a rule's events go to.

Sources: botocore's model and the API Reference, PutTargets and Target; texts as users reported them. Whether a
target exists shows when something is delivered to it, as on AWS.
"""

import json
import re
from collections.abc import Sequence

from localcloud.database import Database
from localcloud.emulated import only, refusal
from localcloud.errors import AwsError
from localcloud.eventbridge.inputs import parse_path
from localcloud.eventbridge.requests import Data, check_bus, page, rule_of
from localcloud.eventbridge.rules import Rules, Target

_MOST_TARGETS = 5
_EMULATED = "Id Arn RoleArn Input InputPath RetryPolicy DeadLetterConfig"
_SERVICES = ("lambda", "sqs", "sns")
_INPUTS = ("Input", "InputPath", "InputTransformer")


class TargetApi:
    """The operations on targets."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        self.operations = {
            "PutTargets": self._put_targets,
            "RemoveTargets": self._remove_targets,
            "ListTargetsByRule": self._list_targets_by_rule,
            "ListRuleNamesByTarget": self._list_rule_names_by_target,
        }

    def _put_targets(self, request: Data, region: str) -> Data:
        with self._database.transaction():
            rule = rule_of(self._rules, request, region, "Rule")
            for index, target in enumerate(request["Targets"]):
                _check(target, f"Targets[{index}].")
                self._rules.put_target(rule, target)
            if len(self._rules.targets(rule)) > _MOST_TARGETS:
                raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _remove_targets(self, request: Data, region: str) -> Data:
        failed = []
        with self._database.transaction():
            rule = rule_of(self._rules, request, region, "Rule")
            for name in request["Ids"]:
                if not self._rules.remove_target(rule, name):
                    message = f"Rule '{rule.name}' does not have a target with the Id '{name}'."
                    failed.append({"TargetId": name, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": message})
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def _list_targets_by_rule(self, request: Data, region: str) -> Data:
        targets = self._rules.targets(rule_of(self._rules, request, region, "Rule"))
        return page(request, "Targets", [(target["Id"], target) for target in targets])

    def _list_rule_names_by_target(self, request: Data, region: str) -> Data:
        check_bus(request, region)
        names = [
            rule.name
            for rule in self._rules.all(region)
            if any(target["Arn"] == request["TargetArn"] for target in self._rules.targets(rule))
        ]
        return page(request, "RuleNames", [(name, name) for name in names])


def _check(target: Target, path: str) -> None:
    """Raise AwsError for a target that AWS refuses, or that is not emulated."""
    only(target, _EMULATED, path)
    parts = _parts(target["Arn"])
    if parts[2] not in _SERVICES or parts[5].endswith(".fifo"):
        raise refusal(f"{path}Arn={target['Arn']}")
    if sum(member in target for member in _INPUTS) > 1:
        message = f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        raise AwsError("ValidationException", message)
    if "Input" in target:
        _check_input(target)
    if "InputPath" in target:
        parse_path(target["InputPath"])
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if queue is not None and (_parts(queue)[2] != "sqs" or queue.endswith(".fifo")):
        message = f"Parameter {queue} is not valid. Reason: a dead-letter queue is a standard queue of SQS."
        raise AwsError("ValidationException", message)


def _parts(arn: str) -> Sequence[str]:
    if not re.fullmatch(r"arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:.+", arn, re.ASCII):
        message = f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        raise AwsError("ValidationException", message)
    return arn.split(":", 5)


def _check_input(target: Target) -> None:
    try:
        json.loads(target["Input"])
    except (ValueError, RecursionError) as error:
        message = f"JSON syntax error in input for target {target['Id']} : {error}"
        raise AwsError("ValidationException", message) from error
