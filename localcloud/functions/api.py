"""Lambda's API on the application's functions: calls, and the settings that can be changed; they are made by deploying.

Only ``$LATEST`` exists. Source of names, bounds and answers: Lambda API Reference and botocore's model; what a function
does not have here (a role, a package) is left out of the answers.
"""

import base64
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from localcloud.emulated import only, refusal
from localcloud.errors import AwsError
from localcloud.functions.destinations import QUEUES, SERVICES
from localcloud.functions.invocations import json_of, payload_of, to_json
from localcloud.functions.service import Lambdas
from localcloud.json_api import Data, Operation
from localcloud.settings import ACCOUNT_ID, Settings
from localcloud.wiring import Function, function_arn

_NAME = re.compile(
    r"(?:(?:arn:aws:lambda:(?P<region>[\w-]+):)?(?P<account>\d{12}):(?:function:)?|function:)?"
    r"(?P<name>[\w.-]+)(?::(?P<qualifier>\$?[\w.-]+))?"
)
_LATEST = "$LATEST"
_EVENT_CONFIG = "MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig"


def operations(lambdas: Lambdas, settings: Settings, now: Callable[[], datetime]) -> Mapping[str, Operation]:
    """Give the operations that are emulated, by their names."""
    api = _Api(lambdas, settings, now)
    return {
        "Invoke": api.invoke,
        "ListFunctions": api.list_functions,
        "GetFunction": api.get_function,
        "GetFunctionConfiguration": lambda request, region: api.described(api.function(request, region)),
        "UpdateFunctionConfiguration": api.update_configuration,
        "PutFunctionConcurrency": api.put_concurrency,
        "GetFunctionConcurrency": lambda request, region: _concurrency(api.function(request, region)),
        "DeleteFunctionConcurrency": api.delete_concurrency,
        "PutFunctionEventInvokeConfig": lambda request, region: api.put_event_config(request, region, {}),
        "UpdateFunctionEventInvokeConfig": api.update_event_config,
        "GetFunctionEventInvokeConfig": api.get_event_config,
        "DeleteFunctionEventInvokeConfig": api.delete_event_config,
    }


