from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from chalicelib.core.spec import DecisionTarget, PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from training.channels import LabelledRow
from training.cross_validation import cross_validate
from training.errors import RefusedDataError
from training.learners.fitted import Fitted
from training.metrics import Floats
from training.rows import Row

ROWS = [
    LabelledRow(
        f"{place}",
        Row({"text": str(place)}, ("negative", "positive")[place % 2], f"film {place % 23}" if place % 5 else None),
    )
    for place in range(200)
]


class Known:
    """A model that scores a row by its place: right for all but one in four."""

    def score(self, rows: Sequence[Mapping[str, object]]) -> Floats:
        places = np.array([int(str(row["text"])) for row in rows])
        return np.where(places % 4 == 0, 0.6, np.where(places % 2, 0.9, 0.1))

    def to_files(self) -> dict[str, bytes]:
        return {}


class Recorder:
    """A learner that notes what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[Sequence[LabelledRow], Sequence[LabelledRow]]] = []

    def __call__(
        self,
        spec: PipelineSpec,  # noqa: ARG002 - a learner's signature
        train: Sequence[LabelledRow],
        validation: Sequence[LabelledRow],
        strings: Mapping[str, str],
    ) -> Fitted:
        assert strings == {"depth": "1"}
        self.given.append((train, validation))
        return Fitted(Known(), {}, Known().score([row.row.columns for row in validation]))


def test_no_group_is_learnt_from_and_scored(spec: PipelineSpec) -> None:
    """In each fold every row is fitted on, validated on or held out, and no group is two of these."""
    learner = Recorder()
    cross_validate(spec, learner, ROWS, {"depth": "1"})
    assert len(learner.given) == 10
    for train, validation in learner.given:
        ids = [{row.id for row in side} for side in (train, validation)]
        held_out = [row for row in ROWS if row.id not in ids[0] | ids[1]]
        assert not ids[0] & ids[1]
        assert 10 < len(held_out) < 90
        groups = [{row.row.group for row in side} - {None} for side in (train, validation, held_out)]
        assert sum(map(len, groups)) == len(set[str | None]().union(*groups))
    first, second = ({row.id for row in learner.given[place][0]} for place in (0, 5))
    assert first != second  # a repeat deals anew


def test_figures_are_means_over_folds(spec: PipelineSpec) -> None:
    """Means and deviations are of the held-out rows of each fold."""
    found = cross_validate(spec, Recorder(), ROWS, {"depth": "1"})
    assert found is not None
    assert (found["folds"], found["repeats"], found["scored"]) == (5, 2, 10)
    assert found["metrics"]["accuracy"]["mean"] == pytest.approx(0.75, abs=0.02)
    assert 0 < found["metrics"]["accuracy"]["standard_deviation"] < 0.1


def test_the_threshold_is_each_folds_own(spec: PipelineSpec) -> None:
    """A decision target is met by a threshold from the fold's validation rows: above 0.6 all calls are right."""
    careful = replace(spec, decision=DecisionTarget("precision", 0.95))
    found = cross_validate(careful, Recorder(), ROWS, {"depth": "1"})
    assert found is not None
    assert found["metrics"]["precision"]["mean"] == 1


def test_data_that_cannot_be_folded_have_no_figures(spec: PipelineSpec) -> None:
    """Where no fold can be learnt without, there is no figure, and it is not 0."""

    def refuse(*_: object) -> Fitted:
        raise RefusedDataError("too few rows")

    assert cross_validate(spec, refuse, ROWS, {}) is None
    assert cross_validate(spec, Recorder(), ROWS[:1], {"depth": "1"}) is None


def test_numbers_are_cross_validated() -> None:
    """A regression has its own metrics."""
    rows = [LabelledRow(row.id, Row(row.row.columns, float(place % 2), None)) for place, row in enumerate(ROWS)]
    found = cross_validate(HOUSING, Recorder(), rows, {"depth": "1"})
    assert found is not None
    assert found["metrics"].keys() == {"rmse", "mae", "mse", "r2"}
    assert found["metrics"]["mae"]["mean"] == pytest.approx(0.225, abs=0.02)
