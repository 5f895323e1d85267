"""What holds the suite itself: each rule has its source, and a real account is reached only when it is asked for."""

import ast
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import may_reach_aws
from tests.contract.account import local_account
from tests.contract.clouds import IMAGE, REGION, LocalCloud

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
OFFLINE = """
import sys
def refuse(event, arguments):
    if event == "socket.connect":
        print("CONNECTED", arguments[1])
sys.addaudithook(refuse)
import pytest
sys.exit(pytest.main(["-q", "-rs", "--real", "-p", "no:cacheprovider", sys.argv[1]]))
"""


OUTSIDE = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}  # no account of anybody
LISTS = (
    ("dynamodb", "list_tables", "TableNames"),
    ("events", "list_rules", "Rules"),
    ("logs", "describe_log_groups", "logGroups"),
    ("sagemaker", "list_endpoint_configs", "EndpointConfigs"),
    ("sagemaker", "list_model_package_groups", "ModelPackageGroupSummaryList"),
    ("sagemaker", "list_models", "Models"),
    ("sns", "list_topics", "Topics"),
)


def rules() -> list[tuple[str, str]]:
    """Name every test function of this folder, with its docstring."""
    return [
        (f"{file.name}::{node.name}", ast.get_docstring(node) or "")
        for file in sorted(FOLDER.glob("test_*.py"))
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_rule_has_its_source() -> None:
    """Every test says its rule in one sentence, and after it the source on AWS's side, or that it is ours.

    Ours.
    """
    named = rules()
    assert len(named) > 200
    for name, text in named:
        rule, _, source = text.partition("\n\n")
        assert rule.endswith("."), name
        assert source.startswith(("Source: ", "Ours")), name


@pytest.mark.parametrize("real", [True, False])
def test_only_this_suite_may_reach_aws(*, real: bool) -> None:
    """With --real the tests of this folder may reach a real account, and no other test ever may.

    Ours.
    """
    assert may_reach_aws(FOLDER / "test_s3.py", real=real) is real
    assert not may_reach_aws(FOLDER.parent / "localcloud" / "s3" / "test_objects.py", real=real)


def test_without_an_account_nothing_is_asked() -> None:
    """With --real and nothing in the environment every test is skipped with its reason, and no connection is made.

    Ours.
    """
    ran = run(["-c", OFFLINE, str(FOLDER / "test_s3.py")], OUTSIDE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "CONNECTED" not in ran.stdout
    assert "passed" not in ran.stdout
    assert "--real needs CONTRACT_BUCKET, CONTRACT_IMAGE_URI, CONTRACT_ROLE_ARN" in ran.stdout
    assert "about the local cloud alone" in ran.stdout


@pytest.mark.local_only
def test_everything_made_is_deleted(start_cloud: Callable[..., LocalCloud]) -> None:
    """Run as on a real account, whose address the environment gives, the suite leaves nothing behind.

    Ours.
    """
    cloud = start_cloud()
    environment = {
        **OUTSIDE,
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": REGION,
        "CONTRACT_BUCKET": "given",
        "CONTRACT_IMAGE_URI": IMAGE,
        "CONTRACT_ROLE_ARN": "arn:aws:iam::123456789012:role/anyone",
    }
    with closing(local_account(cloud.endpoint_url, "given")) as aws:
        aws.client("s3").create_bucket(Bucket=aws.bucket)
        files = [str(FOLDER / f"test_{name}.py") for name in ("s3", "sagemaker_models", "messaging")]
        ran = run(["-m", "pytest", "-q", "--real", "-p", "no:cacheprovider", *files], environment)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        left = {f"{service}.{list_}": getattr(aws.client(service), list_)()[member] for service, list_, member in LISTS}
        assert not any(left.values()), left
        assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == ["given"]
        assert aws.client("s3").list_object_versions(Bucket="given").get("Versions", []) == []
        assert aws.client("sqs").list_queues().get("QueueUrls", []) == []


def run(arguments: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
