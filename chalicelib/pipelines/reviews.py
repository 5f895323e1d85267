"""Reviews: is the opinion of an English text negative or positive? The reviews of one film are never split up."""

from chalicelib.core.spec import Column, Learner, PipelineSpec, Split

SPEC = PipelineSpec(
    name="reviews",
    title="Is this review positive?",
    columns=(Column("text", "text"),),
    target="label",
    labels=("negative", "positive"),
    group="title",
    split=Split(salt="reviews-1", validation=0.1, test=0.1),
    learner=Learner("text_margin_boosting"),
)
