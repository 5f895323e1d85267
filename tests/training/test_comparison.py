from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.policies import GatePolicy
from chalicelib.core.spec import PipelineSpec, Split
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.sample import json_lines, make_rows, read_lines, run_prepare
from training.channels import read_array
from training.comparison import Seen, compare, unseen
from training.held_out import Answers, HeldOut, read_held_out
from training.resampling import Floats, Groups
from training.rows import group_digest

NOTHING = Seen(np.zeros(0, np.uint64), np.zeros(0, np.uint64))


def keys(*values: int) -> Any:
    return np.array(values, np.uint64)


def make(spec: PipelineSpec, target: Floats, groups: Groups) -> HeldOut:
    """Return held-out rows whose inputs are numbered from 1."""
    rows = len(target)
    names = [str(row) for row in range(rows)]
    return HeldOut(spec, names, target, groups, np.zeros(rows, np.uint64), keys(*range(1, rows + 1)), [""] * rows)


def right(held_out: HeldOut, which: np.ndarray) -> Answers:
    """Return answers that are right where ``which`` says so."""
    called = np.where(which, held_out.positive, ~held_out.positive)
    return Answers(np.where(called, 0.9, 0.1), called, ["1"])


def simulate(spec: PipelineSpec, seed: int, lost: float) -> Mapping[str, Any]:
    """Compare a challenger with a champion of 85 % on 60 groups of five; it truly loses so much."""
    random = np.random.default_rng(seed)
    groups = Groups(np.repeat(np.arange(60), 5), 60)
    held_out = make(spec, (np.arange(300) % 2).astype(float), groups)
    hard = random.random(60)[groups.of_row] * 0.3  # films differ in how hard they are, for both
    ours, theirs = (random.random(300) >= hard + loss for loss in (lost, 0.0))
    return compare(held_out, right(held_out, ours), right(held_out, theirs), NOTHING)


