"""Early stopping: which training jobs are unlikely to get any better, by the developer guide's median rule.

The objective of each epoch is what the training job prints, so it is read from the logs. The price: the logs of all the
tuning job's training jobs are read at each look.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from localcloud.sagemaker import tuning_view
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.job_hosts import hosts_of
from localcloud.sagemaker.log_metrics import values_in
from localcloud.sagemaker.store import Data


def losing(containers: Containers, tuning: Data, children: Sequence[Data]) -> set[str]:
    """Return the names of the training jobs at work that early stopping ends."""
    if tuning["HyperParameterTuningJobConfig"].get("TrainingJobEarlyStoppingType", "Off") == "Off":
        return set()
    completed = [child for child in children if child["TrainingJobStatus"] == "Completed"]
    at_work = [child for child in children if child.get("SecondaryStatus") == "Training"]
    if not completed or not at_work:
        return set()
    earlier = [_objectives(containers, tuning, child) for child in completed]
    maximize = tuning_view.maximizes(tuning)
    return {
        child["TrainingJobName"]
        for child in at_work
        if is_losing(_objectives(containers, tuning, child), earlier, maximize=maximize)
    }


def is_losing(current: Sequence[float], earlier: Sequence[Sequence[float]], *, maximize: bool) -> bool:
    """Say whether a training job is to be stopped after the epochs with the objectives ``current``.

    The last of them is compared with the median, over the ``earlier`` completed training jobs, of the mean of their
    objectives up to the same epoch. Those that had fewer epochs do not count.
    """
    epochs = len(current)
    means = [fmean(values[:epochs]) for values in earlier if len(values) >= epochs > 0]
    if not means:
        return False
    return current[-1] < median(means) if maximize else current[-1] > median(means)


def _objectives(containers: Containers, tuning: Data, child: Data) -> list[float]:
    metric = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
    definitions = child["AlgorithmSpecification"]["MetricDefinitions"]
    pattern = re.compile(next(each["Regex"] for each in definitions if each["Name"] == metric))
    region, name = child["TrainingJobArn"].split(":")[3], child["TrainingJobName"]
    count = child["ResourceConfig"].get("InstanceCount", 1)
    files = [host.log for host in hosts_of(count, Path(), containers.log("training-jobs", region, name))]
    return [value for file in files for line in _whole_lines(file) for value in values_in(line, pattern)]


def _whole_lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    return file.read_bytes().decode("utf-8", errors="replace").split("\n")[:-1]
