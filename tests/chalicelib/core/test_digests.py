"""Ids from content."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import digests
from chalicelib.core.policies import DataPolicy, GatePolicy
from chalicelib.core.spec import DecisionTarget, Learner, Machines
from chalicelib.pipelines import DEFAULT, PIPELINES

SPEC = PIPELINES[DEFAULT]
IMAGE = "account/image@sha256:1"


@given(st.lists(st.text(), unique=True), st.randoms(use_true_random=False))
def test_dataset_order(uploads: list[str], random: object) -> None:
    """The order in which uploads are listed does not name another dataset version."""
    shuffled = list(uploads)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert digests.dataset_id(uploads, DataPolicy(), "recipe") == digests.dataset_id(shuffled, DataPolicy(), "recipe")


def test_dataset_sees_policy() -> None:
    """The same uploads under another data policy are another dataset version."""
    policies = (DataPolicy(), DataPolicy("latest"), DataPolicy(max_rows=5))
    assert len({digests.dataset_id(["a"], policy, "recipe") for policy in policies}) == 3


def test_once_more() -> None:
    """A wish to do it all once more names another dataset version and another run."""
    assert digests.dataset_id(["a"], DataPolicy(), "recipe") != digests.dataset_id(["a"], DataPolicy(), "recipe", "w1")
    assert digests.run_id("content", "recipe", "w1") not in {
        digests.run_id("content", "recipe"),
        digests.run_id("content", "recipe", "w2"),
    }


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_upload_parts(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    """Two object versions share an id only if bucket, key and version are all the same."""
    assert (digests.upload_id(*one) == digests.upload_id(*other)) == (one == other)


def test_recipe_ignores_machines() -> None:
    """A bigger machine, a new title or another policy asks for no new model."""
    machines = Machines(train="ml.m5.4xlarge")
    other = replace(SPEC, machines=machines, title="Another title", policy=DataPolicy("latest"), gate=GatePolicy("auc"))
    assert digests.recipe(other, IMAGE) == digests.recipe(SPEC, IMAGE)


def test_recipe_sees_code_and_learner() -> None:
    """Another image or hyperparameter is another recipe."""
    tuned = replace(SPEC, learner=Learner(SPEC.learner.name, {"rounds": "7"}))
    assert len({digests.recipe(SPEC, IMAGE), digests.recipe(tuned, IMAGE), digests.recipe(SPEC, f"{IMAGE}2")}) == 3


def test_prepare_recipe_ignores_learner() -> None:
    """Another learner reads the same prepared rows; another split does not."""
    tuned = replace(SPEC, learner=Learner("another"))
    moved = replace(SPEC, split=replace(SPEC.split, salt="another"))
    assert digests.prepare_recipe(tuned, IMAGE) == digests.prepare_recipe(SPEC, IMAGE)
    assert digests.prepare_recipe(moved, IMAGE) != digests.prepare_recipe(SPEC, IMAGE)


def test_prepare_recipe_sees_how_values_are_read() -> None:
    """What counts as missing changes the prepared rows; where the positive label begins does not."""
    marked = replace(SPEC, missing=("", "?"))
    aimed = replace(SPEC, decision=DecisionTarget("recall", 0.9))
    assert digests.prepare_recipe(marked, IMAGE) != digests.prepare_recipe(SPEC, IMAGE)
    assert digests.prepare_recipe(aimed, IMAGE) == digests.prepare_recipe(SPEC, IMAGE)
    assert digests.recipe(aimed, IMAGE) != digests.recipe(SPEC, IMAGE)
