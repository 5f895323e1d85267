"""Eventual visibility: for `Delays.visibility` seconds nobody sees a new resource, though its name is taken at once.

Source: CreateEndpoint's reference, which tells of reads that do not reflect a write just completed. Only what a caller
asks for is hidden; the cloud's own work goes on.
"""

from collections.abc import Iterable

from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.resource_kinds import Kind
from localcloud.sagemaker.store import Data


def get(foundation: Foundation, kind: Kind, region: str, name: str) -> Data:
    """Return a resource; raises AwsError as AWS words it if there is none, or none to be seen yet."""
    row = foundation.store.get(kind, region, name)
    if not _seen(foundation, row):
        raise kind.missing(region, name)
    return row


def of(foundation: Foundation, rows: Iterable[Data]) -> list[Data]:
    """Return those of the rows that can be seen."""
    return [row for row in rows if _seen(foundation, row)]


def _seen(foundation: Foundation, row: Data) -> bool:
    delay = foundation.delays.visibility
    return delay <= 0 or (foundation.now() - row["CreationTime"]).total_seconds() >= delay
