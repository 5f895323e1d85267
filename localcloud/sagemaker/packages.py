"""The model registry: groups, and in each group versions that count up from one.

A version is ``Pending`` when it is made and ``Completed`` shortly after. Its approval is a person's or a program's
word, sent as an event whenever it changes. The same ``ClientToken`` gives the same version again, so a call whose
answer was lost can be repeated.
"""

from functools import partial

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.store import Data, Store

_TOKEN = "_ClientToken"  # ours  # noqa: S105  no secret
_CREATE = (
    "ModelPackageGroupName ModelPackageDescription InferenceSpecification CertifyForMarketplace Tags "
    "ModelApprovalStatus MetadataProperties ModelMetrics ClientToken Domain Task SamplePayloadUrl "
    "CustomerMetadataProperties "
    "DriftCheckBaselines SkipModelValidation SourceUri ModelCard ModelPackageRegistrationType"
)


def package_of(store: Store, region: str, name_or_arn: str) -> Data:
    """Return a version by its ARN, or by ``group/version``; raises AwsError if there is none."""
    name = name_or_arn.rpartition(":model-package/")[2]
    return store.get(resource_kinds.MODEL_PACKAGE, region, name)


def create_group(foundation: Foundation, request: Data, region: str) -> Data:
    """CreateModelPackageGroup."""
    emulated.only(request, "ModelPackageGroupName ModelPackageGroupDescription Tags")
    data = {**request, "ModelPackageGroupStatus": "Completed"}
    return foundation.store.create(resource_kinds.MODEL_PACKAGE_GROUP, region, request["ModelPackageGroupName"], data)


def delete_group(foundation: Foundation, request: Data, region: str) -> None:
    """DeleteModelPackageGroup: only when it is empty."""
    name = request["ModelPackageGroupName"]
    with foundation.store.transaction():
        group = foundation.store.get(resource_kinds.MODEL_PACKAGE_GROUP, region, name)
        if _versions(foundation.store, region, group):
            raise AwsError(
                "ConflictException", f"Model Package Group {group['ModelPackageGroupArn']} still has model packages"
            )
        foundation.store.delete(resource_kinds.MODEL_PACKAGE_GROUP, region, name)


def create_package(foundation: Foundation, request: Data, region: str) -> Data:
    """CreateModelPackage."""
    emulated.only(request, _CREATE)
    if "ModelPackageGroupName" not in request:
        raise emulated.refusal("a model package without ModelPackageGroupName")
    if request.get("Tags"):
        raise AwsError("ValidationException", "Tags cannot be provided for a model package that belongs to a group")
    if not request.get("InferenceSpecification", {}).get("Containers"):
        raise AwsError("ValidationException", "InferenceSpecification is required")
    if len(request["InferenceSpecification"]["Containers"]) > 1:
        raise emulated.refusal("a model package of several containers")
    with foundation.store.transaction():
        made, again = _add(foundation.store, request, region)
    if not again:
        foundation.background.start("model-package", lambda: _complete(foundation, region, made["ModelPackageName"]))
    return made


def resume(foundation: Foundation) -> None:
    """Complete the versions that a local cloud left Pending when it ended."""
    for region, package in foundation.store.everywhere(resource_kinds.MODEL_PACKAGE):
        if package["ModelPackageStatus"] == "Pending":
            name = package["ModelPackageName"]
            foundation.background.start("model-package", partial(_complete, foundation, region, name))


def update_package(foundation: Foundation, request: Data, region: str) -> Data:
    """UpdateModelPackage."""
    emulated.only(
        request,
        "ModelPackageArn ModelApprovalStatus ApprovalDescription CustomerMetadataProperties "
        "CustomerMetadataPropertiesToRemove ClientToken",
    )
    package = package_of(foundation.store, region, request["ModelPackageArn"])
    changes = {name: request[name] for name in ("ModelApprovalStatus", "ApprovalDescription") if name in request}
    removed = request.get("CustomerMetadataPropertiesToRemove", ())

    def change(row: Data) -> Data:
        properties = {**row.get("CustomerMetadataProperties", {}), **request.get("CustomerMetadataProperties", {})}
        left = {name: value for name, value in properties.items() if name not in removed}
        return {**row, **changes, **({"CustomerMetadataProperties": left} if properties else {})}

    return foundation.store.update(resource_kinds.MODEL_PACKAGE, region, package["ModelPackageName"], change)


def delete_package(foundation: Foundation, request: Data, region: str) -> None:
    """DeleteModelPackage: its number is not given again."""
    package = package_of(foundation.store, region, request["ModelPackageName"])
    foundation.store.delete(resource_kinds.MODEL_PACKAGE, region, package["ModelPackageName"])


def _versions(store: Store, region: str, group: Data) -> list[Data]:
    name = group["ModelPackageGroupName"]
    return [row for row in store.list(resource_kinds.MODEL_PACKAGE, region) if row["ModelPackageGroupName"] == name]


def _add(store: Store, request: Data, region: str) -> tuple[Data, bool]:
    name = request["ModelPackageGroupName"].rpartition("/")[2]
    group = store.get(resource_kinds.MODEL_PACKAGE_GROUP, region, name)
    asked = {**request, "ModelPackageGroupName": group["ModelPackageGroupName"]}
    token = asked.pop("ClientToken", None)
    for other in _versions(store, region, group) if token is not None else ():
        if other.get(_TOKEN) == token:
            if any(other.get(member) != value for member, value in asked.items() if member != "ModelApprovalStatus"):
                raise AwsError("ConflictException", "The ClientToken was used before with other parameters")
            return other, True
    number = group.get("_Last", 0) + 1
    store.update(resource_kinds.MODEL_PACKAGE_GROUP, region, name, lambda row: {**row, "_Last": number})
    data = {
        "CertifyForMarketplace": False,
        "ModelApprovalStatus": "PendingManualApproval",
        **asked,
        _TOKEN: token,
        "ModelPackageVersion": number,
        "ModelPackageStatus": "Pending",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
    }
    return store.create(resource_kinds.MODEL_PACKAGE, region, f"{group['ModelPackageGroupName']}/{number}", data), False


def _complete(foundation: Foundation, region: str, name: str) -> None:
    foundation.background.sleep(foundation.delays.model_package)
    done = {"ModelPackageStatus": "Completed"}
    with foundation.store.transaction():
        if foundation.store.find(resource_kinds.MODEL_PACKAGE, region, name) is not None:  # it may be deleted by now
            foundation.store.update(resource_kinds.MODEL_PACKAGE, region, name, lambda row: {**row, **done})
