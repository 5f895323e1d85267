"""SQS: queues and their messages in the database, by the cloud's time."""

from localcloud.sqs.service import Sqs

__all__ = ["Sqs"]
