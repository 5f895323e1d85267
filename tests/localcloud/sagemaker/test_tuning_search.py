from math import log10

import pytest

from localcloud.sagemaker.tuning_search import Search, Trial
from localcloud.sagemaker.tuning_space import read_space

SPACE = read_space(
    {
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "0.0001", "MaxValue": "1", "ScalingType": "Logarithmic"},
            {"Name": "share", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"},
        ]
    }
)
GRID = read_space(
    {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2"]}, {"Name": "b", "Values": ["x", "y", "z"]}]}
)


def loss(values: dict[str, str]) -> float:
    """Smooth, with its least value 0 at a rate of 0.01 and a share of 0.7."""
    return (log10(float(values["rate"])) + 2) ** 2 + 4 * (float(values["share"]) - 0.7) ** 2


def run(strategy: str, seed: int, budget: int, *, maximize: bool = False) -> list[Trial]:
    search = Search(strategy, SPACE, seed, maximize)
    trials: list[Trial] = []
    for number in range(1, budget + 1):
        values = search.propose(number, trials)
        trials.append(Trial(values, -loss(values) if maximize else loss(values)))
    return trials


def least(trials: list[Trial]) -> float:
    return min(abs(trial.objective or 0.0) for trial in trials)


def test_bayesian_beats_random_at_equal_budget() -> None:
    """On a smooth function of two hyperparameters, over seeds, what Bayesian search finds is far better."""
    seeds = range(4)
    random = sorted(least(run("Random", seed, 11)) for seed in seeds)
    bayesian = sorted(least(run("Bayesian", seed, 11)) for seed in seeds)
    assert sum(bayesian) < sum(random) / 3
    assert bayesian[-1] < random[-1]


def test_bayesian_search_knows_which_way_is_better() -> None:
    """With Maximize it climbs: the same function upside down is searched as well."""
    assert least(run("Bayesian", 5, 11, maximize=True)) < 0.1


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_seed_gives_the_same_search_again(strategy: str) -> None:
    """Two searches of one seed that see the same results try the same (API Reference, RandomSeed); others do not."""
    assert run(strategy, 1, 6) == run(strategy, 1, 6)
    assert run(strategy, 1, 6) != run(strategy, 2, 6)


def test_a_proposal_depends_on_the_trials_alone() -> None:
    """What is asked for again from the same trials is the same: a restart continues the search."""
    trials = run("Bayesian", 3, 5)
    first, again = (Search("Bayesian", SPACE, 3, maximize=False).propose(6, trials) for _ in range(2))
    assert first == again


def test_parallel_proposals_spread_out() -> None:
    """A training job still at work keeps the next ones away from its place."""
    trials = run("Bayesian", 2, 6)
    search = Search("Bayesian", SPACE, 2, maximize=False)
    alone = search.propose(7, trials)
    beside_it = search.propose(7, [*trials, Trial(alone, None)])
    assert SPACE.point(alone) != pytest.approx(SPACE.point(beside_it), abs=0.01)


def test_trials_without_any_objective_are_no_reason_to_stop() -> None:
    """Where nothing is known yet, or all are alike, Bayesian search still proposes."""
    search = Search("Bayesian", SPACE, 1, maximize=False)
    pending = [Trial(search.propose(number, []), None) for number in range(1, 6)]
    assert set(search.propose(6, pending)) == {"rate", "share"}
    alike = [Trial(trial.values, 1.0) for trial in pending]
    assert set(search.propose(6, [*alike, alike[0]])) == {"rate", "share"}


def test_a_grid_has_every_combination_once() -> None:
    """Grid search tries each distinct combination of the categories, no other, none twice (API Reference, Strategy)."""
    search = Search("Grid", GRID, 0, maximize=False)
    found = [tuple(search.propose(number, []).values()) for number in range(1, 7)]
    assert sorted(found) == sorted((a, b) for a in "12" for b in "xyz")
    assert GRID.combinations == 6
