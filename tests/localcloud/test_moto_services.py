"""The contract with moto: what the local cloud uses of it, over the wire with boto3, for the pinned version."""

from pathlib import Path
from typing import Any

import boto3
from moto.backends import get_backend

from localcloud.cloud import Cloud
from localcloud.settings import Settings

REGION = "eu-central-1"


def test_sts_and_iam(cloud: Any) -> None:
    """The account is the documented one, and roles can be made."""
    assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"
    iam = cloud.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    assert iam.get_role(RoleName="r")["Role"]["Arn"] == "arn:aws:iam::123456789012:role/r"


def test_controls_are_out_of_reach(cloud: Any) -> None:
    """Nobody resets moto through the front door: not by moto's own path, signed or not."""
    cloud.client("iam").create_user(UserName="kept")
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260102/us-east-1/sts/aws4_request, Signature=0"}
    assert cloud.request("POST", "/moto-api/reset", headers=signed)[0] == 501
    assert cloud.request("POST", "/moto-api/reset")[0] == 403
    assert len(cloud.client("iam").list_users()["Users"]) == 1


def test_a_new_cloud_is_empty(start_cloud: Any, tmp_path: Path) -> None:
    """What a cloud before it in this process held on another state is not there."""
    first = start_cloud()
    first.client("iam").create_user(UserName="left")
    first.cloud.stop()
    assert start_cloud(state=tmp_path / "other").client("iam").list_users()["Users"] == []


def test_a_stopped_cloud_leaves_nothing(tmp_path: Path) -> None:
    """What a cloud held is gone when it stops: another user of moto in the same process meets none of it."""
    with Cloud(Settings(state=tmp_path, port=0)) as cloud:
        client: Any = boto3.client("iam", endpoint_url=cloud.endpoint_url, region_name="us-east-1")
        client.create_user(UserName="left-behind")
    assert "left-behind" not in str(get_backend("iam")["123456789012"]["aws"].users)
