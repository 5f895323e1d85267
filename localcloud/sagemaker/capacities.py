"""Weights and instance counts of an endpoint's variants: what is asked for, what is there, and what a failure leaves.

Describe tells both, as ``Desired...`` and ``Current...``. Pure: an endpoint's data in, its changed data out.
"""

from collections.abc import Collection, Mapping, Sequence

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker import serverless
from localcloud.sagemaker.store import Data

_INITIAL = {"Weight": "InitialVariantWeight", "InstanceCount": "InitialInstanceCount"}


def read(request: Data) -> Mapping[str, Data]:
    """Return the wishes of an UpdateEndpointWeightsAndCapacities by variant; raises AwsError."""
    wishes = request["DesiredWeightsAndCapacities"]
    for wish in wishes:
        path = f"DesiredWeightsAndCapacities.{wish['VariantName']}."
        emulated.only(wish, "VariantName DesiredWeight DesiredInstanceCount", path)
        if wish.get("DesiredInstanceCount") == 0:  # on AWS for endpoints of inference components alone
            raise AwsError("ValidationException", f"{path}DesiredInstanceCount must be at least 1")
    emulated.unique((wish["VariantName"] for wish in wishes), "Variant names")
    return {wish["VariantName"]: wish for wish in wishes}


def wanted(endpoint: Data, wishes: Mapping[str, Data]) -> list[Data]:
    """Return the summaries of an endpoint's variants with what is wished for; raises AwsError for an unknown one."""
    summaries = endpoint["ProductionVariants"]
    unknown = sorted(set(wishes) - {summary["VariantName"] for summary in summaries})
    if unknown:
        raise AwsError(
            "ValidationException",
            f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint configuration '
            f'"{endpoint["EndpointConfigName"]}".',
        )
    for summary in summaries:
        serverless.check_wish(summary, wishes.get(summary["VariantName"], {}))
    return [{**summary, **wishes.get(summary["VariantName"], {})} for summary in summaries]


def retained(request: Data) -> Collection[str]:
    """Return which of ``Weight`` and ``InstanceCount`` an UpdateEndpoint keeps as they are."""
    if not request.get("RetainAllVariantProperties"):
        return ()
    # DataCaptureConfig may be excluded as well: it always is, as the new config's capture counts
    excluded = {each["VariantPropertyType"] for each in request.get("ExcludeRetainedVariantProperties", ())}
    return [member for member in _INITIAL if f"Desired{member}" not in excluded]


def applied(
    config: Data, summaries: Sequence[Data], members: Collection[str] = tuple(_INITIAL), values: str = "Desired"
) -> Data:
    """Return a config in which variants of the same name have desired, or current, values instead of initial ones."""
    desired = {
        summary["VariantName"]: {
            _INITIAL[member]: summary[f"{values}{member}"] for member in members if f"{values}{member}" in summary
        }
        for summary in summaries
    }
    variants = [
        {**variant, **serverless.applicable(variant, desired.get(variant["VariantName"], {}))}
        for variant in config["ProductionVariants"]
    ]
    return {**config, "ProductionVariants": variants}


def reached(endpoint: Data) -> Data:
    """Return an endpoint in service with all that it desired."""
    return _settled(endpoint, "Current", "Desired")


def given_up(endpoint: Data, reason: str) -> Data:
    """Return an endpoint in service as before; what it desired is forgotten, the reason told."""
    return {**_settled(endpoint, "Desired", "Current"), "FailureReason": reason}


def _settled(endpoint: Data, target: str, source: str) -> Data:
    summaries = [
        {
            **summary,
            **{
                f"{target}{member}": summary[f"{source}{member}"]
                for member in _INITIAL
                if f"{source}{member}" in summary
            },
        }
        for summary in endpoint["ProductionVariants"]
    ]
    return {**endpoint, "EndpointStatus": "InService", "ProductionVariants": summaries}
