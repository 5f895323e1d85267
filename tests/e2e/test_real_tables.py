"""The tabular pipelines on real data, where they lie beside the project (Boston housing, Adult)."""

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import Local

DATA = Path(os.environ.get("FRESHET_DATA", Path(__file__).parents[3] / "shared" / "data"))

pytestmark = pytest.mark.e2e


@pytest.mark.skipif(not (DATA / "boston").is_dir(), reason=f"{DATA}/boston is absent: set FRESHET_DATA to its folder")
def test_real_homes(local: Local) -> None:
    """On 506 districts of Boston the held-out error is far below that of the mean."""
    assert local.learn("housing", DATA / "boston/boston.csv")["metrics"]["r2"] > 0.75


@pytest.mark.skipif(not (DATA / "adult").is_dir(), reason=f"{DATA}/adult is absent: set FRESHET_DATA to its folder")
def test_real_people(local: Local) -> None:
    """On the census the labels are told apart as well as they are known to be, with about the precision asked for."""
    metrics = local.learn("income", DATA / "adult/adult.csv.gz")["metrics"]
    assert metrics["auc"] >= 0.92
    assert metrics["precision"] >= 0.75
