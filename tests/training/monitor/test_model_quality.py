from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chalicelib.core.policies import GatePolicy
from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.monitor.captured import SPEC
from training.captured import Captured
from training.errors import InputError
from training.ground_truth import Taken
from training.held_out import Answers, HeldOut
from training.monitor.edges import find_edges
from training.monitor.expected import Expected
from training.monitor.labelled import Labelled
from training.monitor.model_quality import Judged, QualityPolicy, describe_baseline, describe_expected, judge
from training.resampling import Groups

# A model whose scores are right: of rows with a score of 0.8, eight in ten are positive.
EDGES = find_edges(np.random.default_rng(9).beta(0.5, 0.5, 5_000))
Numbers = np.ndarray


def rows(count: int, seed: int, flipped: float = 0.0) -> tuple[Numbers, Numbers]:
    """Return scores, and what the rows are; of so many in a hundred the other."""
    random = np.random.default_rng(seed)
    scores = random.beta(0.5, 0.5, count)
    positive = random.random(count) < scores
    return scores, positive ^ (random.random(count) < flipped)


def make_baseline(spec: PipelineSpec, numbers: Numbers, targets: Numbers) -> dict[str, Any]:
    count = len(numbers)
    held_out = HeldOut(
        spec,
        [str(place) for place in range(count)],
        targets.astype(np.float64),
        Groups(np.arange(count), count),
        np.zeros(count, np.uint64),
        None,
        [""] * count,
    )
    return describe_baseline(held_out, Answers(numbers, numbers >= 0.5, [""]), Expected(EDGES))


