import io
import os
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import boto3
import pytest

from tests.contract.account import Account, local_account
from tests.contract.clouds import PROGRAMS, LocalCloud
from tests.contract.endpoints import Endpoints
from tests.contract.jobs import Jobs

COSTS_MONEY = "costs money on AWS: a job, an endpoint, or what is billed beyond requests"
LOCAL_ONLY = "about the local cloud alone: faults, virtual time, kills, its own pages"
VARIABLES = ("CONTRACT_BUCKET", "CONTRACT_IMAGE_URI", "CONTRACT_ROLE_ARN")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a real account, skip what would cost money and what only the local cloud has."""
    if not config.getoption("--real"):
        return
    for item in items:
        for mark, reason in (("costs_money", COSTS_MONEY), ("local_only", LOCAL_ONLY)):
            if item.get_closest_marker(mark) and item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def is_real(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--real"))


@pytest.fixture(scope="session", autouse=True)
def no_profile(is_real: bool) -> Iterator[None]:  # noqa: FBT001
    """Let no profile of a developer's own decide how the local cloud's clients are made."""
    with pytest.MonkeyPatch.context() as patch:
        if not is_real:
            patch.delenv("AWS_PROFILE", raising=False)
            patch.setenv("AWS_CONFIG_FILE", os.devnull)
        yield


@pytest.fixture(scope="session")
def start_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalCloud]]:
    """Start local clouds; stopped at the end."""
    with ExitStack() as stack:

        def start(*arguments: str, **changed: object) -> LocalCloud:
            cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), *arguments, **changed)
            stack.callback(cloud.end)
            return cloud

        yield start


@pytest.fixture(scope="session")
def cloud(start_cloud: Callable[..., LocalCloud]) -> LocalCloud:
    """Give the local cloud behind `aws`, for tests that are `local_only`."""
    return start_cloud()


@pytest.fixture(scope="session")
def aws(is_real: bool, request: pytest.FixtureRequest) -> Iterator[Account]:  # noqa: FBT001
    """Give the account to test: of the local cloud, or with --real that of the default credentials."""
    account = real_account() if is_real else made_account(request.getfixturevalue("cloud"))
    with closing(account):
        yield account


@pytest.fixture(scope="session")
def virtual(start_cloud: Callable[..., LocalCloud]) -> LocalCloud:
    """Give a second local cloud, whose time passes when it is told to."""
    return start_cloud("--clock", "virtual")


@pytest.fixture(scope="session")
def later(virtual: LocalCloud) -> Iterator[Account]:
    """Give the account of the local cloud with virtual time."""
    with closing(made_account(virtual)) as account:
        yield account


def made_account(cloud: LocalCloud) -> Account:
    account = local_account(cloud.endpoint_url, f"contract-{uuid.uuid4().hex[:8]}")
    account.client("s3").create_bucket(Bucket=account.bucket)
    return account


def real_account() -> Account:
    """Read a real account from the environment; skips, saying what is missing, before anything is asked of AWS."""
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        pytest.skip(f"--real needs {', '.join(missing)} in the environment")
    session = boto3.Session()
    if session.region_name is None:
        pytest.skip("--real needs a region: set AWS_DEFAULT_REGION")
    if session.get_credentials() is None:
        pytest.skip("--real needs credentials: none in the default chain")
    bucket, image, role = (os.environ[name] for name in VARIABLES)
    run = f"contract-{uuid.uuid4().hex[:8]}"
    return Account(session, run, bucket, role, image, patience=600.0, pause=2.0)


@pytest.fixture(scope="session")
def jobs(aws: Account) -> Jobs:
    return Jobs(aws)


@pytest.fixture(scope="session")
def endpoints(aws: Account) -> Endpoints:
    return Endpoints(aws)


@pytest.fixture(scope="session")
def function(aws: Account) -> Callable[[str], str]:
    """Name a function of programs/handlers.py: Chalice's on the local cloud, made of that file on a real account."""
    made: dict[str, str] = {}

    def named(name: str) -> str:
        if not aws.is_real:
            return f"contract-dev-{name}"
        if name not in made:
            made[name] = create_function(aws, name)
        return made[name]

    return named


def create_function(aws: Account, name: str) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(PROGRAMS / "handlers.py", "handlers.py")
    client, full_name = aws.client("lambda"), aws.name(name)
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{full_name}")  # so that it goes at the end, too
    client.create_function(
        FunctionName=full_name,
        Runtime="python3.12",
        Role=aws.role,
        Handler=f"handlers.{name}",
        Code={"ZipFile": archive.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=full_name)
    return full_name
