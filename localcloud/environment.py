"""The environment of the local cloud's own process: read, and changed, here alone.

What the cloud starts inherits almost nothing: where to find programs, a home, a language, and how many threads
numerical libraries may take, since jobs and servers share a laptop. Lambda's runtime (`localcloud.functions.runtime`)
is another process and reads the environment that `localcloud.functions.sandbox` makes for it.
"""

import os

_INHERITED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "VIRTUAL_ENV"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
)
_OF_A_DEVELOPER = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")

NO_AWS_FILES = {  # no profile of a developer's own reaches in
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def inherited() -> dict[str, str]:
    """Give what every process that the local cloud starts takes over from it."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def forget_aws_settings() -> None:
    """Drop a developer's own AWS settings: a profile that does not exist here would fail every call of ours."""
    for name in _OF_A_DEVELOPER:
        os.environ.pop(name, None)
    os.environ.update(NO_AWS_FILES)


def forbid_moto_cors() -> None:
    """Let moto, which reads this when it is imported, allow no web page to read its answers."""
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
