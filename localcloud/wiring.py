"""What a Chalice application declares, with what `.chalice/config.json` adds: functions, rules, schedules, routes.

The declarations come from the worker process, which imports the application and reads Chalice's own objects; names
are made from them as Chalice makes them when it deploys. There is no second list anywhere.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from localcloud.errors import ConfigError
from localcloud.settings import ACCOUNT_ID

T = TypeVar("T")

API_HANDLER = "api_handler"  # Chalice's name of the function behind the HTTP routes
_MEMORY = 128  # MB, Chalice's default
_DELIVERED = "CloudWatchEventConfig"
_SCHEDULED = "ScheduledEventConfig"


@dataclass(frozen=True)
class Function:
    """One Lambda function."""

    name: str  # in the application
    full_name: str  # on AWS: <app>-<stage>-<name>
    handler: str  # module.attribute
    timeout: float  # seconds
    memory: int  # MB
    environment: Mapping[str, str] = field(default_factory=dict)
    reserved: int | None = None  # executions at once at most


def function_arn(region: str, full_name: str) -> str:
    """Return the ARN of a function, without a version."""
    return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{full_name}"


@dataclass(frozen=True)
class Rule:
    """Events that are for a function."""

    name: str
    function: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True)
class Schedule:
    """Times that are for a function."""

    name: str
    function: str
    expression: str


@dataclass(frozen=True)
class Route:
    """One HTTP route."""

    path: str
    method: str
    authorizer: str | None = None
    api_key_required: bool = False


@dataclass(frozen=True)
class Authorizer:
    """A Lambda authorizer of kind TOKEN: its function, the header of its token, and how long its answer is kept."""

    name: str  # of its function in the application
    header: str
    ttl: int  # seconds


@dataclass(frozen=True)
class Wiring:
    """All that an application declares."""

    functions: Mapping[str, Function] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    schedules: Sequence[Schedule] = ()
    routes: Sequence[Route] = ()
    binary_types: Sequence[str] = ()
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)  # by name


@dataclass(frozen=True)
class ChaliceConfig:
    """The parts of `.chalice/config.json` that matter at run time, for one stage."""

    document: Mapping[str, Any]
    stage: str

    @classmethod
    def read(cls, app_dir: Path, stage: str) -> "ChaliceConfig":
        """Read the file of an application; none is an empty one. Raises ConfigError."""
        path = app_dir / ".chalice" / "config.json"
        try:
            document = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            document = {}
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from error
        if not isinstance(document, dict) or not isinstance(document.get("stages", {}), dict):
            raise ConfigError(f"{path} is not an object with an object of stages")
        return cls(document, stage)

    @property
    def app_name(self) -> str | None:
        """The application's name, where the file has one."""
        return self.document.get("app_name")

    def environment(self, function: str) -> Mapping[str, str]:
        """Merge a function's environment variables as Chalice does: the file's, the stage's, the stage's function's."""
        of_function = self._stage.get("lambda_functions", {}).get(function, {})
        places = (self.document, self._stage, of_function)
        merged = {name: value for place in places for name, value in place.get("environment_variables", {}).items()}
        return {name: str(value) for name, value in merged.items()}

    def of_function(self, function: str, setting: str, default: T) -> float | T:
        """Look a number up in Chalice's order: the stage's function, the stage, the function, the file."""
        places = (
            self._stage.get("lambda_functions", {}).get(function, {}),
            self._stage,
            self.document.get("lambda_functions", {}).get(function, {}),
            self.document,
        )
        for place in places:
            if place.get(setting) is not None:
                return float(place[setting])
        return default

    @property
    def _stage(self) -> Mapping[str, Any]:
        return self.document.get("stages", {}).get(self.stage, {})  # type: ignore[no-any-return]  # JSON


def read_wiring(
    declared: Mapping[str, Any], config: ChaliceConfig, *, timeout: float, environment: Mapping[str, str]
) -> Wiring:
    """Make the wiring of what a worker declared; ``environment`` goes over what `.chalice/config.json` says.

    Raises
    ------
    ConfigError
        For triggers that are not delivered here.
    """
    app = config.app_name or declared["app_name"]
    prefix = f"{app}-{config.stage}"
    functions = {
        name: read_function(name, handler, app, config, timeout=timeout, environment=environment)
        for name, handler in declared["functions"].items()
    }
    sources = declared["event_sources"]
    for source in sources:
        if source["kind"] not in {_DELIVERED, _SCHEDULED}:
            raise ConfigError(
                f"function {source['name']} is triggered by {source['kind']}, which the local cloud does not deliver: "
                "use @app.on_cw_event"
            )
    return Wiring(
        functions=functions,
        rules=[
            Rule(f"{prefix}-{source['name']}-event", source["name"], source["pattern"])
            for source in sources
            if source["kind"] == _DELIVERED
        ],
        schedules=[
            Schedule(f"{prefix}-{source['name']}-event", source["name"], source["expression"])
            for source in sources
            if source["kind"] == _SCHEDULED
        ],
        routes=[Route(**route) for route in declared["routes"]],
        binary_types=declared["binary_types"],
        authorizers={given["name"]: Authorizer(**given) for given in declared["authorizers"]},
    )


def read_function(
    name: str,
    handler: str,
    app: str,
    config: ChaliceConfig,
    *,
    timeout: float,
    environment: Mapping[str, str],
) -> Function:
    """Make one function as Chalice would deploy it; ``environment`` goes over what `.chalice/config.json` says."""
    prefix = f"{app}-{config.stage}"
    reserved = config.of_function(name, "reserved_concurrency", None)
    return Function(
        name=name,
        full_name=prefix if name == API_HANDLER else f"{prefix}-{name}",
        handler=handler,
        timeout=config.of_function(name, "lambda_timeout", timeout),
        memory=int(config.of_function(name, "lambda_memory_size", _MEMORY)),
        environment={**config.environment(name), **environment},
        reserved=None if reserved is None else int(reserved),
    )