def count_rows(
    numbers: Numbers, targets: Numbers, labelled: Numbers, spec: PipelineSpec = SPEC, of_group: int = 1
) -> Labelled:
    """Return a window of single requests, so many of a group, where these have a label."""
    found = Labelled(spec, EDGES if spec is not HOUSING else np.linspace(0, 50, 40))
    for place, (number, target, known) in enumerate(zip(numbers, targets, labelled, strict=True)):
        label = float(target) if spec.regression else spec.labels[int(target)]
        request = Captured([{}], [float(number)], called=[] if spec.regression else [bool(number >= 0.5)])
        found.add(request, [Taken(0, label)] if known else [], place // of_group)
    found.settle()
    return found


BASELINE = make_baseline(SPEC, *rows(1_000, 100))


def judged(seed: int, flipped: float = 0.0, share: float = 0.5, count: int = 600, **policy: Any) -> Judged:
    """Judge a window of which some rows have a label by chance."""
    numbers, targets = rows(count, seed, flipped)
    known = np.random.default_rng(seed + 1).random(count) < share
    return judge(count_rows(numbers, targets, known), BASELINE, QualityPolicy(**policy))


def test_a_model_that_got_worse_is_told() -> None:
    """Where a fifth of the labels are not what they were, the model is worse, by a stated test at a stated level."""
    found = judged(1, flipped=0.2)
    assert (found.verdict, found.reasons) == ("worse", ())
    test = found.statistics["test"]
    assert (test["metric"], test["level"], test["weighted"]) == ("accuracy", 0.05, False)
    now = found.statistics["binary_classification_metrics"]["accuracy"]["value"]
    assert test["loss"] == pytest.approx(BASELINE["metrics"]["accuracy"]["value"] - now)
    assert test["p_value"] <= 0.05


def test_a_model_as_good_as_it_was_is_seldom_worse() -> None:
    """Without a change, windows are called worse about as rarely as the level says, baselines drawn anew each time."""
    verdicts = []
    for seed in range(60):
        baseline = make_baseline(SPEC, *rows(150, 1_000 + seed))
        numbers, targets = rows(120, 2_000 + seed)
        verdicts.append(judge(count_rows(numbers, targets, np.ones(120, bool)), baseline, QualityPolicy()).verdict)
    assert set(verdicts) == {"worse", "not worse"}
    assert verdicts.count("worse") <= 8  # of 3 expected


def test_the_layout_is_model_monitors() -> None:
    """The metrics of the labelled rows are told in SageMaker's layout, with how many of the window's rows they are."""
    found = judged(1).statistics
    assert found["dataset"]["item_count"] == found["selection"]["labelled"]
    assert {"value", "standard_deviation"} <= found["binary_classification_metrics"]["auc"].keys()
    assert found["selection"]["rows"] == 600
    assert found["selection"]["coverage"] == pytest.approx(0.5, abs=0.1)


def window_labelled_where_unsure(flipped: float) -> tuple[Numbers, Numbers, Numbers]:
    """Return a window in which rows of an unsure score get a label eight times as often."""
    numbers, targets = rows(3_000, 5, flipped)
    unsure = np.abs(numbers - 0.5) < 0.3
    return numbers, targets, np.random.default_rng(6).random(3_000) < np.where(unsure, 0.8, 0.1)


@pytest.mark.parametrize(("flipped", "verdict"), [(0.0, "not worse"), (0.2, "worse")])
def test_labels_of_unsure_rows_are_weighted(flipped: float, verdict: str) -> None:
    """Where labels come for the hard rows, weighted metrics are those of all rows, and the verdict rests on these."""
    numbers, targets, known = window_labelled_where_unsure(flipped)
    found = judge(count_rows(numbers, targets, known), BASELINE, QualityPolicy())
    told = found.statistics
    assert found.verdict == verdict
    assert told["selection"]["p_value"] <= 0.01
    assert told["test"]["weighted"]
    right = ((numbers >= 0.5) == targets).mean()
    assert told["weighted"]["accuracy"]["value"] == pytest.approx(right, abs=0.03)
    assert told["binary_classification_metrics"]["accuracy"]["value"] < right - 0.05


def test_scores_that_nobody_labels_are_withheld() -> None:
    """Where labels come for a part of the scores only, no weight helps, and the verdict is withheld with its reason."""
    numbers, targets = rows(1_000, 7, flipped=0.4)
    found = judge(count_rows(numbers, targets, numbers > 0.5), BASELINE, QualityPolicy())
    assert found.verdict == "withheld"
    assert "the labelled rows are not like the others" in found.reasons[0]
    assert "weighted" not in found.statistics


def test_too_small_a_share_is_withheld() -> None:
    """Where fewer rows have a label than are asked for, the verdict is withheld, whatever the labels say."""
    found = judged(1, flipped=0.4, share=0.1, count=2_000, least_labelled=0.5)
    assert found.verdict == "withheld"
    assert found.reasons == ("9.2% of the window's rows have a label, and 50.0% are asked for",)


@pytest.mark.parametrize("flipped", [0.0, 0.5])
def test_few_labels_say_nothing(flipped: float) -> None:
    """Fewer labels than are asked for are not enough data, whatever they say; their metrics are told all the same."""
    found = judged(1, flipped, share=0.1)
    assert found.verdict == "not enough data"
    assert "rows have a label, and 100 are asked for" in found.reasons[0]
    assert "binary_classification_metrics" in found.statistics


def test_few_groups_say_nothing() -> None:
    """Labels of few groups are not enough data, however many they are."""
    numbers, targets = rows(600, 1, flipped=0.5)
    found = judge(count_rows(numbers, targets, np.ones(600, bool), of_group=60), BASELINE, QualityPolicy())
    assert (found.verdict, found.reasons) == (
        "not enough data",
        ("the labelled rows are in 10 groups, and 20 are asked for",),
    )


def test_no_label_at_all_says_nothing() -> None:
    """A window without a labelled row is not enough data, and so is an empty one."""
    for count in (0, 10):
        found = judge(count_rows(*rows(count, 1), np.zeros(count, bool)), BASELINE, QualityPolicy())
        assert (found.verdict, found.reasons) == ("not enough data", ("no row of the window has a label",))


def test_a_window_that_was_not_read_says_nothing() -> None:
    """What the window lacks, the labels lack too."""
    numbers, targets = rows(600, 1, flipped=0.5)
    found = judge(count_rows(numbers, targets, np.ones(600, bool)), BASELINE, QualityPolicy(), ["half was not read"])
    assert (found.verdict, found.reasons) == ("not enough data", ("half was not read",))


def test_a_baseline_without_metrics_says_nothing() -> None:
    """A baseline that was made before it kept metrics is said to be made anew."""
    numbers, targets = rows(600, 1)
    found = judge(count_rows(numbers, targets, np.ones(600, bool)), None, QualityPolicy())
    assert (found.verdict, found.reasons) == ("not enough data", ("the baseline has no metrics: make it anew",))


def test_a_metric_that_cannot_be_told_says_nothing() -> None:
    """Where only one label came, a pipeline that goes by its AUC has not enough data."""
    spec = replace(SPEC, gate=GatePolicy(metric="auc"))
    numbers, _ = rows(600, 1)
    found = judge(count_rows(numbers, np.ones(600), np.ones(600, bool), spec), BASELINE, QualityPolicy())
    assert found.verdict == "not enough data"
    assert found.reasons == ("the auc of the labelled rows, or that of the baseline, cannot be told",)


@pytest.mark.parametrize(("spread", "verdict"), [(2.0, "not worse"), (3.0, "worse")])
def test_errors_are_worse_where_they_are_larger(spread: float, verdict: str) -> None:
    """A regression is worse where its error grew."""
    random = np.random.default_rng(0)
    values = random.uniform(5, 45, 900)
    baseline = make_baseline(HOUSING, values[:500], values[:500] + random.normal(0, 2, 500))
    targets = values[500:] + random.normal(0, spread, 400)
    found = judge(count_rows(values[500:], targets, np.ones(400, bool), HOUSING), baseline, QualityPolicy())
    assert (found.verdict, found.statistics["test"]["metric"]) == (verdict, "rmse")
    assert "regression_metrics" in found.statistics


def test_what_is_expected_stands_beside_what_was() -> None:
    """The metrics to be expected are told with the baseline's expected and measured ones, and with what they assume."""
    window = count_rows(*rows(500, 3), np.zeros(500, bool))
    told = describe_expected(window.expected, BASELINE)
    assert "concept drift" in told["assumes"]
    assert told["accuracy"]["estimated"] == pytest.approx(told["accuracy"]["baseline_measured"], abs=0.05)
    assert told["auc"]["baseline_estimated"] == pytest.approx(told["auc"]["baseline_measured"], abs=0.05)
    assert describe_expected(window.expected, None)["auc"]["baseline_measured"] is None


@pytest.mark.parametrize(
    "wrong", [{"quality_level": 0}, {"quality_level": "x"}, {"least_labels": -1}, {"least_labelled": 2}]
)
def test_policies_that_cannot_be_meant(wrong: dict[str, Any]) -> None:
    """A policy with a level or floor that means nothing is refused."""
    with pytest.raises(InputError):
        QualityPolicy(**wrong)
