"""Everything about the local cloud that can be set, with its default: one frozen object made from the command line.

Delays are seconds. The defaults are small, so that a laptop waits for work and not for an imitation of AWS's queues;
they are not zero, so that states can be seen and events never arrive before the answer that caused them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ACCOUNT_ID = "123456789012"
VERSION = "0.1.0"  # of the local cloud


@dataclass(frozen=True)
class Delays:
    """What AWS lets one wait for, in seconds."""

    s3_event: float = 0.05  # object stored -> "Object Created" on the bus
    event_delivery: float = 0.02  # on the bus -> handler invoked
    event_retry: float = 1.0  # a target that failed -> the second try; doubles from try to try, up to ten minutes
    lambda_retries: tuple[float, ...] = (1.0, 2.0)  # before the second and third try of a failed asynchronous call
    lambda_throttled: tuple[float, float] = (1.0, 300.0)  # first and longest pause of an event without concurrency
    job_start: float = 0.05  # job created -> its process started (instances, image)
    job_watch: float = 1.0  # between two looks at containers' logs, and at a training job's checkpoints
    job_end: float = 0.02  # outputs stored -> status and event
    endpoint_start: float = 0.05  # endpoint asked for -> its server started
    health_check: float = 0.05  # between two pings while a server starts
    model_package: float = 0.02  # package created -> Completed
    alarm_evaluation: float = 0.05  # alarm put -> its first evaluation
    visibility: float = 0.0  # resource of SageMaker created -> Describe and List find it
    tuning: float = 0.1  # between two looks at the tuning jobs that have not ended
    invocation_metrics: float = 1.0  # between two looks whether metrics of invocations wait to be recorded
    data_capture: float = 1.0  # between two looks whether captured invocations wait to be stored
    sns_retries: tuple[float, ...] = (0.5, 1.0, 2.0)  # before each further try of a notification
    item_expiry: float = 3600.0  # between two looks for items whose time to live has passed
    revival: float = 0.5  # between two looks whether a server in service has ended


PRESETS: Mapping[str, Delays] = {
    "fast": Delays(),
    "aws": Delays(  # Lambda's are documented, the others ours: about what one waits for there
        s3_event=1.0,
        event_delivery=0.5,
        lambda_retries=(60.0, 120.0),
        job_start=120.0,
        job_end=15.0,
        endpoint_start=180.0,
        model_package=2.0,
        data_capture=120.0,
        item_expiry=86_400.0,
        sns_retries=(20.0, 20.0, 20.0),
    ),
}


@dataclass(frozen=True)
class Limits:
    """What AWS allows at most; seconds, bytes and numbers."""

    ping_deadline: float = 240.0  # a server must be healthy by then (4 minutes)
    ping: float = 2.0  # the answer to one health check
    invocation: float = 60.0  # a model's answer
    server_stop: float = 30.0  # SIGTERM -> SIGKILL of a server
    job_stop: float = 120.0  # SIGTERM -> SIGKILL of a job
    job_runtime: float = 86_400.0  # where the request says nothing (one day)
    invocation_body: int = 6_291_456
    training_instances: int = 1_000  # of SageMaker's jobs that have not ended, in a region; AWS: 4 to 20 at first
    processing_instances: int = 1_000
    transform_instances: int = 1_000
    models: int = 10_000  # in a region, as the next two
    endpoint_configs: int = 10_000
    endpoints: int = 100
    tuning_jobs: int = 100  # that have not ended, in a region
    tuning_training_jobs: int = 750  # of one tuning job
    tuning_parallel_training_jobs: int = 10  # of one tuning job, at once
    serverless_ping_deadline: float = 180.0  # a serverless variant's server must be healthy by then (3 minutes)
    serverless_body: int = 4_194_304
    parallel_jobs: int = 1  # two cores: jobs queue rather than starve each other and the servers
    lambda_workers: int = 6  # sandboxes: processes of functions, warm or at work
    lambda_timeout: float = 60.0  # Chalice's default, where .chalice/config.json says nothing else
    lambda_init: float = 60.0  # the application's import
    lambda_waiting: int = 100  # synchronous calls that may wait for a free worker
    lambda_payload: int = 6_291_556  # a synchronous call's event, and its answer
    lambda_event: int = 1_048_576  # an asynchronous call's event
    api_body: int = 10_485_760
    api_timeout: float = 29.0
    events_request: int = 1_048_576  # the entries of one PutEvents
    capture_waiting: int = 67_108_864  # ours: bytes of captured invocations that are not stored yet
    closing_grace: float = 2.0  # ours: requests, jobs and servers under way when the local cloud stops
    closing: float = 10.0  # ours: the threads of SageMaker, when the local cloud stops


@dataclass(frozen=True)
class Image:
    """What runs in place of a container image: a command, its folder and its environment."""

    command: tuple[str, ...]
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """One local cloud."""

    state: Path
    port: int = 4566
    stage: str = "dev"
    region: str = "us-east-1"  # of the application; requests name their own
    app: str | None = None  # "module:attribute" of a Chalice application
    app_dir: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)  # of the Lambda functions
    images: Mapping[str, Image] = field(default_factory=dict)  # by image URI
    namespaces: bool = True  # containers see their folder at /opt/ml, where Linux allows it
    virtual_clock: bool = False  # time can be advanced
    delays: Delays = Delays()
    limits: Limits = Limits()