def test_equal_models_gain_nothing(spec: PipelineSpec) -> None:
    """Two models that say the same differ by nothing, for certain."""
    held_out = make(spec, (np.arange(60) % 2).astype(float), Groups(np.arange(60) // 3, 20))
    answers = right(held_out, np.arange(60) % 7 > 0)
    found = compare(held_out, answers, answers, NOTHING)
    assert (found["gain"], found["lower"], found["upper"], found["p_value"]) == (0, 0, 0, 0)
    assert (found["rows"], found["groups"]) == (60, 20)
    assert found["counts"] == {"negative": {"rows": 30, "groups": 20}, "positive": {"rows": 30, "groups": 20}}


def test_worse_models_rarely_pass(spec: PipelineSpec) -> None:
    """Of 200 challengers that truly lose the margin, about the level's share is said to lose less."""
    strict = replace(spec, gate=GatePolicy(margin=0.05, widest_margin=0.05, level=0.05))
    passed = sum(simulate(strict, seed, lost=0.05)["lower"] >= -0.05 for seed in range(200))
    assert 1 <= passed <= 21  # 10 expected; beyond these ends with odds of one in a thousand


def test_equal_models_mostly_pass_a_widened_margin(spec: PipelineSpec) -> None:
    """Of 200 challengers as good as the champion, about four in five pass where the margin is as wide as it must be."""
    wide = replace(spec, gate=GatePolicy(margin=0.01, widest_margin=0.15))
    found = [simulate(wide, seed, lost=0.0) for seed in range(200)]
    passed = sum(one["lower"] >= -one["margin"] for one in found)
    assert 142 <= passed <= 176  # 160 expected
    assert all((one["lower"] >= -one["margin"]) == (one["p_value"] <= 0.05) for one in found)


def test_errors_are_compared_by_their_part() -> None:
    """A challenger with a tenth less error gains a tenth, whatever the target's unit."""
    target = np.arange(50.0) * 1000
    held_out = make(HOUSING, target, Groups(np.arange(50), 50))
    noise = np.random.default_rng(0).normal(size=50) * 1000
    theirs, ours = (Answers(target + part * noise, np.zeros(50, np.bool_), ["1"]) for part in (1.0, 0.9))
    found = compare(held_out, ours, theirs, NOTHING)
    assert found["metric"] == "rmse"
    assert found["gain"] == pytest.approx(0.1)
    assert found["lower"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("groups", "seen", "left"),
    [
        (["a", "b", None], NOTHING, [True, True, True]),
        (["a", "b", None], Seen(keys(2), keys()), [True, False, True]),
        (["a", "b", None], Seen(keys(), keys(*sorted(map(group_digest, "ab")))), [False, False, True]),
        ([None, None, None], Seen(keys(1, 3), keys(0)), [False, True, False]),
        (["a", "a", "a"], Seen(keys(), keys(group_digest("a"))), [False, False, False]),
    ],
)
def test_seen_inputs_and_groups_are_left_out(
    spec: PipelineSpec, groups: Sequence[str | None], seen: Seen, left: list[bool]
) -> None:
    """A row is left out if the model has seen what it reads of it, or another row of its group."""
    held_out = make(spec, np.array([0.0, 1.0, 1.0]), Groups(np.arange(3), 3))
    group_keys = keys(*(0 if group is None else group_digest(group) for group in groups))
    assert unseen(replace(held_out, group_keys=group_keys), seen).tolist() == left


def test_rows_seen_by_the_other_count_for_nothing(spec: PipelineSpec) -> None:
    """A champion that learnt half of the rows by heart is compared on the other half alone, as are counts."""
    held_out = make(spec, (np.arange(80) % 2).astype(float), Groups(np.arange(80), 80))
    by_heart = right(held_out, (np.arange(80) < 40) | (np.arange(80) % 4 < 2))
    found = compare(held_out, right(held_out, np.arange(80) % 4 < 3), by_heart, Seen(keys(*range(1, 41)), keys()))
    assert (found["rows"], found["challenger"], found["other"]) == (40, 0.75, 0.5)
    assert found["counts"]["positive"] == {"rows": 20, "groups": 20}


@pytest.mark.parametrize("seen", [Seen(keys(*range(1, 61)), keys()), Seen(keys(*range(2, 61)), keys())])
def test_too_few_rows_to_compare_are_said_so(spec: PipelineSpec, seen: Seen) -> None:
    """Where the other has seen all rows, or all but one, there is no figure but a reason."""
    held_out = make(spec, (np.arange(60) % 2).astype(float), Groups(np.arange(60), 60))
    answers = right(held_out, np.arange(60) % 5 > 0)
    assert compare(held_out, answers, answers, seen).keys() == {"missing"}


VERSIONS = 20


def grow(rows: list[dict[str, str]], random: Random, version: int) -> list[dict[str, str]]:
    """Return rows with more of them: new ones, some without a title, texts under second titles, and a film renamed."""
    fresh = make_rows(14, seed=random.randrange(10**6), groups=30)
    for row in random.sample(fresh, 3):
        row["title"] = ""
    again = [{**row, "title": f"again {random.randrange(30)}"} for row in random.sample([*rows, *fresh], 3)]
    old = random.choice(rows or fresh)["title"]
    renamed = [{**row, "title": f"{old} ({version})"} if row["title"] == old else row for row in rows]
    return [*(renamed if random.random() < 0.5 else rows), *fresh, *again]


class Version:
    """A dataset version as `prepare` made it: what a model of it has seen, and its held-out rows."""

    def __init__(self, folder: Path, spec: PipelineSpec, rows: list[dict[str, str]]) -> None:
        out = run_prepare(folder, spec, {"a.jsonl": json_lines(rows)})
        self.fitted = [row for side in ("train", "validation") for row in read_lines(out / side / "rows.jsonl")]
        self.seen = Seen(*(read_array(out / "seen" / name) for name in ("inputs.npy", "groups.npy")))
        self.held_out = read_held_out(out / "truth/labels.jsonl", spec)
        self.texts = {row["id"]: row["text"] for row in read_lines(out / "test/features.jsonl")}
        self.groups = {row["id"]: row["group"] for row in read_lines(out / "truth/labels.jsonl")}

    def has_seen(self, text: str, group: str | None) -> bool:
        return any(row["text"] == text or (group is not None and row["group"] == group) for row in self.fitted)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_models_are_compared_on_rows_neither_was_fitted_on(
    tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec, random: Random
) -> None:
    """Over twenty growing data sets, each row that is compared is new to both models, and each left out is not."""
    rows = make_rows(120, seed=random.randrange(10**6), groups=30)
    folder = tmp_path_factory.mktemp("grown")
    champions = list[Version]()
    left_out = 0
    for number in range(VERSIONS):
        # Now and then the split is another: then a champion may have learnt what is held out today.
        salted = replace(spec, split=Split(salt=f"s{number // 7}", validation=0.15, test=0.15))
        challenger = Version(folder / str(number), salted, rows)
        for champion in champions[-1:] + champions[:1]:
            for key, fresh in zip(challenger.held_out.ids, unseen(challenger.held_out, champion.seen), strict=True):
                text, group = challenger.texts[key], challenger.groups[key]
                assert not challenger.has_seen(text, group)
                assert fresh == (not champion.has_seen(text, group))
                left_out += not fresh
        champions.append(challenger)
        rows = grow(rows, random, number)
    assert left_out > 0
