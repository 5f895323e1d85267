"""Which version answers: the endpoint is brought to the wanted one, and what failed once is not tried again.

Wanted is the newest approved version that is not marked bad; a person's pin (a rollback) holds until there is a version
newer than those the person knew. Nothing else moves it, so a rollback stays rolled back however often one looks.

AWS answers an update that it undid with ``InService`` on the old config, sometimes without a reason. So the ledger
notes each update before it is asked for, with the time of the endpoint's last change. An endpoint that is in service
on another config and was changed since has undone the update, if the ledger says too that AWS took it: that version
is marked bad. An update that AWS is not known to have taken (it was busy, or refused, or whoever noted it died) is
asked for again. The prices: a version that was undone while nobody lived to note that it was taken is tried twice; and
a spec that changes how a model is served, on which machine or how much is captured, holds from the next version on.

In a state that only a person can mend the endpoint is left alone. The ledger notes that state, so that people are told
of it once, until the endpoint is in service again.
"""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core import requests
from chalicelib.core.actions import Call, Change, Plan
from chalicelib.core.facts import Endpoint, ModelPackage, PipelineFacts
from chalicelib.core.ledger import Head, Update
from chalicelib.core.stage import Stage

_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


def wanted(head: Head, packages: Sequence[ModelPackage]) -> ModelPackage | None:
    """Return the version that should answer; None if there is none."""
    usable = {
        package.version: package
        for package in packages
        if package.approval == "Approved" and package.status == "Completed" and package.version not in head.bad
    }
    if head.pin:
        newer = [version for version in usable if version > head.pin.over]
        if not newer and head.pin.version in usable:
            return usable[head.pin.version]
        usable = {version: usable[version] for version in newer or usable}
    return usable[max(usable)] if usable else None


def decide_rollout(stage: Stage, facts: PipelineFacts) -> Plan:
    """Bring the endpoint to the wanted version."""
    endpoint, package, asked = facts.endpoint, facts.wanted, facts.head.update
    if endpoint is None:
        return _create(stage, facts, package) if package else Plan("waiting", "no approved version yet")
    if endpoint.status in _BUSY:
        return Plan("rolling out", f"endpoint {endpoint.name} is {endpoint.status}")
    if endpoint.status == "Failed":
        return _replace_failed(facts, endpoint)
    if endpoint.status != "InService":
        return _ask_person(facts.head, endpoint)
    if facts.head.trouble:
        told = f"endpoint {endpoint.name} was {facts.head.trouble} and is in service again"
        return Plan("recovered", told, change=Change(replace(facts.head, trouble=None)))
    answers = stage.names.parse_endpoint_config(facts.pipeline, endpoint.config_name)
    if asked and facts.update_taken and answers != asked.run_id:
        return _await_or_undone(facts, asked, endpoint)
    if package is None:
        return Plan("waiting", "no approved version that is not bad: the endpoint stays as it is")
    if answers == package.run_id:
        told = f"version {package.version} answers"
        return Plan("live", told, change=Change(replace(facts.head, update=None)) if asked else None)
    return _update(stage, facts, package, endpoint)


def _create(stage: Stage, facts: PipelineFacts, package: ModelPackage) -> Plan:
    reason, actions = f"version {package.version} is the first to serve", _actions(stage, facts, package, first=True)
    asked = facts.head.update
    if asked and asked.version == package.version and facts.update_taken:
        return Plan("rolling out", reason, actions)  # it is not seen yet, or was deleted by hand
    return Plan("rolling out", reason, actions, _asking(facts, package, None))


def _update(stage: Stage, facts: PipelineFacts, package: ModelPackage, endpoint: Endpoint) -> Plan:
    asked, changed = facts.head.update, endpoint.changed.isoformat()
    again = asked and asked.version == package.version
    reason = f"version {package.version} is wanted, and another answers{': it is asked for again' if again else ''}"
    evidence = {"answers": endpoint.config_name, "changed": changed}
    actions = _actions(stage, facts, package, first=False)
    return Plan("rolling out", reason, actions, _asking(facts, package, changed), evidence=evidence)


def _asking(facts: PipelineFacts, package: ModelPackage, changed: str | None) -> Change:
    update = Update(package.version, package.run_id, changed, facts.head.fence + 1)
    return Change(replace(facts.head, update=update))


def _await_or_undone(facts: PipelineFacts, asked: Update, endpoint: Endpoint) -> Plan:
    if asked.changed == endpoint.changed.isoformat():
        return Plan("rolling out", f"the update to version {asked.version} is taken, and nothing of it is seen yet")
    why = endpoint.reason or "it returned to its old config without a reason"
    return _mark_bad(facts, asked.version, f"the update of {endpoint.name} to version {asked.version} failed: {why}")


def _replace_failed(facts: PipelineFacts, endpoint: Endpoint) -> Plan:
    """Delete an endpoint that can only be deleted, once the version that it is known to have failed with is bad."""
    asked = facts.head.update
    reason = f"endpoint {endpoint.name} is Failed: {endpoint.reason or 'no reason given'}"
    if asked and facts.update_taken:
        return _mark_bad(facts, asked.version, reason)
    return Plan("replacing", f"{reason}; it can only be deleted and made anew", (requests.delete_endpoint(endpoint),))


def _ask_person(head: Head, endpoint: Endpoint) -> Plan:
    """Note a state that only a person can mend once, so that people are told of it once."""
    why = endpoint.reason or "no reason given"
    reason = f"endpoint {endpoint.name} is {endpoint.status}: a person must look at it ({why})"
    change = Change(replace(head, trouble=endpoint.status)) if head.trouble != endpoint.status else None
    return Plan("failed", reason, change=change)


def _mark_bad(facts: PipelineFacts, version: int, reason: str) -> Plan:
    head = replace(facts.head, update=None, bad=tuple(sorted({*facts.head.bad, version})))
    return Plan(
        "rolled back", f"{reason}; version {version} is marked bad", change=Change(head), evidence={"bad": version}
    )


def _actions(stage: Stage, facts: PipelineFacts, package: ModelPackage, *, first: bool) -> tuple[Call, ...]:
    config = requests.endpoint_config(stage, facts.pipeline, package, facts.spec)
    return (
        requests.live_model(stage, facts.pipeline, package),
        config,
        requests.endpoint(stage, facts.pipeline, config, update=not first),
    )
