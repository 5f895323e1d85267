"""Which cloud is meant, and where its parts are: one `Address`, the same for a laptop and for AWS.

In this order: ``--stage`` or ``--profile`` mean AWS; ``--state`` means the local cloud there; ``FRESHET_STAGE``, or an
``AWS_ENDPOINT_URL`` that is not the local cloud's, mean what boto3 is configured for; all else is the local cloud of
``FRESHET_STATE`` or of ``.freshet`` below the checkout. An ``AWS_PROFILE`` alone does not mean AWS: many people have
one set for other work, and data must not leave the machine by accident. On AWS, the parts are read from the stack.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.stage import Stage
from cli import environment, running
from cli.environment import LOCAL_REGION, Environment
from cli.errors import AddressError, NotRunningError, explained
from cli.running import LocalCloud

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_STATE = ROOT / ".freshet"
STAGE_FILE = "stage.json"
_DEFAULT_STAGE = "dev"
_SAID_BY_STACK = ("BucketName", "TableName", "ExecutionRoleArn", "TopicArn", "EndpointURL")


@dataclass(frozen=True)
class Wish:
    """What the command line says about which cloud is meant."""

    state: Path | None = None
    stage: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class Address:
    """One deployment: its stage, its region, where its HTTP routes are; ``local`` if it is on this machine."""

    stage: Stage
    region: str
    api_url: str  # ends with a slash
    local: LocalCloud | None = None


@dataclass(frozen=True)
class Aws:
    """What boto3 is configured for."""

    region: str | None
    describe_stacks: Callable[[str], Mapping[str, Any]]


def resolve(
    wish: Wish,
    said: Environment,
    *,
    aws: Callable[[], Aws],
    find: Callable[[Path], LocalCloud | None] = running.find,
    require: Callable[[Path], LocalCloud] = running.require,
) -> Address:
    """Find the deployment that is meant, and lead boto3 there.

    Raises
    ------
    NotRunningError
        If the local cloud is meant and none answers.
    AddressError, CloudError
        If AWS is meant and the stage is not there.
    click.UsageError
        If the command line names both.
    """
    if wish.state and (wish.stage or wish.profile):
        raise click.UsageError("--state means the local cloud, --stage and --profile mean AWS: name one of them")
    if wish.profile:
        environment.use_profile(wish.profile)
    state = state_of(wish, said)
    if wish.stage or wish.profile or (not wish.state and _elsewhere(said, find(state))):
        return _on_aws(wish.stage or said.stage or _DEFAULT_STAGE, aws())
    cloud = require(state)
    address = Address(read_stage(state), LOCAL_REGION, cloud.api_url, cloud)
    environment.point_at_local(cloud.endpoint_url)
    return address


def state_of(wish: Wish, said: Environment) -> Path:
    """Return the state directory of the local cloud."""
    return (wish.state or said.state or DEFAULT_STATE).resolve()


def read_stage(state: Path) -> Stage:
    """Read what `up` wrote about the stage on a local cloud.

    Raises
    ------
    NotRunningError
        If it did not.
    """
    try:
        return Stage(**json.loads((state / STAGE_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise NotRunningError(
            f"{state / STAGE_FILE} cannot be read ({error}): the local cloud is still starting, or was not started by "
            "`freshet up`; try again, or run `freshet down` and `freshet up`"
        ) from error


def of_stack(stage: str, region: str, stack: Mapping[str, Any]) -> Address:
    """Read the deployment from its stack, as DescribeStacks gives it.

    Raises
    ------
    AddressError
        If the stack is not one of ours, or is not complete yet.
    """
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    image_uri = {item["ParameterKey"]: item.get("ParameterValue") for item in stack.get("Parameters", [])}.get(
        "ImageUri"
    )
    missing = [name for name in _SAID_BY_STACK if name not in outputs] + ([] if image_uri else ["ImageUri"])
    if missing or not image_uri:
        raise AddressError(
            f"stack {stack['StackName']} is {stack['StackStatus']} and says nothing of {', '.join(missing)}: "
            "wait until it is complete, or deploy what `make package` makes"
        )
    found = Stage(
        stage,
        outputs["BucketName"],
        outputs["ExecutionRoleArn"],
        image_uri,
        outputs["TableName"],
        outputs["TopicArn"],
    )
    return Address(found, region, outputs["EndpointURL"].rstrip("/") + "/")


def configured_aws() -> Aws:
    """Return what boto3 is configured for."""
    import boto3  # noqa: PLC0415 - costs 0.1 s, and a local cloud is asked without it

    session = boto3.Session()
    return Aws(session.region_name, lambda name: session.client("cloudformation").describe_stacks(StackName=name))


def _elsewhere(said: Environment, cloud: LocalCloud | None) -> bool:
    if said.stage:
        return True
    asked = (said.endpoint_url or "").rstrip("/")
    return bool(asked) and (cloud is None or asked != cloud.endpoint_url)


def _on_aws(stage: str, aws: Aws) -> Address:
    name = f"freshet-{stage}"
    if aws.region is None:
        raise AddressError("no AWS region is set: set AWS_DEFAULT_REGION, or a region in the profile")
    try:
        stacks = aws.describe_stacks(name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise explained(error) from error
        raise AddressError(
            f"there is no stack {name} in {aws.region}: deploy it first (README, On AWS), "
            "or start a local cloud with `freshet up`"
        ) from error
    except BotoCoreError as error:
        raise explained(error) from error
    return of_stack(stage, aws.region, stacks[0])
