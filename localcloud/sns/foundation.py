"""What every part of SNS works with, in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.sns.deliveries import Deliveries
from localcloud.sns.store import Store


@dataclass(frozen=True)
class Foundation:
    """State, time and delivery; new ids and tokens; ``address``: what the links of messages begin with."""

    database: Database
    clock: Clock
    store: Store
    deliveries: Deliveries
    new_id: Callable[[], str]
    new_token: Callable[[], str]
    address: Callable[[], str]
