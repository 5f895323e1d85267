"""Where everything lies in the stage's bucket: the layout of keys, written and read back in one file.

``uploads/`` and ``batch/<pipeline>/input/`` are people's; the application writes everywhere else and listens to none of
its own prefixes, so that no output can start another run.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from chalicelib.core import container
from chalicelib.core.spec import Intake

ACCEPTED = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")
_DROPPED = re.compile(r"(?P<area>uploads|batch)/(?P<pipeline>[^/]+)/(?P<rest>.+)", re.DOTALL)
_CAPTURE = "capture"
_GROUND_TRUTH = "ground-truth"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_MAX_FILE_NAME = 100
_ID = re.compile(r"[0-9a-f]{16}(?=-)")


@dataclass(frozen=True)
class Dropped:
    """What the key of a person's file says: its purpose and its pipeline."""

    purpose: Literal["uploads", "batch"]
    pipeline: str


def parse_dropped(key: str) -> Dropped | None:
    """Read the key of a file that a person dropped; None if files under that key trigger nothing."""
    match = _DROPPED.fullmatch(key)
    if match is None or key.endswith("/") or (match["area"] == "batch" and not match["rest"].startswith("input/")):
        return None
    return Dropped("uploads" if match["area"] == "uploads" else "batch", match["pipeline"])


def upload_key(pipeline: str, file_name: str) -> str:
    """Return the key under which a labelled file is dropped."""
    return f"uploads/{pipeline}/{file_name}"


def batch_input_key(pipeline: str, file_name: str) -> str:
    """Return the key under which a file to score is dropped."""
    return f"batch/{pipeline}/input/{file_name}"


def ground_truth_key(pipeline: str, collected: datetime, inference_id: str, index: int) -> str:
    """Return the key of a label that came later; SageMaker's layout, by the hour (UTC) in which it came."""
    return f"{_GROUND_TRUTH}/{pipeline}/{hour_folder(collected)}{inference_id}-{index}.jsonl"


def hour_folder(time: datetime) -> str:
    """Return the folder of an hour, as SageMaker lays out captured requests and ground truth; UTC."""
    return f"{time:%Y/%m/%d/%H}/"


def hours(prefix: str, start: datetime, end: datetime) -> tuple[str, str, str]:
    """Return a prefix, what comes before every key of the hour that a time lies in, and what after those of another."""
    return prefix, prefix + hour_folder(start), prefix + hour_folder(end + timedelta(hours=1))


def refusal(key: str, size: int, intake: Intake) -> str | None:
    """Say why a dropped file of so many bytes is not even read; None if it is."""
    if not key.lower().endswith(ACCEPTED):
        return f"file names must end in {', '.join(ACCEPTED[:-1])} or {ACCEPTED[-1]}"
    if size > intake.max_bytes:
        return f"the file has {size:,} bytes, and {intake.max_bytes:,} are allowed: split it"
    return "the file is empty" if size == 0 else None


def raw_name(upload: str, key: str) -> str:
    """Return the file name of an upload's pinned copy: its id, then what of the person's name is safe in a path."""
    return f"{upload}-{_UNSAFE.sub('_', key.rsplit('/', 1)[-1])[-_MAX_FILE_NAME:]}"


def upload_of(name: str) -> str:
    """Return the upload's id in the file name of its pinned copy, which may be logged; nothing of another file's."""
    found = _ID.match(name)
    return found[0] if found else ""


