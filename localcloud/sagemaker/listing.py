"""List operations: the same filters, orders and pages for every kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from localcloud import paging
from localcloud.errors import AwsError
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.resource_kinds import Kind
from localcloud.sagemaker.store import Data

_PAGE = 10  # AWS's default
OBJECTIVE = "_Objective"  # ours: of a tuning job's training job, as a text in the order of the numbers


@dataclass(frozen=True)
class Listing:
    """What differs between the List operations: the kind, the answer's list, the order when none is asked for."""

    kind: Kind
    answer: str
    descending: bool


LISTINGS: Mapping[str, Listing] = {
    "ListTrainingJobs": Listing(resource_kinds.TRAINING_JOB, "TrainingJobSummaries", descending=False),
    "ListProcessingJobs": Listing(resource_kinds.PROCESSING_JOB, "ProcessingJobSummaries", descending=False),
    "ListTransformJobs": Listing(resource_kinds.TRANSFORM_JOB, "TransformJobSummaries", descending=True),
    "ListModels": Listing(resource_kinds.MODEL, "Models", descending=True),
    "ListEndpointConfigs": Listing(resource_kinds.ENDPOINT_CONFIG, "EndpointConfigs", descending=True),
    "ListEndpoints": Listing(resource_kinds.ENDPOINT, "Endpoints", descending=True),
    "ListModelPackageGroups": Listing(
        resource_kinds.MODEL_PACKAGE_GROUP, "ModelPackageGroupSummaryList", descending=False
    ),
    "ListModelPackages": Listing(resource_kinds.MODEL_PACKAGE, "ModelPackageSummaryList", descending=False),
}


def page(listing: Listing, rows: Iterable[Data], request: Data) -> Data:
    """Return the answer of a List operation; raises AwsError for a token that is none of ours."""
    kind = listing.kind
    by = _order(kind, request.get("SortBy", "CreationTime"))
    descending = request.get("SortOrder", "Descending" if listing.descending else "Ascending") == "Descending"
    found, token = paging.page(
        (row for row in rows if _wanted(kind, row, request)),
        *(by, request.get("MaxResults", _PAGE), request.get("NextToken")),
        wrong=AwsError("ValidationException", "Invalid NextToken"),
        descending=descending,
    )
    return {listing.answer: found, "NextToken": token}


def _wanted(kind: Kind, row: Data, request: Data) -> bool:
    if request.get("NameContains", "").lower() not in row[kind.name].lower():
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        after, before = request.get(f"{member}After"), request.get(f"{member}Before")
        if (after is not None and row[member] <= after) or (before is not None and row[member] >= before):
            return False
    equal = {
        kind.status: request.get("StatusEquals"),
        "ModelApprovalStatus": request.get("ModelApprovalStatus"),
        "ModelPackageGroupName": request.get("ModelPackageGroupName", "").rpartition("/")[2] or None,
    }
    return all(row.get(member) == value for member, value in equal.items() if value is not None)


def _order(kind: Kind, member: str) -> Callable[[Data], tuple[str, str]]:
    names = {
        "Name": kind.name,
        "Status": kind.status,
        "CreationTime": "CreationTime",
        "FinalObjectiveMetricValue": OBJECTIVE,
    }

    def by(row: Data) -> tuple[str, str]:
        value = row[names[member]]
        return (value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value, _unique(kind, row))

    return by


def _unique(kind: Kind, row: Data) -> str:
    """Return what tells two rows apart: the name, in which a version's number counts as a number."""
    return (
        f"{row['ModelPackageGroupName']}/{row['ModelPackageVersion']:09d}"
        if kind is resource_kinds.MODEL_PACKAGE
        else row[kind.name]
    )
