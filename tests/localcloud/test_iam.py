from typing import Any

import pytest

from localcloud.database import Database
from localcloud.errors import ConfigError

TRUST = '{"Version": "2012-10-17", "Statement": []}'
ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def everything(iam: Any) -> Any:
    answer = iam.get_account_authorization_details(Filter=["User", "Role", "Group", "LocalManagedPolicy"])
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_roles_users_and_policies_come_back(cloud: Any, start_cloud: Any) -> None:
    """Roles, policies, users and keys have after a restart the ids, ARNs and dates that were answered before."""
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    policy = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]
    iam.attach_role_policy(RoleName="r", PolicyArn=policy["Arn"])
    iam.put_role_policy(RoleName="r", PolicyName="inline", PolicyDocument=ALLOW)
    iam.create_role(RoleName="gone", AssumeRolePolicyDocument=TRUST)
    iam.delete_role(RoleName="gone")
    iam.create_user(UserName="u")
    access = iam.create_access_key(UserName="u")["AccessKey"]
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    before = everything(iam)
    cloud.cloud.stop()
    iam = start_cloud().client("iam")
    assert everything(iam) == before
    found = iam.get_role(RoleName="r")["Role"]
    assert (found["RoleId"], found["CreateDate"]) == (role["RoleId"], role["CreateDate"])
    assert iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["PolicyId"] == policy["PolicyId"]
    assert [key["AccessKeyId"] for key in iam.list_access_keys(UserName="u")["AccessKeyMetadata"]] == [
        access["AccessKeyId"]
    ]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="gone")


def test_ids_differ(cloud: Any) -> None:
    """Two roles made at once have two ids."""
    iam = cloud.client("iam")
    ids = {iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["RoleId"] for name in "abc"}
    assert len(ids) == 3


def test_a_state_that_cannot_be_restored(cloud: Any, start_cloud: Any) -> None:
    """A change that moto refuses to do again stops the start, with its name, instead of being forgotten."""
    cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    cloud.cloud.stop()
    database = Database(cloud.state / "state.db")
    database.execute("UPDATE journal SET body = ?", b"Action=DeleteRole&RoleName=none")
    database.close()
    with pytest.raises(ConfigError, match="moto refuses Action=DeleteRole"):
        start_cloud()
