from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import inventory
from infra.errors import TeardownError
from infra.inventory import BILLED, CONFIGS, ENDPOINTS, GROUPS, PACKAGES, RECORDS, Kind, clear, find

DEV = "freshet-dev-"
ALL = (*BILLED, *RECORDS)
ARN = "arn:aws:sagemaker:eu-central-1:123456789012:model-package"


def _clear(fake: Any, kind: Kind, told: list[str] | None = None, slept: list[float] | None = None) -> None:
    clear(
        fake.client,
        kind,
        DEV,
        tell=(told if told is not None else []).append,
        sleep=(slept if slept is not None else []).append,
    )


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not PACKAGES], ids=lambda kind: kind.title)
def test_exact_prefix(sagemaker: Any, kind: Kind) -> None:
    """Only names that start with exactly the stage's prefix are found, over all pages."""
    ours = [f"freshet-dev-reviews-{index}" for index in range(5)]
    strangers = ["freshet-dev2-reviews", "freshet-prod-reviews", "my-freshet-dev-reviews", "freshet-devreviews"]
    sagemaker.resources[_operation(kind)] = [*strangers, *ours]
    assert find(sagemaker.client, kind, DEV) == ours


def test_packages_of_our_groups_only(sagemaker: Any) -> None:
    """Packages are found through the groups of the stage, whatever their own names."""
    sagemaker.resources["ListModelPackageGroups"] = ["freshet-dev-reviews", "freshet-dev2-reviews", "other"]
    ours = [f"{ARN}/freshet-dev-reviews/{version}" for version in range(1, 4)]
    sagemaker.resources["ListModelPackages"] = [*ours, f"{ARN}/freshet-dev2-reviews/1", f"{ARN}/other/1"]
    assert find(sagemaker.client, PACKAGES, DEV) == ours


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.title)
def test_requests_fit_the_service_model(sagemaker: Any, kind: Kind) -> None:
    """Each kind's listing and removal is a request that boto3 accepts, and removes the thing."""
    name = f"{ARN}/freshet-dev-reviews/1" if kind is PACKAGES else "freshet-dev-reviews"
    sagemaker.resources["ListModelPackageGroups"] = ["freshet-dev-reviews"]
    sagemaker.resources[_operation(kind)] = [name]
    _clear(sagemaker, kind)
    assert [removed for _, removed in sagemaker.removed] == [name]


def test_only_running_jobs_are_stopped(sagemaker: Any) -> None:
    """Jobs that ended cannot be removed: only running ones are asked for."""
    for kind in BILLED[:3]:
        find(sagemaker.client, kind, DEV)
    assert [request["StatusEquals"] for _, request in sagemaker.listed] == ["InProgress"] * 3


def test_order() -> None:
    """What is billed goes first, endpoints before their configs, configs before models, versions before their group."""
    titles = [kind.title for kind in ALL]
    assert titles[-5:] == ["endpoint", "endpoint config", "model", "model package", "model package group"]


def test_waits_for_an_endpoint_that_is_being_made(sagemaker: Any) -> None:
    """An endpoint in progress is asked again until it can go, and what keeps it is told once."""
    sagemaker.resources["ListEndpoints"] = ["freshet-dev-reviews"]
    sagemaker.refusals["freshet-dev-reviews"] = [("ValidationException", "Cannot update in-progress endpoint")] * 3
    told: list[str] = []
    slept: list[float] = []
    _clear(sagemaker, ENDPOINTS, told, slept)
    assert sagemaker.resources["ListEndpoints"] == []
    assert slept == [inventory.PAUSE_S] * 3
    assert told == [
        "waiting for endpoint freshet-dev-reviews: Cannot update in-progress endpoint",
        "delete endpoint: freshet-dev-reviews",
    ]


def test_no_permission_is_no_waiting(sagemaker: Any) -> None:
    """A refusal that no waiting changes ends the teardown at once."""
    sagemaker.resources["ListEndpointConfigs"] = ["freshet-dev-config"]
    sagemaker.refusals["freshet-dev-config"] = [("AccessDeniedException", "no")]
    with pytest.raises(ClientError, match="AccessDenied"):
        _clear(sagemaker, CONFIGS)


def test_gives_up_with_names(sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never goes is named, since it may cost money."""
    monkeypatch.setattr(inventory, "ATTEMPTS", 3)
    sagemaker.resources["ListModelPackageGroups"] = ["freshet-dev-reviews"]
    sagemaker.refusals["freshet-dev-reviews"] = [("ConflictException", "the group has versions")] * 9
    with pytest.raises(TeardownError, match="freshet-dev-reviews"):
        _clear(sagemaker, GROUPS)


def _operation(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.listing.split("_"))
