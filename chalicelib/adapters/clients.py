"""The one factory of boto3 clients, with the time-outs and retries that suit a Lambda function.

boto3 is imported on first use: a function that only shows the page starts without it.
"""

from functools import cache
from typing import Any

# API Gateway waits for 29 s, and it is we who should answer when a model does not: a process's first prediction may
# read its key before (hurried: 2 tries of 3 s), then it connects (2 s) and waits for the model.
_INVOKE_READ_TIMEOUT_S = 19


@cache
def client(service: str, *, hurried: bool = False) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Return the client of an AWS service; where it calls is boto3's business (``AWS_ENDPOINT_URL``).

    A hurried one is for requests that somebody waits for: it gives up before API Gateway does.
    """
    import boto3  # noqa: PLC0415 - costs 0.1 s, see the module's docstring
    from botocore.config import Config  # noqa: PLC0415

    if service == "sagemaker-runtime":
        # A prediction is not repeated behind the caller's back: it would double the load of a model in trouble.
        config = Config(connect_timeout=2, read_timeout=_INVOKE_READ_TIMEOUT_S, retries={"total_max_attempts": 1})
    elif hurried:
        config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
    else:
        config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.client(service, config=config)  # type: ignore[call-overload] # the stubs want a literal
