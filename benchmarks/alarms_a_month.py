"""Counts the false alarms of a virtual quarter of hourly drift checks of one model, over several baselines.

``python -m benchmarks.alarms_a_month --data FOLDER --found FILE``, with the data of `benchmarks.film_windows`. A
baseline is a tenth of IMDB's films, some 5,000 reviews; each hour's window is reviews of other films, all reviews alike
likely, and none drifts. An alarm begins when ``m`` of the last ``n`` checks drifted and did not an hour before, as
CloudWatch counts. Two rules are asked of `chalicelib.core.alarm_rule`: the one of a spec that allows one false alarm a
month, of which the quality alarm has a half, and which knows no window; and, for one a month, that for what these
windows have in common: the share of the score's variance that is the baseline's, as `training.monitor.check` tells it.

What is found is appended to FILE, one JSON object a baseline; those in it are left out, so a run can be taken up again.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.film_windows import Corpus, Partition
from chalicelib.core.alarm_rule import DAYS_A_MONTH, AlarmRule, alarm_rule
from chalicelib.core.upkeep import DriftPolicy
from training.monitor.check import draws_for

CHECKS = 24 * DAYS_A_MONTH  # a month
MONTHS = 3
BASELINE_SHARE = 0.1
SPECS = DriftPolicy(schedule="rate(1 hour)", false_alarms_per_month=1.0).rule


def begun(drifted: Sequence[bool], rule: AlarmRule) -> int:
    """Return how many alarms begin; before the first check there was none, and missing checks did not drift."""
    before = [False] * (rule.n - 1) + [*drifted]
    states = [False] + [sum(before[place : place + rule.n]) >= rule.m for place in range(len(drifted))]
    return sum(now and not last for last, now in pairwise(states))


@dataclass(frozen=True)
class Quarter:
    """What was found with a baseline: what its windows have in common, and the p-value of each check."""

    seed: int
    common: float
    chances: list[float]


def quarter(corpus: Corpus, seed: int, rows: int) -> Quarter:
    """Check the windows of a quarter."""
    random = np.random.default_rng(seed)
    partition = Partition.deal(corpus, random, baseline=BASELINE_SHARE, draws=draws_for(SPECS.level))
    common = partition.in_common(random.choice(partition.side, rows, replace=False))
    found = [
        partition.judge(random.choice(partition.side, rows, replace=False), SPECS.level).chance
        for _ in range(round(CHECKS * MONTHS))
    ]
    return Quarter(seed, common, found)


def tell(found: Sequence[Quarter], rules: Sequence[AlarmRule]) -> None:
    """Print how many alarms began a month by each baseline's rule, and over all."""
    rates = []
    for one, rule in zip(found, rules, strict=True):
        drifted = [chance <= rule.level for chance in one.chances]
        rates.append(begun(drifted, rule) / MONTHS)
        print(
            f"  baseline {one.seed}: in common {one.common:.2f}, {rule.m} of {rule.n} at {rule.level:g}:"
            f" {np.mean(drifted):.4f} of {len(drifted)} checks drifted, {rates[-1]:.2f} alarms a month"
        )
    error = np.std(rates, ddof=1) / np.sqrt(len(rates)) if len(rates) > 1 else np.nan
    print(
        f"  {len(rates)} baselines: {np.mean(rates):.2f} alarms a month (standard error {error:.2f}), deviation"
        f" over baselines {np.std(rates):.2f}, from {min(rates):.2f} to {max(rates):.2f}"
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds imdb/")
    parser.add_argument("--found", type=Path, required=True, help="file to which what is found is appended")
    parser.add_argument("--baselines", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=250, help="of a window")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.baselines)
    lines = arguments.found.read_text().splitlines() if arguments.found.exists() else []
    known = {one.seed: one for one in (Quarter(**json.loads(line)) for line in lines)}
    corpus = Corpus.read(arguments.data) if any(seed not in known for seed in seeds) else None
    began = time.perf_counter()
    for seed in seeds:
        if corpus is not None and seed not in known:
            known[seed] = quarter(corpus, seed, arguments.rows)
            with arguments.found.open("a") as file:
                file.write(json.dumps(asdict(known[seed])) + "\n")
            print(f"{seed}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    found = [known[seed] for seed in seeds]
    print("the spec's rule")
    tell(found, [SPECS] * len(found))
    print("the rule for what windows have in common")
    tell(found, [alarm_rule(CHECKS, common=one.common) for one in found])


if __name__ == "__main__":
    main()
