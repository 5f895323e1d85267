"""CreateHyperParameterTuningJob read: what it may ask for, and the training jobs that follow from it. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker import quotas
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.tuning_search import Search
from localcloud.sagemaker.tuning_space import Space, read_space
from localcloud.sagemaker.tuning_view import OBJECTIVE_PARAMETER, maximizes
from localcloud.settings import Limits

SEED = "_Seed"  # ours: of the search, the request's RandomSeed or a number drawn for it
_PASSED_ON = (
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "Environment",
)
_STRATEGIES = ("Random", "Grid", "Bayesian")


def read(request: Data, seed: int, limits: Limits) -> dict[str, Any]:
    """Refuse what is not emulated or allowed; return a new tuning job's data; its search starts from ``seed``."""
    emulated.only(request, "HyperParameterTuningJobName HyperParameterTuningJobConfig TrainingJobDefinition Tags")
    config = request["HyperParameterTuningJobConfig"]
    path = "HyperParameterTuningJobConfig."
    emulated.only(
        config,
        "Strategy HyperParameterTuningJobObjective ResourceLimits ParameterRanges TrainingJobEarlyStoppingType "
        "TuningJobCompletionCriteria RandomSeed",
        path,
    )
    emulated.value(config, "Strategy", None, _STRATEGIES, path)
    if "TrainingJobDefinition" not in request:
        raise AwsError("ValidationException", "A hyperparameter tuning job needs a TrainingJobDefinition")
    criteria = config.get("TuningJobCompletionCriteria", {})
    convergence = criteria.get("ConvergenceDetected", {})
    path += "TuningJobCompletionCriteria.ConvergenceDetected."
    emulated.value(convergence, "CompleteOnConvergence", "Disabled", ("Disabled",), path)
    definition = request["TrainingJobDefinition"]
    _read_definition(definition)
    _read_objective(config, definition)
    space = read_space(config.get("ParameterRanges", {}))
    twice = sorted({each.name for each in space.dimensions} & set(definition.get("StaticHyperParameters", {})))
    if twice:
        raise AwsError("ValidationException", f"Hyperparameter {twice[0]} is both static and searched")
    _read_limits(config, space, limits)
    return {**request, SEED: config.get("RandomSeed", seed)}


def most_jobs(tuning: Data, limits: Limits) -> int:
    """Return how many training jobs a tuning job may launch: asked for, the whole grid, or what AWS allows."""
    config = tuning["HyperParameterTuningJobConfig"]
    most: int = config["ResourceLimits"].get("MaxNumberOfTrainingJobs", limits.tuning_training_jobs)
    if config["Strategy"] == "Grid":
        return read_space(config["ParameterRanges"]).combinations or most
    return most


def search_of(tuning: Data) -> Search:
    """Return how a tuning job chooses hyperparameters."""
    config = tuning["HyperParameterTuningJobConfig"]
    return Search(config["Strategy"], read_space(config["ParameterRanges"]), tuning[SEED], maximizes(tuning))


def child_request(tuning: Data, number: int, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the CreateTrainingJob of a tuning job's training job ``number``; the same ones give the same name."""
    definition = tuning["TrainingJobDefinition"]
    metric = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
    name = tuning["HyperParameterTuningJobName"]
    digest = sha256(f"{name}/{tuning[SEED]}/{number}".encode()).hexdigest()
    return {
        **{member: definition[member] for member in _PASSED_ON if member in definition},
        "TrainingJobName": f"{name}-{number:03d}-{digest[:8]}",
        "AlgorithmSpecification": definition["AlgorithmSpecification"],
        "HyperParameters": {**definition.get("StaticHyperParameters", {}), **values, OBJECTIVE_PARAMETER: metric},
        **({"Tags": tuning["Tags"]} if "Tags" in tuning else {}),
    }


def number_of(child: Data) -> int:
    """Return the number in the name of a tuning job's training job."""
    return int(child["TrainingJobName"].rsplit("-", 2)[1])


def _read_definition(definition: Data) -> None:
    path = "TrainingJobDefinition."
    emulated.only(
        definition, f"DefinitionName StaticHyperParameters AlgorithmSpecification {' '.join(_PASSED_ON)}", path
    )
    if OBJECTIVE_PARAMETER in definition.get("StaticHyperParameters", {}):
        raise AwsError("ValidationException", f"Hyperparameter {OBJECTIVE_PARAMETER} is set by SageMaker")


def _read_objective(config: Data, definition: Data) -> None:
    metrics = [each["Name"] for each in definition["AlgorithmSpecification"].get("MetricDefinitions", ())]
    objective = config.get("HyperParameterTuningJobObjective", {})
    if objective.get("MetricName") not in metrics:
        raise AwsError(
            "ValidationException",
            "A metric is required for this hyperparameter tuning job objective. "
            "Provide a metric in the metric definitions.",
        )


def _read_limits(config: Data, space: Space, limits: Limits) -> None:
    asked = config["ResourceLimits"]
    total = asked.get("MaxNumberOfTrainingJobs")
    if config["Strategy"] == "Grid":
        combinations = space.combinations
        if combinations is None:
            raise AwsError("ValidationException", "Grid search supports only categorical hyperparameters")
        if total not in (None, combinations):
            raise AwsError(
                "ValidationException",
                f"MaxNumberOfTrainingJobs must be {combinations} for Grid search: "
                "the number of distinct combinations of the categories",
            )
        total = combinations
    for name, asked_for, limit in (
        (
            "Number of parallel training jobs per hyperparameter tuning job",
            asked["MaxParallelTrainingJobs"],
            limits.tuning_parallel_training_jobs,
        ),
        ("Number of training jobs per hyperparameter tuning job", total or 0, limits.tuning_training_jobs),
    ):
        quotas.check(name, "TrainingJobs", limit=limit, used=0, delta=asked_for)
