"""The one place that knows concrete classes: settings and adapters to services, made once per process."""

from dataclasses import dataclass
from functools import cache

from chalicelib import settings
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.core.stage import Stage
from chalicelib.pipelines import PIPELINES
from chalicelib.services.batches import Batches
from chalicelib.services.datasets import Datasets
from chalicelib.services.observer import Observer
from chalicelib.services.predictor import Predictor
from chalicelib.services.progress import Progress
from chalicelib.services.rollouts import Rollouts
from chalicelib.services.runs import Runs


@dataclass(frozen=True)
class Services:
    """Every use case of the application, ready to call."""

    stage: Stage
    datasets: Datasets
    runs: Runs
    rollouts: Rollouts
    batches: Batches
    predictor: Predictor
    progress: Progress


def services_of(stage: Stage) -> Services:
    """Wire the services of a stage."""
    storage, sagemaker = S3Storage(stage.bucket_name), SageMakerReader()
    observer, executor = Observer(stage, PIPELINES, storage, sagemaker), AwsExecutor(storage)
    return Services(
        stage=stage,
        datasets=Datasets(observer, storage, executor),
        runs=Runs(observer, executor),
        rollouts=Rollouts(observer, executor),
        batches=Batches(observer, storage, executor),
        predictor=Predictor(stage, PIPELINES, sagemaker, EndpointRuntime()),
        progress=Progress(observer, storage),
    )


@cache
def services() -> Services:
    """Return the services of the stage this process belongs to.

    Raises
    ------
    SettingsError
        If the environment lacks a setting.
    """
    return services_of(settings.stage())
