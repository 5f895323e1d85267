"""Reviews: is a text's opinion negative or positive? English prose, one film's reviews kept on one side of the split.

The hyperparameters were chosen by cross-validation over films within training and validation rows. A run learns from at
most 100,000 rows, by a sample: with reviews of 1,300 characters on average `train` then takes about 3.5 GB of memory
and some minutes (docs/decisions/0009).
"""

from chalicelib.core.policies import DataPolicy, GatePolicy
from chalicelib.core.spec import Column, Learner, PipelineSpec, Split

SPEC = PipelineSpec(
    name="reviews",
    title="Is this review positive?",
    columns=(Column("text", "text"),),
    target="label",
    labels=("negative", "positive"),
    group="title",
    split=Split(salt="reviews-1", validation=0.1, test=0.1),
    learner=Learner(
        "text_margin_boosting",
        {
            "orders": "3",  # n-grams of up to three tokens
            "min_documents": "2",  # an n-gram must occur in so many reviews
            "inverse_penalty": "30",  # of the logistic regression
            "folds": "5",
            "max_depth": "3",
            "eta": "0.05",
            "min_child_weight": "50",
            "seed": "0",
        },
    ),
    policy=DataPolicy(max_rows=100_000),
    gate=GatePolicy(thresholds={"accuracy": 0.7}),
)
