"""The application on fakes."""

import pytest

from chalicelib.bootstrap import Services
from chalicelib.pipelines import PIPELINES
from chalicelib.services.batches import Batches
from chalicelib.services.datasets import Datasets
from chalicelib.services.observer import Observer
from chalicelib.services.predictor import Predictor
from chalicelib.services.progress import Progress
from chalicelib.services.rollouts import Rollouts
from chalicelib.services.runs import Runs
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
        predictor=Predictor(STAGE, PIPELINES, world.sagemaker, world.runtime),
        progress=Progress(observer, world.storage),
    )
