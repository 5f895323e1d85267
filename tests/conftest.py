"""What every test may use, and what none may do: reach a real AWS account."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

EVENTS = Path(__file__).parent / "events"
CONTRACT = Path(__file__).parent / "contract"

# A busy machine is no reason to fail: nothing here asserts a time.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make soak` ask for more of what every test run does a little of, and the contract suite for a real AWS."""
    parser.addoption("--writes", type=int, default=1000, help="acknowledged writes that must survive SIGKILL")
    parser.addoption("--kills", type=int, default=1, help="moments of a run at which each target is killed")
    parser.addoption("--files", type=int, default=2000, help="uploads of the grammar that are prepared or refused")
    parser.addoption("--requests", type=int, default=2000, help="requests at random to the HTTP routes")
    parser.addoption("--permutations", type=int, default=30, help="seeds of disordered lives, under each data policy")
    parser.addoption("--first-seed", type=int, default=0, help="the first of them: a failing seed can be replayed")
    parser.addoption("--races", type=int, default=10, help="races of 16 threads of each kind")
    parser.addoption("--everything", action="store_true", help="every kill and every refusal, not a sample of them")
    parser.addoption("--kill-seeds", type=int, default=1, help="drawn tales that are killed")
    parser.addoption("--real", action="store_true", help="run tests/contract against the AWS of the environment")


def may_reach_aws(path: Path, *, real: bool) -> bool:
    """Tell whether the tests of a file may speak to a real account."""
    return real and path.is_relative_to(CONTRACT)


@pytest.fixture(autouse=True)
def no_real_aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point boto3 at a closed loopback port with invented credentials; who wants a cloud sets its own address.

    The contract suite alone is let through to AWS, and only with --real.
    """
    if may_reach_aws(request.path, real=request.config.getoption("--real")):
        return
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def event() -> Callable[[str], dict[str, Any]]:
    """Give a raw AWS payload by the name of its file."""

    def read(name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
        return document

    return read
