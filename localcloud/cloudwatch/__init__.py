"""CloudWatch: metrics, metric math and alarms that are evaluated."""

from localcloud.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch"]
