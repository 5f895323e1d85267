"""Which hyperparameters to try next: at random, along a grid, or by what the jobs before have shown.

A proposal depends on nothing but the seed, its number and the trials before it, so a tuning job can be continued from
its training jobs alone, and two runs of one seed that see the same results try the same. Bayesian search fits a
Gaussian process to the trials (`tuning_bayesian`). A job still at work counts as if it had given the worst result so
far, so parallel ones spread out.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from statistics import fmean

from localcloud.sagemaker.tuning_space import Category, Space

_FIRST = 3  # random trials before the first model is worth its fit


@dataclass(frozen=True)
class Trial:
    """Hyperparameters of a training job, and its objective; None while that is not known."""

    values: dict[str, str]
    objective: float | None


@dataclass(frozen=True)
class Search:
    """How a tuning job chooses; ``maximize``: greater objectives are better."""

    strategy: str
    space: Space
    seed: int
    maximize: bool

    def propose(self, number: int, trials: Sequence[Trial]) -> dict[str, str]:
        """Return the hyperparameters of the training job with that ``number``, from 1, after ``trials``."""
        if self.strategy == "Grid":
            return _on_grid(self.space, number)
        rng = _random(self.seed, number)
        known = sum(trial.objective is not None for trial in trials)
        if self.strategy == "Random" or known < _FIRST:
            return self.space.values([rng.random() for _ in range(self.space.size)])
        from localcloud.sagemaker.tuning_bayesian import improving  # noqa: PLC0415  heavy, and only needed here

        return self.space.values(improving(self.space.size, self._targets(trials), rng.getrandbits(32)))

    def _targets(self, trials: Sequence[Trial]) -> dict[tuple[float, ...], float]:
        """Return what is known of each point, greater is better; several trials at one point count as their mean."""
        sign = 1.0 if self.maximize else -1.0
        known = [(trial, sign * trial.objective) for trial in trials if trial.objective is not None]
        worst = min(target for _, target in known)
        pending = [(trial, worst) for trial in trials if trial.objective is None]
        found: dict[tuple[float, ...], list[float]] = {}
        for trial, target in [*known, *pending]:
            found.setdefault(self.space.point(trial.values), []).append(target)
        return {point: fmean(targets) for point, targets in found.items()}


def _on_grid(space: Space, number: int) -> dict[str, str]:
    names = [dimension.name for dimension in space.dimensions]
    choices = [dimension.values for dimension in space.dimensions if isinstance(dimension, Category)]
    combination = list(product(*choices))[number - 1]
    return dict(zip(names, combination, strict=True))


def _random(seed: int, number: int) -> random.Random:
    digest = sha256(f"{seed}/{number}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311  a search, no secret
