"""The kinds of resources: their names, what AWS says when one is unknown or taken, which event tells their state.

AWS names the members of every shape after the kind (``TrainingJobName``, ``TrainingJobArn``, ``TrainingJobStatus``),
so the prefix of a kind gives them all. The texts are AWS's, as reported by its users.
"""

from dataclasses import dataclass

from localcloud.errors import AwsError
from localcloud.settings import ACCOUNT_ID

TERMINAL = ("Completed", "Failed", "Stopped")  # of jobs


@dataclass(frozen=True)
class Kind:
    """One kind of resource; the texts may hold ``{arn}`` and ``{name}``."""

    prefix: str
    noun: str  # in ARNs
    missing_text: str
    taken_text: str
    taken_code: str = "ValidationException"
    missing_code: str = "ValidationException"
    detail_type: str | None = None

    @property
    def name(self) -> str:
        """The member that holds the name."""
        return f"{self.prefix}Name"

    @property
    def arn(self) -> str:
        """The member that holds the ARN."""
        return f"{self.prefix}Arn"

    @property
    def status(self) -> str:
        """The member that holds the status."""
        return f"{self.prefix}Status"

    def arn_of(self, region: str, name: str) -> str:
        """Return the ARN of a resource: SageMaker writes names in lower case there."""
        return f"arn:aws:sagemaker:{region}:{ACCOUNT_ID}:{self.noun}/{name.lower()}"

    def missing(self, region: str, name: str) -> AwsError:
        """Return what AWS answers when nothing has that name."""
        return AwsError(self.missing_code, self.missing_text.format(arn=self.arn_of(region, name), name=name))

    def taken(self, region: str, name: str) -> AwsError:
        """Return what AWS answers when the name cannot be used again."""
        return AwsError(self.taken_code, self.taken_text.format(arn=self.arn_of(region, name), name=name))


def _job(prefix: str, noun: str, title: str, missing: str) -> Kind:
    words = noun.replace("-", " ")
    return Kind(
        prefix,
        noun,
        missing,
        f"{words.capitalize()} names must be unique within an AWS account and region, "
        f"and a {words} with this name already exists ({{arn}})",
        "ResourceInUse",
        detail_type=f"SageMaker {title} Job State Change",
    )


def _hosting(prefix: str, noun: str, words: str, detail_type: str | None = None) -> Kind:
    return Kind(
        prefix,
        noun,
        f'Could not find {words} "{{arn}}".',
        f'Cannot create already existing {words} "{{arn}}".',
        detail_type=detail_type,
    )


TRAINING_JOB = _job("TrainingJob", "training-job", "Training", "Requested resource not found.")
PROCESSING_JOB = _job("ProcessingJob", "processing-job", "Processing", "Could not find requested job with name: {name}")
TRANSFORM_JOB = _job("TransformJob", "transform-job", "Transform", "Could not find requested job with name: {name}")
TUNING_JOB = Kind(
    "HyperParameterTuningJob",
    "hyper-parameter-tuning-job",
    "Amazon SageMaker can't find a tuning job called {name}. Type another name.",
    "A hyperparameter tuning job with the name, {name}, already exists. Choose a different name.",
    "ResourceInUse",
    "ResourceNotFound",
    "SageMaker HyperParameter Tuning Job State Change",
)
MODEL = _hosting("Model", "model", "model")
ENDPOINT_CONFIG = _hosting("EndpointConfig", "endpoint-config", "endpoint configuration")
ENDPOINT = _hosting("Endpoint", "endpoint", "endpoint", "SageMaker Endpoint State Change")
MODEL_PACKAGE_GROUP = Kind(
    "ModelPackageGroup",
    "model-package-group",
    "ModelPackageGroup {arn} does not exist.",
    "Model Package Group already exists: {arn}",
)
MODEL_PACKAGE = Kind(
    "ModelPackage",
    "model-package",
    "ModelPackage {arn} does not exist.",
    "Model Package already exists: {arn}",
    "ConflictException",
    detail_type="SageMaker Model Package State Change",
)
JOBS = (TRAINING_JOB, PROCESSING_JOB, TRANSFORM_JOB)
DESCRIBED_BY_NAME = (*JOBS, MODEL, ENDPOINT_CONFIG, ENDPOINT, MODEL_PACKAGE_GROUP)
ALL = (*DESCRIBED_BY_NAME, MODEL_PACKAGE, TUNING_JOB)
