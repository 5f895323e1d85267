"""What a test of the contract may know of an account, whether it is the local cloud's or a real one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.contract.clouds import IMAGE, REGION
from tests.contract.leftovers import BILLED, LASTING, UNDO, is_gone

T = TypeVar("T")
REQUEST = "contract_request"


@dataclass
class Account:
    """An account with a bucket, a role and an image; everything made through it is deleted when it is closed.

    ``run`` begins every name, so that nothing of somebody else's is ever touched. ``patience`` is in seconds.
    """

    session: Any
    run: str
    bucket: str
    role: str
    image: str
    endpoint_url: str | None = None
    patience: float = 30.0
    pause: float = 0.02
    _made: list[tuple[str, Any, Any, Any]] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)
    _names: int = 0

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    @property
    def account_id(self) -> str:
        return self.role.split(":")[4]

    @property
    def is_real(self) -> bool:
        return self.endpoint_url is None

    def name(self, stem: str = "x") -> str:
        """Give a name that nobody used."""
        self._names += 1
        return f"{self.run}-{stem}-{self._names}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def client(self, service: str) -> Any:
        """Give the service's client, which notes what it makes and tries nothing twice."""
        if service not in self._clients:
            client = self.session.client(
                service, endpoint_url=self.endpoint_url, config=Config(retries={"total_max_attempts": 1})
            )
            client.meta.events.register("provide-client-params", self._before)
            client.meta.events.register("after-call", self._after)
            self._clients[service] = client
        return self._clients[service]

    def wait_for(self, look: Callable[[], T | None]) -> T:
        """Look until there is something."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(self.pause)
        pytest.fail(f"nothing within {self.patience} s")

    def close(self) -> None:
        """Delete what was made, the last first, and say what could not be deleted."""
        left = []
        for operation, client, request, answer in reversed(self._made):
            try:
                UNDO[operation](client, request, answer)
            except ClientError as error:
                if not is_gone(error):
                    left.append(f"{operation}: {error}")
        for client in self._clients.values():
            client.close()
        assert not left, left

    def _before(self, params: Any, model: Any, context: Any, **_: object) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        assert not (self.is_real and operation in BILLED), f"{operation} costs money: mark the test so"
        makes = model.name.startswith(("Create", "Put", "Publish", "Subscribe", "Copy"))
        assert not makes or operation in UNDO.keys() | BILLED | LASTING, f"{operation}: leftovers.py does not know it"
        context[REQUEST] = params

    def _after(self, model: Any, parsed: Any, context: Any, **_: object) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        if operation in UNDO and parsed["ResponseMetadata"]["HTTPStatusCode"] < 300:
            service = model.service_model.service_name
            self._made.append((operation, self._clients[service], context[REQUEST], parsed))


def local_account(endpoint_url: str, run: str) -> Account:
    """Give the account of a local cloud; its bucket is named after the run, and not made yet."""
    session = boto3.Session("local", "local", region_name=REGION)
    role = "arn:aws:iam::123456789012:role/anyone"
    return Account(session, run, bucket=run, role=role, image=IMAGE, endpoint_url=endpoint_url)


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Make a call that must be refused; the error's code and message."""
    with pytest.raises(ClientError) as error:
        call(**request)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]
