"""The one place that knows concrete classes: settings and adapters to services, made once per process."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from chalicelib import settings
from chalicelib.adapters.events import EventBridgeBus
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.ledger import DynamoLedger
from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.core.stage import Stage
from chalicelib.pipelines import PIPELINES
from chalicelib.services.batches import Batches
from chalicelib.services.observer import Observer
from chalicelib.services.pipelines import Pipelines
from chalicelib.services.ports import Bus
from chalicelib.services.predictor import Predictor
from chalicelib.services.standings import Standings
from chalicelib.services.stories import Stories
from chalicelib.services.wishes import Wishes


@dataclass(frozen=True)
class Services:
    """Every use case of the application, ready to call."""

    stage: Stage
    pipelines: Pipelines
    batches: Batches
    wishes: Wishes
    stories: Stories
    standings: Standings
    predictor: Predictor
    bus: Bus


def services_of(stage: Stage) -> Services:
    """Wire the services of a stage."""
    storage, sagemaker, ledger = S3Storage(stage.bucket_name), SageMakerReader(), DynamoLedger(stage.table_name)
    observer, executor = Observer(stage, PIPELINES, storage, sagemaker, ledger), AwsExecutor(storage, ledger)
    return Services(
        stage=stage,
        pipelines=Pipelines(observer, storage, ledger, executor, _now),
        batches=Batches(observer, storage, ledger, executor, _now),
        wishes=Wishes(observer, sagemaker, ledger, executor, _now),
        stories=Stories(observer, storage, ledger, _now),
        standings=Standings(observer, ledger, _now),
        predictor=Predictor(stage, PIPELINES, sagemaker, EndpointRuntime()),
        bus=EventBridgeBus(stage.name),
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


def _now() -> datetime:
    return datetime.now(UTC)
