"""Which cloud is meant."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from cli import address, environment
from cli.address import Aws, Wish
from cli.environment import Environment
from cli.errors import AddressError, CloudError, NotRunningError
from cli.running import LocalCloud
from tests.cli.fakes import STAGE, local_cloud

STACK: Mapping[str, Any] = {
    "StackName": "freshet-prod",
    "StackStatus": "CREATE_COMPLETE",
    "Parameters": [{"ParameterKey": "ImageUri", "ParameterValue": "account/image@sha256:2"}],
    "Outputs": [
        {"OutputKey": "BucketName", "OutputValue": "freshet-prod-1"},
        {"OutputKey": "TableName", "OutputValue": "freshet-prod-ledger"},
        {"OutputKey": "ExecutionRoleArn", "OutputValue": "arn:role"},
        {"OutputKey": "TopicArn", "OutputValue": "arn:topic"},
        {"OutputKey": "EndpointURL", "OutputValue": "https://id.execute-api.eu-central-1.amazonaws.com/prod/"},
    ],
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / address.STAGE_FILE).write_text(json.dumps(asdict(STAGE)))
    return tmp_path.resolve()


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Keep what is written to the environment in a dictionary."""
    written: dict[str, str] = {}
    monkeypatch.setattr(environment, "point_at_local", lambda url: written.update(AWS_ENDPOINT_URL=url), raising=True)
    monkeypatch.setattr(environment, "use_profile", lambda name: written.update(AWS_PROFILE=name), raising=True)
    return written


def resolve(wish: Wish, said: Environment, *, running: bool = True, aws: Aws | None = None) -> address.Address:
    def find(folder: Path) -> LocalCloud | None:
        return local_cloud(folder) if running else None

    def require(folder: Path) -> LocalCloud:
        if not running:
            raise NotRunningError("no local cloud is running")
        return local_cloud(folder)

    configured = aws or Aws("eu-central-1", lambda name: {"Stacks": [{**STACK, "StackName": name}]})
    return address.resolve(wish, said, aws=lambda: configured, find=find, require=require)


@pytest.mark.parametrize(
    ("wish", "said", "local"),
    [
        (Wish(), Environment(), True),
        (Wish(), Environment(endpoint_url="http://127.0.0.1:4566/"), True),  # what `up` told to export
        (Wish(), Environment(endpoint_url="https://elsewhere"), False),
        (Wish(), Environment(stage="prod"), False),
        (Wish(stage="prod"), Environment(), False),
        (Wish(profile="work"), Environment(), False),
    ],
)
def test_which(wish: Wish, said: Environment, state: Path, *, local: bool) -> None:
    """The local cloud is meant, unless the command line or the environment names another place."""
    found = resolve(wish, Environment(state, said.stage, said.endpoint_url))
    assert (found.local is not None) == local


def test_state_wins(state: Path) -> None:
    """A state directory on the command line means the local cloud, whatever the environment says."""
    found = resolve(Wish(state), Environment(stage="prod", endpoint_url="https://elsewhere"))
    assert found.local == local_cloud(state)
    assert found.stage == STAGE


def test_local_environment(state: Path, environ: dict[str, str]) -> None:
    """boto3 is led to the local cloud."""
    resolve(Wish(state), Environment())
    assert environ == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}


def test_aws_environment(environ: dict[str, str]) -> None:
    """On AWS boto3's own configuration stays, but for the profile that was named."""
    resolve(Wish(stage="prod", profile="work"), Environment())
    assert environ == {"AWS_PROFILE": "work"}


def test_both(state: Path) -> None:
    """A command line that names both is wrong usage."""
    with pytest.raises(click.UsageError):
        resolve(Wish(state, stage="prod"), Environment())


def test_not_running(state: Path) -> None:
    """Where the local cloud is meant and none runs, nothing is looked for on AWS."""
    with pytest.raises(NotRunningError):
        resolve(Wish(state), Environment(), running=False, aws=Aws(None, lambda _name: pytest.fail("AWS was asked")))


def test_unfinished(tmp_path: Path) -> None:
    """A cloud without a stage on it is one that is starting, or not ours."""
    with pytest.raises(NotRunningError, match=r"still starting, or was not started by\s`freshet up`"):
        resolve(Wish(tmp_path), Environment())


def test_of_stack() -> None:
    """A stack's outputs and its image parameter are a deployment."""
    found = resolve(Wish(stage="prod"), Environment())
    assert found.stage.bucket_name == "freshet-prod-1"
    assert found.stage.table_name == "freshet-prod-ledger"
    assert found.stage.topic_arn == "arn:topic"
    assert found.stage.image_uri == "account/image@sha256:2"
    assert found.api_url == "https://id.execute-api.eu-central-1.amazonaws.com/prod/"
    assert found.local is None


@pytest.mark.parametrize("member", ["Parameters", "Outputs"])
def test_incomplete_stack(member: str) -> None:
    """A stack that does not say all is refused with what is missing."""
    stack = {**STACK, member: []}
    with pytest.raises(AddressError, match="says nothing of"):
        address.of_stack("prod", "eu-central-1", stack)


def refusing(code: str, message: str) -> Aws:
    def describe(_name: str) -> Mapping[str, Any]:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")

    return Aws("eu-central-1", describe)


def without_credentials(_name: str) -> Mapping[str, Any]:
    raise NoCredentialsError


@pytest.mark.parametrize(
    ("aws", "error", "words"),
    [
        (refusing("ValidationError", "Stack with id x does not exist"), AddressError, "no stack freshet-prod"),
        (refusing("AccessDenied", "not authorized"), CloudError, "lack this permission"),
        (refusing("ExpiredToken", "expired"), CloudError, "log in again"),
        (Aws(None, without_credentials), AddressError, "no AWS region"),
        (Aws("eu-central-1", without_credentials), CloudError, "credentials"),
    ],
)
def test_foreseen(aws: Aws, error: type[click.ClickException], words: str) -> None:
    """What goes wrong on the way to AWS is a sentence, never botocore's exception."""
    with pytest.raises(error, match=words):
        resolve(Wish(stage="prod"), Environment(), aws=aws)
