"""What holds the suite itself: each rule has its source, and a real account is reached only when it is asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import may_reach_aws

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
    ran = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(FOLDER / "test_s3.py")],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "CONNECTED" not in ran.stdout
    assert "passed" not in ran.stdout
    assert "--real needs CONTRACT_BUCKET, CONTRACT_IMAGE_URI, CONTRACT_ROLE_ARN" in ran.stdout
    assert "about the local cloud alone" in ran.stdout
