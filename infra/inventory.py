"""What a stage has in SageMaker outside its stack: found by exact name prefix, removed kind by kind.

Level-triggered: a kind is listed, each found thing is asked to go, and the list is read again until it is empty. So an
endpoint that is still being made, a job that ended meanwhile or a config still in use need no case of their own; a
refusal is told and tried again until the deadline. The price: a refusal that will never end is only given up then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.errors import TeardownError

PAUSE_S = 15.0
ATTEMPTS = 240  # an hour: an endpoint may sit in Creating as long before it fails
# Answers that a later look may change: being made, in use, gone already. Any other (no permission) ends the teardown.
_PASSING = frozenset({"ValidationException", "ConflictException", "ResourceInUse", "ResourceNotFound"})


@dataclass(frozen=True)
class Kind:
    """One kind of resource: how it is listed and how one of it is removed, in SageMaker's own spelling."""

    title: str
    listing: str
    members: str
    name: str
    removal: str
    argument: str
    filters: Mapping[str, str] = field(default_factory=dict)


TRANSFORMS, TRAININGS, PROCESSINGS = (
    Kind(
        f"running {what.lower()} job",
        f"list_{what.lower()}_jobs",
        f"{what}JobSummaries",
        f"{what}JobName",
        f"stop_{what.lower()}_job",
        f"{what}JobName",
        {"StatusEquals": "InProgress"},
    )
    for what in ("Transform", "Training", "Processing")
)
ENDPOINTS = Kind("endpoint", "list_endpoints", "Endpoints", "EndpointName", "delete_endpoint", "EndpointName")
CONFIGS = Kind(
    "endpoint config",
    "list_endpoint_configs",
    "EndpointConfigs",
    "EndpointConfigName",
    "delete_endpoint_config",
    "EndpointConfigName",
)
MODELS = Kind("model", "list_models", "Models", "ModelName", "delete_model", "ModelName")
PACKAGES = Kind(
    "model package",
    "list_model_packages",
    "ModelPackageSummaryList",
    "ModelPackageArn",
    "delete_model_package",
    "ModelPackageName",
)
GROUPS = Kind(
    "model package group",
    "list_model_package_groups",
    "ModelPackageGroupSummaryList",
    "ModelPackageGroupName",
    "delete_model_package_group",
    "ModelPackageGroupName",
)
# What costs money while it stands goes first; then what refers to a thing goes before the thing.
BILLED = (TRANSFORMS, TRAININGS, PROCESSINGS, ENDPOINTS)
RECORDS = (CONFIGS, MODELS, PACKAGES, GROUPS)


def find(sagemaker: Any, kind: Kind, prefix: str) -> list[str]:  # noqa: ANN401 - the kinds name its operations
    """Return the names (ARNs, for packages) of all resources of a kind whose name starts with exactly ``prefix``."""
    if kind is PACKAGES:
        groups = find(sagemaker, GROUPS, prefix)
        return [arn for group in groups for arn in _pages(sagemaker, kind, {"ModelPackageGroupName": group})]
    # NameContains finds the prefix anywhere in a name: it only spares us the other stages' pages.
    found = _pages(sagemaker, kind, {"NameContains": prefix, **kind.filters})
    return [name for name in found if name.startswith(prefix)]


def _pages(sagemaker: Any, kind: Kind, request: Mapping[str, str]) -> Iterator[str]:  # noqa: ANN401 - as above
    for page in sagemaker.get_paginator(kind.listing).paginate(**request):
        for item in page[kind.members]:
            yield item[kind.name]


def clear(
    sagemaker: Any,  # noqa: ANN401 - the kinds name its operations
    kind: Kind,
    prefix: str,
    *,
    tell: Callable[[str], None],
    sleep: Callable[[float], None],
) -> None:
    """Remove every resource of a kind with the prefix; return when none is listed any more.

    Raises
    ------
    TeardownError
        If something is still there after `ATTEMPTS` looks, `PAUSE_S` seconds apart.
    """
    told: set[str] = set()
    for attempt in range(ATTEMPTS):
        names = find(sagemaker, kind, prefix)
        if not names:
            return
        if attempt:
            sleep(PAUSE_S)
        for name in names:
            message = f"{kind.removal.replace('_', ' ')}: {name}"
            try:
                getattr(sagemaker, kind.removal)(**{kind.argument: name})
            except ClientError as error:
                if error.response["Error"]["Code"] not in _PASSING:
                    raise
                message = f"waiting for {kind.title} {name}: {error.response['Error']['Message']}"
            if message not in told:
                told.add(message)
                tell(message)
    if left := find(sagemaker, kind, prefix):
        raise TeardownError(f"still there: {kind.title} {', '.join(left)}. They may cost money: look into the console")
