"""infra/template.json: what the bucket, the table, the queues and the role must be."""

import re
from typing import Any

import pytest

IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/freshet@sha256:{'a' * 64}"


def _properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    properties: dict[str, Any] = template["Resources"][name]["Properties"]
    return properties


def _statements(template: dict[str, Any], name: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = _properties(template, name)["PolicyDocument"]["Statement"]
    return statements


def _role(template: dict[str, Any]) -> list[dict[str, Any]]:
    (policy,) = _properties(template, "ExecutionRole")["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def _actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def test_bucket_announces_uploads(merged: dict[str, Any]) -> None:
    """Every stored object becomes an EventBridge event, and keeps its earlier versions."""
    bucket = _properties(merged, "Bucket")
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_bucket_is_closed(merged: dict[str, Any]) -> None:
    """The bucket is encrypted, never public, its owner owns everything, and plain HTTP is refused."""
    bucket = _properties(merged, "Bucket")
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (statement,) = _statements(merged, "BucketPolicy")
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_bucket_forgets(merged: dict[str, Any]) -> None:
    """Captured requests, old versions and unfinished uploads go with time; nothing else does."""
    rules = {rule["Id"]: rule for rule in _properties(merged, "Bucket")["LifecycleConfiguration"]["Rules"]}
    assert {rule["Prefix"] for rule in rules.values() if "ExpirationInDays" in rule} == {"capture/"}
    assert "NoncurrentVersionExpiration" in rules["forget-old-versions"]
    assert rules["forget-unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


@pytest.mark.parametrize("name", ["Bucket", "Ledger"])
def test_data_outlive_the_stack(merged: dict[str, Any], name: str) -> None:
    """Deleting the stack keeps people's data; a creation that failed leaves nothing behind."""
    assert merged["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert merged["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_ledger(merged: dict[str, Any]) -> None:
    """The ledger is one table with string keys, paid per request, recoverable and encrypted."""
    table = _properties(merged, "Ledger")
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert {item["AttributeType"] for item in table["AttributeDefinitions"]} == {"S"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["FunctionDeadLetters", "RuleDeadLetters"])
def test_dead_letter_queues(merged: dict[str, Any], name: str) -> None:
    """Dead letters are kept for 14 days, encrypted, and reached by TLS only."""
    assert _properties(merged, name) == {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True}
    assert [item["Sid"] for item in _statements(merged, f"{name}Policy") if item["Effect"] == "Deny"] == ["TlsOnly"]


def test_only_our_rules_send_dead_letters(merged: dict[str, Any]) -> None:
    """EventBridge may put letters into the rules' queue for this stack's rules only."""
    (statement,) = [item for item in _statements(merged, "RuleDeadLettersPolicy") if item["Effect"] == "Allow"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":rule/${AWS::StackName}-*")


def test_notices(merged: dict[str, Any]) -> None:
    """What people are told lies encrypted, under the stage's name, and is published by TLS only."""
    topic = _properties(merged, "Notices")
    assert topic == {"TopicName": {"Fn::Sub": "freshet-${Stage}-notices"}, "KmsMasterKeyId": "alias/aws/sns"}
    (statement,) = _statements(merged, "NoticesPolicy")
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sns:Publish")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_role_is_sagemakers(merged: dict[str, Any]) -> None:
    """Only SageMaker, acting for this account, takes the execution role."""
    (statement,) = _properties(merged, "ExecutionRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_role_names_its_actions(merged: dict[str, Any]) -> None:
    """No action is a pattern; only what takes no resource has none, and metrics are held to SageMaker's namespaces."""
    assert not [action for item in _role(merged) for action in _actions(item) if "*" in action]
    unscoped = {action: item for item in _role(merged) if item["Resource"] == "*" for action in _actions(item)}
    assert set(unscoped) == {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}
    assert "cloudwatch:namespace" in unscoped["cloudwatch:PutMetricData"]["Condition"]["StringLike"]


def test_jobs_cannot_reach_what_people_drop(merged: dict[str, Any]) -> None:
    """A job reads pinned copies and writes results: it can neither read nor write below a prefix that triggers."""
    s3 = [item for item in _role(merged) if any(action.startswith("s3:") for action in _actions(item))]
    assert not re.search(r"uploads|batch/", repr(s3))


def test_jobs_only_read_labels(merged: dict[str, Any]) -> None:
    """A job finds and reads labels that came later, and writes none."""
    allowed = {action for item in _role(merged) if "ground-truth/" in repr(item) for action in _actions(item)}
    assert allowed == {"s3:ListBucket", "s3:GetObject"}


@pytest.mark.parametrize(
    ("image", "accepted"),
    [
        (IMAGE, True),
        (IMAGE.replace("amazonaws.com", "amazonaws.com.cn"), True),
        (IMAGE.split("@", maxsplit=1)[0] + ":latest", False),
        (IMAGE.split("@", maxsplit=1)[0], False),
        (IMAGE.replace("/freshet@", "/freshet:1@"), False),
        (IMAGE[:-1], False),
        (IMAGE.replace("/freshet@", "/team/freshet@"), False),
        ("docker.io/library/python" + IMAGE[IMAGE.index("@") :], False),
    ],
)
def test_image_by_digest(merged: dict[str, Any], image: str, *, accepted: bool) -> None:
    """The image is taken by digest from ECR; a tag, which can move, is refused."""
    pattern = merged["Parameters"]["ImageUri"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, image)) is accepted


def test_outputs(merged: dict[str, Any]) -> None:
    """The stack tells what its users need next: where to upload, and where dead letters lie."""
    assert {"BucketName", "TableName", "TopicArn", "FunctionDeadLettersUrl", "RuleDeadLettersUrl"} <= set(
        merged["Outputs"]
    )
