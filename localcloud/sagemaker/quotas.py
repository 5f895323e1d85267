"""What an account may have at once: ``ResourceLimitExceeded`` in AWS's words beyond it.

Pure: the rows there are, the limit, and what is asked for. AWS's quotas depend on the account and the instance type;
here they are settings, high enough not to be met by chance. Names and text of the quotas for instances are as users
report them, those of the others ours.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.errors import AwsError
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.resource_kinds import TERMINAL, Kind
from localcloud.settings import Limits

Data = Mapping[str, Any]
_JOBS = {
    resource_kinds.TRAINING_JOB.prefix: "training_instances",
    resource_kinds.PROCESSING_JOB.prefix: "processing_instances",
    resource_kinds.TRANSFORM_JOB.prefix: "transform_instances",
}
_COUNTED = {
    resource_kinds.MODEL.prefix: ("models", "Total number of models", "Models"),
    resource_kinds.ENDPOINT_CONFIG.prefix: (
        "endpoint_configs",
        "Total number of endpoint configurations",
        "EndpointConfigurations",
    ),
    resource_kinds.ENDPOINT.prefix: ("endpoints", "Total number of endpoints", "Endpoints"),
    resource_kinds.TUNING_JOB.prefix: (
        "tuning_jobs",
        "Number of parallel hyperparameter tuning jobs",
        "HyperParameterTuningJobs",
    ),
}


def check(name: str, unit: str, *, limit: int, used: int, delta: int) -> None:
    """Refuse ``delta`` more where ``used`` are there and ``limit`` allowed; raises AwsError."""
    if used + delta > limit:
        raise AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{name}' is {limit} {unit}, with current utilization of {used} {unit} "
            f"and a request delta of {delta} {unit}. Please contact AWS support to request an increase for this limit.",
        )


def check_job(limits: Limits, kind: Kind, rows: Iterable[Data], request: Data) -> None:
    """Refuse a job whose instances are too many beside those of the jobs that have not ended; raises AwsError."""
    name = f"Number of instances across all {kind.noun.replace('-', ' ')}s"
    used = sum(_instances(row) for row in rows if row[kind.status] not in TERMINAL)
    limit: int = getattr(limits, _JOBS[kind.prefix])
    check(name, "Instances", limit=limit, used=used, delta=_instances(request))


def check_count(limits: Limits, kind: Kind, rows: Iterable[Data]) -> None:
    """Refuse one more resource of a kind; tuning jobs that have ended do not count. Raises AwsError."""
    setting, name, unit = _COUNTED[kind.prefix]
    used = sum(kind is not resource_kinds.TUNING_JOB or row[kind.status] not in TERMINAL for row in rows)
    limit: int = getattr(limits, setting)
    check(name, unit, limit=limit, used=used, delta=1)


def _instances(job: Data) -> int:
    cluster = job.get("ProcessingResources", {}).get("ClusterConfig", {})
    resources = job.get("ResourceConfig") or job.get("TransformResources") or cluster
    count: int = resources.get("InstanceCount", 1)
    return count
