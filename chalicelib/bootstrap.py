"""The one place that knows concrete classes: settings and adapters to services, made once per process."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from chalicelib import settings
from chalicelib.adapters.access import LedgerKeys, LedgerTokens
from chalicelib.adapters.alarms import CloudWatchAlarms
from chalicelib.adapters.events import EventBridgeBus
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.labels import StoredLabels
from chalicelib.adapters.ledger import DynamoLedger
from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.adapters.traffic import CloudWatchTraffic
from chalicelib.core.stage import Stage
from chalicelib.pipelines import PIPELINES
from chalicelib.services.batches import Batches
from chalicelib.services.catalogue import Catalogue
from chalicelib.services.checks import Checks
from chalicelib.services.feedback import FeedbackDesk
from chalicelib.services.gatekeeper import Gatekeeper
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
    checks: Checks
    standings: Standings
    predictor: Predictor
    bus: Bus
    catalogue: Catalogue
    feedback: FeedbackDesk
    gatekeeper: Gatekeeper
    http: settings.Http


def services_of(stage: Stage, http: settings.Http | None = None) -> Services:
    """Wire the services of a stage; whoever answers no HTTP needs no settings of it."""
    http = http or settings.Http()
    keys = LedgerKeys(stage.table_name, secrets.token_bytes)
    storage, sagemaker, ledger = S3Storage(stage.bucket_name), SageMakerReader(), DynamoLedger(stage.table_name)
    observer = Observer(stage, PIPELINES, storage, sagemaker, ledger, CloudWatchAlarms(), CloudWatchTraffic())
    executor = AwsExecutor(stage, storage, ledger)
    return Services(
        stage=stage,
        pipelines=Pipelines(observer, storage, ledger, executor, _now),
        batches=Batches(observer, storage, ledger, executor, _now),
        wishes=Wishes(observer, sagemaker, ledger, executor, _now),
        stories=Stories(observer, storage, ledger, _now),
        checks=Checks(observer, storage, ledger),
        standings=Standings(observer, ledger, _now),
        predictor=Predictor(stage, PIPELINES, sagemaker, EndpointRuntime(), keys),
        bus=EventBridgeBus(stage.name),
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


def _now() -> datetime:
    return datetime.now(UTC)
