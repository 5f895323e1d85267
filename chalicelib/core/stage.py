"""One deployment of the application: the names and addresses that every request is made of."""

from dataclasses import dataclass

from chalicelib.core.names import Names
from chalicelib.core.places import Bucket


@dataclass(frozen=True)
class Stage:
    """A stage: its name, bucket, SageMaker execution role, training image (by digest), ledger's table, and topic.

    What people should know of is published on the topic.
    """

    name: str
    bucket_name: str
    role_arn: str
    image_uri: str
    table_name: str
    topic_arn: str

    @property
    def names(self) -> Names:
        """What the stage's resources are called."""
        return Names(self.name)

    @property
    def bucket(self) -> Bucket:
        """Where the stage's files lie."""
        return Bucket(self.bucket_name)
