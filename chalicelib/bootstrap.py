"""The one place that knows concrete classes: settings and adapters to services, made once per process."""

import secrets
from dataclasses import dataclass
from functools import cache

from chalicelib import settings
from chalicelib.adapters import refusals
from chalicelib.adapters.access import LedgerKeys, LedgerTokens
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.labels import StoredLabels
from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.core.stage import Stage
from chalicelib.pipelines import PIPELINES
from chalicelib.services.batches import Batches
from chalicelib.services.catalogue import Catalogue
from chalicelib.services.datasets import Datasets
from chalicelib.services.feedback import FeedbackDesk
from chalicelib.services.gatekeeper import Gatekeeper
from chalicelib.services.observer import Observer
from chalicelib.services.predictor import Predictor
from chalicelib.services.progress import Progress
from chalicelib.services.rollouts import Rollouts
from chalicelib.services.runs import Runs

# What AWS may raise anywhere, and its translation into our errors, for the edge where a request is answered.
AWS_ERRORS = refusals.AWS_ERRORS
explained = refusals.explained


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
    catalogue: Catalogue
    feedback: FeedbackDesk
    gatekeeper: Gatekeeper
    http: settings.Http


def services_of(stage: Stage, http: settings.Http | None = None) -> Services:
    """Wire the services of a stage; whoever answers no HTTP needs no settings of it."""
    http = http or settings.Http()
    keys = LedgerKeys(stage.table_name, secrets.token_bytes)
    storage, sagemaker = S3Storage(stage.bucket_name), SageMakerReader()
    observer, executor = Observer(stage, PIPELINES, storage, sagemaker), AwsExecutor(storage)
    return Services(
        stage=stage,
        datasets=Datasets(observer, storage, executor),
        runs=Runs(observer, executor),
        rollouts=Rollouts(observer, executor),
        batches=Batches(observer, storage, executor),
        predictor=Predictor(stage, PIPELINES, sagemaker, EndpointRuntime(), keys),
        progress=Progress(observer, storage),
        catalogue=Catalogue(stage, PIPELINES, sagemaker),
        feedback=FeedbackDesk(PIPELINES, keys, StoredLabels(stage.table_name, stage.bucket_name), http.labels_per_hour),
        gatekeeper=Gatekeeper(LedgerTokens(stage.table_name), secrets.token_bytes),
        http=http,
    )


@cache
def services() -> Services:
    """Return the services of the stage this process belongs to.

    Raises
    ------
    SettingsError
        If the environment lacks a setting.
    """
    return services_of(settings.stage(), settings.http())