@dataclass(frozen=True)
class Folder:
    """A folder of the bucket that one dataset version, run or batch owns."""

    bucket: str
    prefix: str

    def key(self, *parts: str) -> str:
        """Return the key of a file (or, ending in an empty part, a folder) below."""
        return "/".join((self.prefix, *parts))

    def uri(self, *parts: str) -> str:
        """Return the same as an ``s3://`` URI."""
        return f"s3://{self.bucket}/{self.key(*parts)}"

    @property
    def id(self) -> str:
        """The folder's own name."""
        return self.prefix.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Bucket:
    """The stage's bucket."""

    name: str

    def dataset(self, pipeline: str, dataset_id: str) -> Folder:
        """Return the folder of a dataset version."""
        return Folder(self.name, f"{self.datasets(pipeline)}{dataset_id}")

    def datasets(self, pipeline: str) -> str:
        """Return the prefix of all dataset versions of a pipeline."""
        return f"datasets/{pipeline}/"

    def run(self, pipeline: str, run_id: str) -> Folder:
        """Return the folder of a run."""
        return Folder(self.name, f"{self.runs(pipeline)}{run_id}")

    def runs(self, pipeline: str) -> str:
        """Return the prefix of all runs of a pipeline."""
        return f"models/{pipeline}/"

    def evaluation(self, pipeline: str, run_id: str, evaluation_id: str) -> Folder:
        """Return the folder of one evaluation of a run: a late one of another champion must not overwrite it."""
        return Folder(self.name, f"{self.runs(pipeline)}{run_id}/{container.EVALUATION}/{evaluation_id}")

    def scores(self, pipeline: str, run_id: str, dataset_id: str) -> Folder:
        """Return the folder of the scores that a run's model gave the held-out rows of a dataset version."""
        return Folder(self.name, f"{self.runs(pipeline)}{run_id}/{container.SCORES}/{dataset_id}")

    def manifest(self, keys: Sequence[str]) -> list[Any]:
        """Return the manifest of these files, as ManifestFile inputs want it: a prefix, then what follows it."""
        return [{"prefix": f"s3://{self.name}/"}, *keys]

    @property
    def capture_uri(self) -> str:
        """Return below what SageMaker stores captured requests: ``<endpoint>/<variant>/yyyy/mm/dd/hh/``, UTC."""
        return f"s3://{self.name}/{_CAPTURE}"

    def captured(self, endpoint: str, variant: str) -> str:
        """Return the prefix of what was captured of a variant."""
        return f"{_CAPTURE}/{endpoint}/{variant}/"

    def ground_truth(self, pipeline: str) -> str:
        """Return the prefix of the labels of a pipeline that came later."""
        return f"{_GROUND_TRUTH}/{pipeline}/"

    def check(self, pipeline: str, check_id: str) -> Folder:
        """Return the folder of a drift check."""
        return Folder(self.name, f"monitoring/{pipeline}/{check_id}")

    def check_report(self, pipeline: str, check_id: str) -> str:
        """Return the URI of a drift check's report."""
        return f"s3://{self.name}/{self.check_report_key(pipeline, check_id)}"

    def check_report_key(self, pipeline: str, check_id: str) -> str:
        """Return the key of a drift check's report."""
        return self.check(pipeline, check_id).key(container.MONITORING, container.REPORT_FILE)

    def uploads(self, pipeline: str) -> str:
        """Return the prefix of the labelled files of a pipeline."""
        return upload_key(pipeline, "")

    def batch_inputs(self, pipeline: str) -> str:
        """Return the prefix of the files to score of a pipeline."""
        return batch_input_key(pipeline, "")

    def batch(self, pipeline: str, batch_id: str) -> Folder:
        """Return the folder of a batch and its scores; a batch is named by its upload."""
        return Folder(self.name, f"scores/{pipeline}/{batch_id}")


# Files of a folder that the control plane writes; what jobs write is named in `container`.
DATASET_FILE = "dataset.json"
RUN_FILE = "run.json"
BATCH_FILE = "batch.json"
RAW_FOLDER = container.RAW
MANIFEST_FILE = "raw.manifest"
CAPTURE_MANIFEST = "capture.manifest"
LABELS_MANIFEST = "ground-truth.manifest"
CHECK_FILE = "check.json"
ARTIFACTS = "artifacts"
SCORED = "scored"
