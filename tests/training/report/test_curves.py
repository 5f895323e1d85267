import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

from training.report import curves
from training.resampling import Groups

ROWS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.3, 0.5, 0.5, 0.8])), min_size=4, max_size=40).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)


@given(ROWS)
def test_curves_are_the_usual_ones(rows: list[tuple[bool, float]]) -> None:
    """At each place the curve is that of scikit-learn's points, and lies within its band's reach of 0 to 1."""
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    groups = Groups(np.arange(len(rows)), len(rows))
    roc = curves.roc(positive, scores, groups)
    false_rates, true_rates, _ = roc_curve(positive, scores, drop_intermediate=False)
    inner = roc.place[1:-1]
    np.testing.assert_allclose(roc.value[1:-1], np.interp(inner, false_rates, true_rates), atol=1e-9)
    precision = curves.precision_recall(positive, scores, groups)
    precisions, recalls, _ = precision_recall_curve(positive, scores)
    for place, value in zip(precision.place[1:], precision.value[1:], strict=True):
        reached = np.flatnonzero(recalls >= place - 1e-9)[-1]  # sklearn's recall falls
        assert abs(value - precisions[reached]) < 1e-9
    for curve in (roc, precision):
        assert ((curve.lower >= 0) & (curve.upper <= 1) & (curve.lower <= curve.upper)).all()


def test_copies_within_a_group_leave_the_band() -> None:
    """Rows copied ten times within their group have the band they had; as rows of their own they would narrow it."""
    random = np.random.default_rng(0)
    positive = random.random(60) < 0.5
    scores = 1 / (1 + np.exp(-(positive * 2.0 - 1 + random.normal(size=60))))
    copies = np.repeat(np.arange(60), 10)
    alone = curves.roc(positive, scores, Groups(np.arange(60), 60))
    inside, apart = (
        curves.roc(positive[copies], scores[copies], groups)
        for groups in (Groups(copies, 60), Groups(np.arange(600), 600))
    )
    np.testing.assert_allclose(inside.lower, alone.lower)
    assert (apart.upper - apart.lower).mean() < 0.6 * (alone.upper - alone.lower).mean()
