"""What Lambda's API changes of a function: kept by its full name, over what the application declares.

A change outlives the cloud, and stays when `.chalice/config.json` changes, as it does on AWS until the next deployment
says otherwise; here no deployment takes it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from localcloud import documents
from localcloud.database import Database
from localcloud.wiring import Function

RETRIES = 2  # AWS's default, and its maximum
EVENT_AGE = 21_600.0  # seconds, likewise: 6 hours


@dataclass(frozen=True)
class EventConfig:
    """What becomes of a function's asynchronous invocations."""

    retries: int | None = None
    age: float = EVENT_AGE  # seconds
    on_success: str | None = None  # ARNs
    on_failure: str | None = None
    dead_letters: str | None = None


class Configs:
    """The changes, by function; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define("CREATE TABLE IF NOT EXISTS lambda_configs (function TEXT PRIMARY KEY, document TEXT NOT NULL)")
        rows = database.rows("SELECT function, document FROM lambda_configs")
        self._changed: dict[str, Mapping[str, Any]] = {name: documents.loads(text) for name, text in rows}

    def of(self, full_name: str) -> Mapping[str, Any]:
        """Return what was changed: members named as in the API, ``EventInvokeConfig`` as a document of its own.

        It is kept in memory besides, as every call asks for it and none should wait for the disk.
        """
        return self._changed.get(full_name, {})

    def change(self, full_name: str, **members: Any) -> None:  # noqa: ANN401  JSON
        """Set members, or overwrite them; a member that is None overrides what the application declares by nothing."""
        with self._database.transaction():
            changed = {**self.of(full_name), **members}
            text = documents.dumps(changed)
            self._database.execute("INSERT OR REPLACE INTO lambda_configs VALUES (?, ?)", full_name, text)
            self._database.after_commit(lambda: self._changed.update({full_name: changed}))

    def applied(self, function: Function) -> Function:
        """Put the changes over what the application declares."""
        changed = self.of(function.full_name)
        return replace(
            function,
            timeout=changed.get("Timeout", function.timeout),
            memory=changed.get("MemorySize", function.memory),
            environment=changed.get("Environment", function.environment),
            reserved=changed.get("ReservedConcurrentExecutions", function.reserved),
        )

    def of_events(self, full_name: str) -> EventConfig:
        """Return what becomes of a function's asynchronous invocations."""
        changed = self.of(full_name)
        config = changed.get("EventInvokeConfig") or {}
        destinations = config.get("DestinationConfig", {})
        return EventConfig(
            retries=config.get("MaximumRetryAttempts"),
            age=float(config.get("MaximumEventAgeInSeconds", EVENT_AGE)),
            on_success=destinations.get("OnSuccess", {}).get("Destination"),
            on_failure=destinations.get("OnFailure", {}).get("Destination"),
            dead_letters=changed.get("DeadLetterConfig"),
        )
