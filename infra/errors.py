"""The errors of packaging, local resources and teardown.

::

    InfraError
    ├── PackageError     the package cannot be made, or breaks one of its bars
    ├── TemplateError    the template uses what we cannot read, or lacks what we need
    └── TeardownError    something that costs money could not be removed
"""


class InfraError(Exception):
    """What every error here is; the message says what to do."""


class PackageError(InfraError):
    """The package cannot be made, or what was made breaks a bar."""


class TemplateError(InfraError):
    """The template uses an intrinsic function we do not read, or lacks a resource."""


class TeardownError(InfraError):
    """Something of the stage is still there."""
