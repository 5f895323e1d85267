import pytest

from chalicelib.core.alarm_rule import LOWEST_LEVEL
from tests.training.monitor.captured import make_rows
from tests.training.monitor.windows import make_baseline, make_window
from training.captured import Coverage
from training.errors import InputError
from training.monitor import window as windows
from training.monitor.baseline import Baseline
from training.monitor.check import Policy, check

ALL = Coverage(files=1, read=300)


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return make_baseline()


def test_drift_is_told_and_named(baseline: Baseline) -> None:
    """A window in which much has moved is drift, and what moved is named in SageMaker's layout."""
    found = check(baseline, make_window(baseline, *make_rows(300, 9, moved=0.8, others=["newly"])), ALL, Policy())
    assert (found.verdict, found.reasons) == ("drift", ())
    moved = {violation["feature_name"] for violation in found.violations}
    assert {"price", "text.length"} <= moved
    assert all(violation["constraint_check_type"] == "baseline_drift_check" for violation in found.violations)
    assert {"word": "newly", "rows": 300} in found.statistics["words"]["text.words"]["new"]


def test_no_drift_is_told(baseline: Baseline) -> None:
    """A window like the baseline is no drift at a small level, with no violation."""
    found = check(baseline, make_window(baseline, *make_rows(300, 8)), ALL, Policy(level=0.01))
    assert (found.verdict, found.violations, found.reasons) == ("no drift", (), ())
    assert found.chance is not None
    assert found.chance > 0.01


@pytest.mark.parametrize("run", [1, 6])
@pytest.mark.parametrize("of_request", [4, 100])
def test_large_requests_are_no_drift(run: int, of_request: int) -> None:
    """Requests of more rows than any of the baseline's groups has are judged as the same rows in small ones are."""
    baseline = make_baseline(run=run)
    rows, scores = make_rows(300, 8)
    found, alike = (check(baseline, make_window(baseline, rows, scores, of), ALL, Policy()) for of in (of_request, 1))
    assert (found.verdict, found.chance) == ("no drift", alike.chance)


@pytest.mark.parametrize(
    ("rows", "coverage", "policy", "reason"),
    [
        (0, Coverage(), Policy(least_coverage=0), "0 rows"),
        (0, Coverage(), Policy(least_coverage=0, least_rows=0), "0 rows, and 1 are asked for"),
        (199, ALL, Policy(), "199 rows, and 200"),
        (300, ALL, Policy(expected=1_000), "30.0% of the window's requests"),
        (15, ALL, Policy(least_rows=1), "15 groups"),
    ],
)
def test_too_little_is_never_no_drift(
    baseline: Baseline, rows: int, coverage: Coverage, policy: Policy, reason: str
) -> None:
    """Below a floor the verdict is that there is not enough data, with the reason, however the window looks."""
    for moved in (0.0, 0.8):
        found = check(baseline, make_window(baseline, *make_rows(rows, 8, moved)), coverage, policy)
        assert found.verdict == "not enough data"
        assert any(reason in told for told in found.reasons)
        assert found.violations == ()


def test_a_baseline_of_few_groups_is_too_small() -> None:
    """A baseline of fewer groups than can be dealt is said to be too small for any window."""
    small = make_baseline(150, run=10)
    found = check(small, make_window(small, *make_rows(400, 8)), ALL, Policy())
    assert found.verdict == "not enough data"
    assert any("the baseline has 15 groups" in reason for reason in found.reasons)
    assert "the baseline is too small for this window" in found.statistics["limit"]


def test_a_level_that_cannot_be_told_is_refused(baseline: Baseline) -> None:
    """A level below what the draws resolve is refused with their number, not rounded."""
    with pytest.raises(InputError, match="draws: 4,000 are made"):
        check(baseline, make_window(baseline, *make_rows(300, 8)), ALL, Policy(level=0.0001))


def test_every_level_that_an_alarm_asks_for_can_be_told(baseline: Baseline) -> None:
    """The smallest level of an alarm's rule is one that a check can judge at."""
    assert (
        check(baseline, make_window(baseline, *make_rows(300, 8)), ALL, Policy(level=LOWEST_LEVEL)).chance is not None
    )


def test_what_is_the_baselines_error_is_told(baseline: Baseline) -> None:
    """The longer a window, the more of the error is the baseline's; where that is most of it, the limit is told."""
    short, long = (
        check(baseline, make_window(baseline, *make_rows(rows, 8)), ALL, Policy()).statistics for rows in (200, 4_000)
    )
    assert all(short["baseline_error"][name] < share for name, share in long["baseline_error"].items())
    assert long["baseline_error"]["score"] == pytest.approx(0.8, abs=0.01)  # 4,000 rows against 1,000
    assert "limit" not in short
    assert "the baseline is too small for this window" in long["limit"]


@pytest.mark.parametrize("wrong", [{"level": 0}, {"level": "x"}, {"least_rows": -1}, {"least_coverage": 2}])
def test_policies_that_cannot_be_meant(wrong: dict[str, float]) -> None:
    """A policy with a level or floor that means nothing is refused."""
    with pytest.raises(InputError):
        Policy(**wrong)  # type: ignore[arg-type]


def test_words_of_few_rows_are_not_told(baseline: Baseline) -> None:
    """A new word of fewer rows than the floor is not written anywhere."""
    rows, scores = make_rows(300, 8)
    for row in rows[:4]:
        row["text"] += " secret"
    found = check(baseline, make_window(baseline, rows, scores), ALL, Policy())
    assert "secret" not in str(found.statistics)


@pytest.mark.parametrize("of_request", [1, 7, 400])
def test_chunks_and_requests_change_no_count(
    baseline: Baseline, monkeypatch: pytest.MonkeyPatch, of_request: int
) -> None:
    """However rows come in requests, and however many are looked at together, a window's counts are the same."""
    rows, scores = make_rows(400, 8)
    whole = make_window(baseline, rows, scores)
    monkeypatch.setattr(windows, "ROWS", 50)
    parts = make_window(baseline, rows, scores, of_request)
    assert parts.rows == whole.rows == 400
    assert (parts.shares() == whole.shares()).all()
    assert parts.new_words == whole.new_words
    assert parts.tokens == whole.tokens
    assert parts.groups == whole.groups == 400


@pytest.mark.parametrize("of_request", [1, 4, 100])
def test_groups_are_runs_of_rows(of_request: int) -> None:
    """Rows one after the other are a group, as many as the baseline's groups have, however they come in requests."""
    baseline = make_baseline(300, run=6)
    window = make_window(baseline, *make_rows(100, 8), of_request=of_request)
    assert window.groups == window.sample()[1].count == 17


def test_the_sample_is_whole_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long window a bounded sample of whole groups is kept, spread over it."""
    monkeypatch.setattr(windows, "SAMPLE", 100)
    monkeypatch.setattr(windows, "ROWS", 60)
    baseline = make_baseline(300, run=6)
    window = make_window(baseline, *make_rows(600, 8))
    features, groups = window.sample()
    assert len(set(window.references)) == features.shape[0]
    assert 40 <= features.shape[0] <= 100
    assert features.shape[0] == 6 * groups.count
