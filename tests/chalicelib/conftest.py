"""The application on fakes."""

import secrets

import pytest

from chalicelib.bootstrap import Services
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
from chalicelib.settings import Http
from tests.chalicelib.fakes import STAGE, World


@pytest.fixture
def world() -> World:
    """Give an empty account."""
    return World()


@pytest.fixture
def services(world: World) -> Services:
    """Wire the services of the stage `dev` on the fakes."""
    observer = Observer(STAGE, PIPELINES, world.storage, world.sagemaker)
    return Services(
        stage=STAGE,
        datasets=Datasets(observer, world.storage, world.executor),
        runs=Runs(observer, world.executor),
        rollouts=Rollouts(observer, world.executor),
        batches=Batches(observer, world.storage, world.executor),
        predictor=Predictor(STAGE, PIPELINES, world.sagemaker, world.runtime, world.keys),
        progress=Progress(observer, world.storage),
        catalogue=Catalogue(STAGE, PIPELINES, world.sagemaker),
        feedback=FeedbackDesk(PIPELINES, world.keys, world.labels, per_hour=200),
        gatekeeper=Gatekeeper(world.tokens, secrets.token_bytes),
        http=Http(frozenset({"https://pages.example"})),
    )
