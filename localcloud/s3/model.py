"""S3's operations by botocore's model: which one a request is, and where its members are.

A request names no operation: it is the one with most of its constant parameters and required members in the request's
line and headers. So what the local cloud does not emulate is known by its name, too, and refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from localcloud.errors import AwsError

_LEVELS = {"/": 0, "/{Bucket}": 1, "/{Bucket}/{Key+}": 2}  # the service, a bucket, an object


@dataclass(frozen=True)
class Operation:
    """One operation: how it is recognised, its members by place, its payload and its output."""

    name: str
    constants: Mapping[str, str]  # parameters of the address, and the value they must have ("" for any)
    required: frozenset[str]  # names of parameters and headers
    parameters: Mapping[str, tuple[str, Shape]]
    headers: Mapping[str, tuple[str, Shape]]
    payload: tuple[str, Shape] | None  # the member that the body is, where it is no stream of bytes
    output: StructureShape | None
    status: int

    def matches(self, parameters: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Say whether a request has all that the operation needs."""
        constants = all(
            name in parameters and value in {"", parameters[name]} for name, value in self.constants.items()
        )
        return constants and all(name in parameters or name in headers for name in self.required)


class Model:
    """All operations; of those that look alike, ``preferred`` ones are taken."""

    def __init__(self, preferred: Iterable[str]) -> None:
        service = ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")  # no session: nobody's profile
        chosen = frozenset(preferred)
        self._routes: dict[tuple[str, int], list[Operation]] = {}
        for name in sorted(service.operation_names, key=lambda name: name not in chosen):
            operation = service.operation_model(name)
            path, _, query = operation.http["requestUri"].partition("?")
            if path in _LEVELS:
                route = (operation.http["method"], _LEVELS[path])
                self._routes.setdefault(route, []).append(_read(operation, query))
        for operations in self._routes.values():  # the most demanding first; the sort keeps the preferred ones first
            operations.sort(key=lambda operation: -len(operation.constants) - len(operation.required))

    def find(self, method: str, level: int, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Operation:
        """Return the operation of a request; raises AwsError MethodNotAllowed if it is none."""
        for operation in self._routes.get((method, level), ()):
            if operation.matches(parameters, headers):
                return operation
        message = "The specified method is not allowed against this resource."
        raise AwsError("MethodNotAllowed", message, 405, {"Method": method})


def _read(operation: OperationModel, query: str) -> Operation:
    members: Mapping[str, Shape] = operation.input_shape.members if operation.input_shape else {}
    places: dict[str, dict[str, tuple[str, Shape]]] = {"querystring": {}, "header": {}}
    for name, shape in members.items():
        location = shape.serialization.get("location")
        if location in places:
            places[location][
                shape.serialization["name"].lower() if location == "header" else shape.serialization["name"]
            ] = (name, shape)
    needed = set(operation.input_shape.required_members if operation.input_shape else ())
    required = {wire for fields in places.values() for wire, (name, _) in fields.items() if name in needed}
    payload = operation.input_shape.serialization.get("payload") if operation.input_shape else None
    return Operation(
        name=operation.name,
        constants=dict(parse_qsl(query, keep_blank_values=True)),
        required=frozenset(required),
        parameters=places["querystring"],
        headers=places["header"],
        payload=(payload, members[payload]) if payload and members[payload].type_name == "structure" else None,
        output=operation.output_shape,
        status=operation.http.get("responseCode", 200),
    )
