"""The adapters on two sides, the account in memory and the local cloud: what services rely on must hold on both."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.adapters import clients
from chalicelib.core import digests
from chalicelib.core.facts import Job, RunFacts
from infra import resources
from localcloud.cloud import Cloud
from localcloud.settings import Image, Settings
from tests.chalicelib.adapters.sides import Side, empty_archive
from tests.chalicelib.aws.world import STAGE, World, on
from tests.chalicelib.core.samples import LINEAGE, RUN

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Run a local cloud with the stage's resources, and without an application; its models never start."""
    waiting = {LINEAGE.image_uri: Image((sys.executable, "-c", "import time; time.sleep(60)"))}
    with Cloud(Settings(state=tmp_path_factory.mktemp("state"), port=0, images=waiting)) as cloud:
        made: dict[str, Any] = {
            "endpoint_url": cloud.endpoint_url,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
            "region_name": REGION,
        }

        def client(service: str) -> Any:
            return boto3.client(service, **made)  # type: ignore[call-overload] # the stubs want a literal

        resources.create(resources.read_template(), stage=STAGE.name, client=client)
        yield cloud


@pytest.fixture
def local(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """Give the local cloud."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    clients.client.cache_clear()
    yield Side(clients.client)
    clients.client.cache_clear()


@pytest.fixture(params=["account in memory", "local cloud"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Give the account in memory, or the local cloud."""
    if request.param == "local cloud":
        yield request.getfixturevalue("local")
        return
    with on(World()) as world:
        yield Side(world.account.client)


@pytest.fixture
def own(request: pytest.FixtureRequest) -> str:
    """Give an id of this test's own, on whichever side."""
    return digests.short_digest(request.node.name)


@pytest.fixture
def run(own: str, side: Side) -> RunFacts:
    """Give a run of this test's own whose artifact lies in the bucket."""
    key = f"models/reviews/{own}/artifacts/model.tar.gz"
    side.put(key, empty_archive())
    trained = Job("t", "Completed", artifact_uri=f"s3://{STAGE.bucket_name}/{key}")
    return replace(RUN, lineage=replace(LINEAGE, run_id=own), train=(trained,))
