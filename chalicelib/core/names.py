"""What everything in AWS is called: a name is a function of stage, pipeline and content, so it is the idempotency key.

Every name starts ``freshet-<stage>-<pipeline>-`` (stages share an account and its event bus; every rule filters on that
prefix). Jobs add ``<step>-<id>``, where the id is that of what they work for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from chalicelib.core.errors import InvalidEventError

APP = "freshet"
Step = Literal["prepare", "train", "score", "evaluate", "baseline", "shard", "batch", "drift"]
STEPS: tuple[str, ...] = get_args(Step)
METRICS_NAMESPACE = "Freshet"  # of our figures in CloudWatch, by the dimensions Stage and Pipeline
AlarmKind = Literal["drift", "quality"]
WATCHED: Mapping[AlarmKind, str] = {"drift": "DriftConfirmed", "quality": "QualityWorse"}  # figures: 1 is an alarm
_ALARM = re.compile(rf"(?P<pipeline>.+)-(?P<kind>{'|'.join(WATCHED)})")
_JOB = re.compile(rf"(?P<pipeline>.+)-(?P<step>{'|'.join(STEPS)})-(?P<id>[0-9a-f]{{16}})(-[2-9])?")


@dataclass(frozen=True)
class JobName:
    """What a job's name says: pipeline, step, and the id of the dataset version, run, batch or check it works for."""

    pipeline: str
    step: Step
    id: str


@dataclass(frozen=True)
class AlarmName:
    """What an alarm's name says: the pipeline, and what of it the alarm watches."""

    pipeline: str
    kind: AlarmKind


@dataclass(frozen=True)
class Names:
    """The names of one stage."""

    stage: str

    @property
    def prefix(self) -> str:
        """What every name of this stage starts with."""
        return f"{APP}-{self.stage}-"

    def job(self, pipeline: str, step: Step, job_id: str, attempt: int = 1) -> str:
        """Return the name of the processing, training or transform job of a step; a later attempt says which it is."""
        return f"{self.prefix}{pipeline}-{step}-{job_id}{f'-{attempt}' if attempt > 1 else ''}"

    def parse_job(self, name: str) -> JobName:
        """Read a job's name back.

        Raises
        ------
        InvalidEventError
            If the name is not one that `job` gives.
        """
        match = _JOB.fullmatch(name.removeprefix(self.prefix)) if name.startswith(self.prefix) else None
        if match is None:
            raise InvalidEventError(f"job name {name!r} is not one of stage {self.stage!r}")
        return JobName(match["pipeline"], match["step"], match["id"])  # type: ignore[arg-type]

    def candidate(self, pipeline: str, run_id: str) -> str:
        """Return the name of the model that scores the held-out rows, before it is a package."""
        return f"{self.prefix}{pipeline}-candidate-{run_id}"

    def model(self, pipeline: str, run_id: str) -> str:
        """Return the name of the model that serves."""
        return f"{self.prefix}{pipeline}-model-{run_id}"

    def endpoint_config(self, pipeline: str, run_id: str, content: str) -> str:
        """Return the name of an immutable endpoint config that serves a run's model.

        ``content`` is the id of what else it says. A name has room for four of its digits: two configs of one run, of
        which there is one for each change of its machines or of what is captured, share them once in 65,536 times.
        """
        return f"{self._configs(pipeline)}{run_id}-{content[:4]}"

    def parse_endpoint_config(self, pipeline: str, name: str) -> str | None:
        """Read the run from the name of an endpoint config; None if it is not one of ours."""
        prefix = self._configs(pipeline)
        return name.removeprefix(prefix).partition("-")[0] if name.startswith(prefix) else None

    def _configs(self, pipeline: str) -> str:
        return f"{self.prefix}{pipeline}-config-"

    def endpoint(self, pipeline: str) -> str:
        """Return the name of the pipeline's endpoint."""
        return f"{self.prefix}{pipeline}"

    def model_package_group(self, pipeline: str) -> str:
        """Return the name of the group that holds the pipeline's versions."""
        return f"{self.prefix}{pipeline}"

    def alarm(self, pipeline: str, kind: AlarmKind) -> str:
        """Return the name of the alarm that watches a pipeline."""
        return f"{self.prefix}{pipeline}-{kind}"

    def parse_alarm(self, name: str) -> AlarmName | None:
        """Read an alarm's name back; None if it is not one that `alarm` gives."""
        match = _ALARM.fullmatch(name.removeprefix(self.prefix)) if name.startswith(self.prefix) else None
        return AlarmName(match["pipeline"], match["kind"]) if match else None  # type: ignore[arg-type]

    def parse_pipeline(self, name: str) -> str:
        """Read the pipeline from the name of an endpoint or a model package group.

        Raises
        ------
        InvalidEventError
            If the name is not of this stage.
        """
        if not name.startswith(self.prefix):
            raise InvalidEventError(f"name {name!r} is not one of stage {self.stage!r}")
        return name.removeprefix(self.prefix)
