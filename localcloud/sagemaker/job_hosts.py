"""The hosts of a job: for each a folder in the place of ``/opt/ml``, its share of the data, and its log."""

from dataclasses import dataclass
from pathlib import Path

from localcloud.sagemaker.host_names import host_names
from localcloud.sagemaker.store import Data


@dataclass(frozen=True)
class Host:
    """One host; ``number`` counts from 0."""

    number: int
    name: str
    base: Path
    log: Path


def hosts_of(count: int, base: Path, log: Path) -> list[Host]:
    """Return a job's hosts; one alone logs to ``log``, several to a file each beside it."""
    return [
        Host(number, name, base / name, log if count == 1 else log.with_name(f"{log.stem}.{name}.log"))
        for number, name in enumerate(host_names(count))
    ]


def share_of(source: Data, host: Host, count: int) -> slice:
    """Return which of a source's objects a host gets: all, or of sharded ones every so-manieth."""
    return slice(host.number, None, count) if source.get("S3DataDistributionType") == "ShardedByS3Key" else slice(None)
