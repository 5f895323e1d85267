"""Income: does a person of the census earn more than 50,000 dollars? One in four does; a "?" is an answer not given.

``fnlwgt`` (how many people of the population a row stands for) says little about its person, but tells apart people who
are alike in the rest: without it they would be dropped as duplicates. The hyperparameters were chosen on the validation
rows of this salt.
"""

from chalicelib.core.policies import GatePolicy
from chalicelib.core.spec import Column, DecisionTarget, Learner, PipelineSpec, Split

_NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
_CATEGORIES = (
    "workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country",
)  # fmt: skip

SPEC = PipelineSpec(
    name="income",
    title="Does this person earn more than 50,000 dollars a year?",
    columns=(
        *(Column(name, "numeric") for name in _NUMBERS),
        *(Column(name, "categorical") for name in _CATEGORIES),
    ),
    target="income",
    labels=("<=50K", ">50K"),
    group=None,
    split=Split(salt="income-1", validation=0.1, test=0.1),
    learner=Learner(
        "tabular_boosting",
        {"max_depth": "6", "eta": "0.1", "subsample": "1", "colsample_bytree": "1", "category_rows": "20", "seed": "0"},
    ),
    missing=("", "?"),
    decision=DecisionTarget("precision", at_least=0.8),  # who is said to earn more should, four times in five
    gate=GatePolicy(metric="auc", margin=0.005, thresholds={"auc": 0.8}),
)
