"""SNS: topics, subscriptions and what is published, delivered to queues, functions and loopback addresses."""

from localcloud.sns.service import Sns

__all__ = ["Sns"]
