"""How many instances a job may have: a process for each, so the quota of the local cloud is a small one."""

from localcloud import emulated
from localcloud.errors import AwsError

_MOST = 20  # ours: AWS's quotas differ by instance type and account


def read_count(count: int, instance_type: str | None, kind: str) -> None:
    """Refuse no instance, and more than the account may use for jobs of a ``kind``, in AWS's words as users told them.

    Raises
    ------
    AwsError
        ResourceLimitExceeded, or a ValidationException for none.
    """
    if count == 0:
        raise emulated.refusal("InstanceCount=0")
    if count > _MOST:
        raise AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{instance_type} for {kind} job usage' is {_MOST} Instances, with "
            f"current utilization of 0 Instances and a request delta of {count} Instances. Please contact AWS support "
            "to request an increase for this limit.",
        )
