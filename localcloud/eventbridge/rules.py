"""The rules of the default buses and their targets, one bus for each region, kept in the database alone.

A rule has a pattern, a schedule, or both. Nothing of it is held in memory but compiled patterns, so that a change is
there for the next event just when its transaction is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from localcloud import documents
from localcloud.database import Database
from localcloud.eventbridge.patterns import Matches, compile_pattern, read_pattern
from localcloud.eventbridge.schedules import parse_schedule
from localcloud.settings import ACCOUNT_ID

ENABLED, DISABLED = "ENABLED", "DISABLED"
Target = Mapping[str, Any]  # as PutTargets has it


@dataclass(frozen=True)
class Rule:
    """One rule; ``slot`` is the next time its schedule fires, ``since`` when a rate counts from."""

    region: str
    name: str
    since: datetime
    pattern: str | None = None
    schedule: str | None = None
    state: str = ENABLED
    description: str | None = None
    role: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    wired: bool = False  # declared by the application
    slot: datetime | None = None

    @property
    def arn(self) -> str:
        """The rule's ARN; a rule of the default bus has no bus in it."""
        return f"arn:aws:events:{self.region}:{ACCOUNT_ID}:rule/{self.name}"

    def matches(self, event: object) -> bool:
        """Say whether an event is for this rule; a schedule alone matches none."""
        return self.state == ENABLED and self.pattern is not None and compiled(self.pattern)(event)

    def counted_from(self, now: datetime) -> "Rule":
        """Return the rule with its schedule begun at a time."""
        since = now.replace(microsecond=0)
        return replace(self, since=since).with_slot_after(since)

    def with_slot_after(self, moment: datetime) -> "Rule":
        """Return the rule with the first slot strictly after a moment; with none while it is disabled."""
        if self.schedule is None or self.state != ENABLED:
            return replace(self, slot=None)
        return replace(self, slot=parse_schedule(self.schedule).next(moment, self.since))


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Matches:
    """Make the test that a pattern's text is; raises AwsError InvalidEventPatternException."""
    return compile_pattern(read_pattern(pattern))


class Rules:
    """The tables of rules and targets; each change is a part of the transaction around it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(
            "CREATE TABLE IF NOT EXISTS events_rules (region TEXT, name TEXT, rule TEXT, PRIMARY KEY (region, name))",
            "CREATE TABLE IF NOT EXISTS events_targets"
            " (region TEXT, rule TEXT, id TEXT, target TEXT, PRIMARY KEY (region, rule, id))",
        )

    def put(self, rule: Rule) -> None:
        """Make a rule, or change one."""
        data = documents.dumps(asdict(rule))
        self._database.execute("INSERT OR REPLACE INTO events_rules VALUES (?, ?, ?)", rule.region, rule.name, data)

    def get(self, region: str, name: str) -> Rule | None:
        """Return a rule, or None."""
        query = "SELECT rule FROM events_rules WHERE region = ? AND name = ?"
        row = self._database.row(query, region, name)
        return Rule(**documents.loads(row[0])) if row else None

    def all(self, region: str | None = None) -> Sequence[Rule]:
        """Return the rules of a region, or of all, by name."""
        query = "SELECT rule FROM events_rules WHERE region = ?1 OR ?1 IS NULL ORDER BY region, name"
        return [Rule(**documents.loads(row[0])) for row in self._database.rows(query, region)]

    def delete(self, rule: Rule) -> None:
        """Delete a rule and its targets."""
        with self._database.transaction():
            self._database.execute("DELETE FROM events_rules WHERE region = ? AND name = ?", rule.region, rule.name)
            self._database.execute("DELETE FROM events_targets WHERE region = ? AND rule = ?", rule.region, rule.name)

    def targets(self, rule: Rule) -> Sequence[Target]:
        """Return a rule's targets, by id."""
        query = "SELECT target FROM events_targets WHERE region = ? AND rule = ? ORDER BY id"
        return [json.loads(row[0]) for row in self._database.rows(query, rule.region, rule.name)]

    def put_target(self, rule: Rule, target: Target) -> None:
        """Add a target, or change the one with its id."""
        insert = "INSERT OR REPLACE INTO events_targets VALUES (?, ?, ?, ?)"
        self._database.execute(insert, rule.region, rule.name, target["Id"], json.dumps(target))

    def remove_target(self, rule: Rule, name: str) -> bool:
        """Remove a target; whether there was one with that id."""
        delete = "DELETE FROM events_targets WHERE region = ? AND rule = ? AND id = ?"
        return self._database.execute(delete, rule.region, rule.name, name) > 0
