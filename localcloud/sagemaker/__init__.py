"""Amazon SageMaker on a laptop: jobs that run, endpoints that answer, a registry, and the events of all of them."""

from localcloud.sagemaker.runtime import InvokeAnswer
from localcloud.sagemaker.service import SageMaker

__all__ = ["InvokeAnswer", "SageMaker"]
