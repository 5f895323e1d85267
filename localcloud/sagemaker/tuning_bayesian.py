"""The point of a unit cube that promises most: a Gaussian process and its expected improvement.

The library is bayesian-optimization. Imported only when a tuning job needs it. The price: about a second for the first
import, then up to tenths of one for a proposal; the candidates looked at are fewer than the library's own choice.
"""

import math
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import numpy as np
from bayes_opt import BayesianOptimization
from bayes_opt.acquisition import ExpectedImprovement
from bayes_opt.target_space import TargetSpace
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessRegressor
from threadpoolctl import threadpool_limits

Point = tuple[float, ...]
_MARGIN = 0.01  # in standard deviations of the targets: how much better a point must promise to be


def improving(size: int, targets: Mapping[Point, float], seed: int) -> list[float]:
    """Return the next point to try after ``targets``, greater is better, at points of ``size`` coordinates."""
    names = [f"{index:04d}" for index in range(size)]  # in the library's own order, which is alphabetical
    optimizer = BayesianOptimization(
        None, dict.fromkeys(names, (0.0, 1.0)), acquisition_function=_Quick(xi=_MARGIN), random_state=seed, verbose=0
    )
    spread = _spread(list(targets.values()))
    for point, target in targets.items():
        optimizer.register(dict(zip(names, point, strict=True)), target / spread)
    with threadpool_limits(1):  # matrices so small that several threads only wait for each other
        suggestion: dict[str, Any] = optimizer.suggest()
    return [min(max(float(suggestion[name]), 0.0), 1.0) for name in names]


class _Quick(ExpectedImprovement):
    """Expected improvement, looked for at fewer candidates."""

    def suggest(  # noqa: PLR0917  the library's signature
        self,
        gp: GaussianProcessRegressor,
        target_space: TargetSpace,
        n_random: int = 2_000,
        n_smart: int = 4,
        fit_gp: bool = True,  # noqa: FBT001, FBT002
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray[np.floating[Any]]:
        return super().suggest(gp, target_space, n_random, n_smart, fit_gp, random_state)


def _spread(targets: list[float]) -> float:
    mean = fmean(targets)
    return math.sqrt(fmean([(target - mean) ** 2 for target in targets])) or 1.0