class _Api:
    def __init__(self, lambdas: Lambdas, settings: Settings, now: Callable[[], datetime]) -> None:
        self._lambdas = lambdas
        self._settings = settings
        self._now = now

    def function(self, request: Data, region: str) -> Function:
        """Find the function that a request names, in whichever of Lambda's ways, as it is now; raises AwsError."""
        named = _NAME.fullmatch(request["FunctionName"])
        wanted = named["name"] if named else request["FunctionName"]
        qualifier = request.get("Qualifier") or (named["qualifier"] if named else None) or _LATEST
        elsewhere = named and ((named["region"] or region) != region or (named["account"] or ACCOUNT_ID) != ACCOUNT_ID)
        found = None if elsewhere or region != self._settings.region else self._lambdas.find(wanted)
        if found is None or qualifier != _LATEST:
            arn = function_arn(region, wanted)
            arn += "" if qualifier == _LATEST else f":{qualifier}"
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404, {"Type": "User"})
        return found

    def invoke(self, request: Data, region: str) -> Data:
        """Call a function, keep an event for it, or only look whether it could be called."""
        for member in ("ClientContext", "DurableExecutionName", "TenantId"):
            if member in request:
                raise refusal(member)
        function, kind, event = (
            self.function(request, region),
            request.get("InvocationType"),
            request["Payload"] or b"{}",
        )
        try:
            json_of(event)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise AwsError("InvalidRequestContentException", message, 400, {"Type": "User"}) from error
        if kind == "DryRun":
            return {"StatusCode": 204}
        if kind == "Event":
            limit = self._settings.limits.lambda_event
            if len(event) > limit:
                raise AwsError("RequestTooLargeException", f"Request must be smaller than {limit} bytes", 413)
            self._lambdas.invoke_async(function.full_name, event)
            return {"StatusCode": 202}
        tail = request.get("LogType") == "Tail"
        outcome = self._lambdas.invoke(function.full_name, event, None, tail=tail)
        return {
            "StatusCode": 200,
            "FunctionError": "Unhandled" if outcome.failure else None,
            "LogResult": base64.b64encode(outcome.log.encode()).decode("ascii") if tail else None,
            "Payload": to_json(payload_of(outcome, outcome.request_id)),
            "ExecutedVersion": _LATEST,
        }

    def list_functions(self, request: Data, region: str) -> Data:
        """List the functions in the order of their names, in pages."""
        only(request, "MaxItems Marker")
        names = sorted(function.full_name for function in self._lambdas.wiring.functions.values())
        left = [name for name in names if name > request.get("Marker", "")] if region == self._settings.region else []
        size = min(request.get("MaxItems", 50), 50)
        page = [self.described(found) for name in left[:size] if (found := self._lambdas.find(name))]
        return {"Functions": page, "NextMarker": left[size - 1] if len(left) > size else None}

    def get_function(self, request: Data, region: str) -> Data:
        """Describe a function and its reserved concurrency."""
        function = self.function(request, region)
        return {"Configuration": self.described(function), "Concurrency": _concurrency(function) or None}

    def update_configuration(self, request: Data, region: str) -> Data:
        """Change the environment, the time limit, the memory or the dead-letter queue."""
        function = self.function(request, region)
        only(request, "FunctionName Timeout MemorySize Environment DeadLetterConfig")
        changes = {name: request[name] for name in ("Timeout", "MemorySize") if name in request}
        if "Environment" in request:
            changes["Environment"] = request["Environment"].get("Variables", {})
        if "DeadLetterConfig" in request:
            arn = request["DeadLetterConfig"].get("TargetArn") or None
            _check_service(arn, QUEUES)
            changes["DeadLetterConfig"] = arn
        modified = self._now().isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        self._lambdas.configs.change(function.full_name, **changes, LastModified=modified)
        return self.described(self.function(request, region))

    def put_concurrency(self, request: Data, region: str) -> Data:
        """Reserve, and bound, a function's executions at once."""
        name, reserved = self.function(request, region).full_name, request["ReservedConcurrentExecutions"]
        self._lambdas.configs.change(name, ReservedConcurrentExecutions=reserved)
        return {"ReservedConcurrentExecutions": reserved}

    def delete_concurrency(self, request: Data, region: str) -> None:
        """Reserve nothing."""
        self._lambdas.configs.change(self.function(request, region).full_name, ReservedConcurrentExecutions=None)

    def put_event_config(self, request: Data, region: str, before: Data) -> Data:
        """Say what becomes of asynchronous invocations; what is not said is as ``before``."""
        function = self.function(request, region)
        config = {name: request[name] for name in _EVENT_CONFIG.split() if name in request}
        for destination in config.get("DestinationConfig", {}).values():
            _check_service(destination.get("Destination"), SERVICES)
        config = {**before, **config, "LastModified": self._now()}
        self._lambdas.configs.change(function.full_name, EventInvokeConfig=config)
        return {**config, "FunctionArn": f"{self._lambdas.arn(function.full_name)}:{_LATEST}"}

    def update_event_config(self, request: Data, region: str) -> Data:
        """Change some of what becomes of asynchronous invocations."""
        return self.put_event_config(request, region, self._event_config(request, region))

    def get_event_config(self, request: Data, region: str) -> Data:
        """Tell what becomes of asynchronous invocations."""
        config, name = self._event_config(request, region), self.function(request, region).full_name
        return {**config, "FunctionArn": f"{self._lambdas.arn(name)}:{_LATEST}"}

    def delete_event_config(self, request: Data, region: str) -> None:
        """Go back to AWS's defaults."""
        self._event_config(request, region)
        self._lambdas.configs.change(self.function(request, region).full_name, EventInvokeConfig=None)

    def described(self, function: Function) -> Data:
        """Describe a function as it is now."""
        changed = self._lambdas.configs.of(function.full_name)
        target = changed.get("DeadLetterConfig")
        return {
            "FunctionName": function.full_name,
            "FunctionArn": self._lambdas.arn(function.full_name),
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "Handler": function.handler,
            "Timeout": int(function.timeout),
            "MemorySize": function.memory,
            "LastModified": changed.get("LastModified"),
            "Version": _LATEST,
            "Environment": {"Variables": dict(function.environment)} if function.environment else None,
            "DeadLetterConfig": {"TargetArn": target} if target else None,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }

    def _event_config(self, request: Data, region: str) -> dict[str, Any]:
        name = self.function(request, region).full_name
        config: dict[str, Any] | None = self._lambdas.configs.of(name).get("EventInvokeConfig")
        if config is None:
            arn = f"{self._lambdas.arn(name)}:{_LATEST}"
            message = f"The function {arn} doesn't have an EventInvokeConfig"
            raise AwsError("ResourceNotFoundException", message, 404, {"Type": "User"})
        return config


def _concurrency(function: Function) -> Data:
    return {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}


def _check_service(arn: str | None, services: tuple[str, ...]) -> None:
    if arn and arn.split(":")[2] not in services:
        raise refusal(f"a destination such as {arn}")
