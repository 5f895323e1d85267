import sys
import textwrap
from typing import Any

from tests.localcloud.sagemaker.clouds import Cloud

_PRELUDE = """
    import json, os, pathlib, signal, socket, sys, time
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    resources = json.loads((base / "config/resourceconfig.json").read_text())
    host = resources["current_host"]
"""


def process_program(cloud: Cloud, program: str, hosts: int = 1, **more: Any) -> None:
    """Start the processing job ``j`` that runs a Python program on so many hosts."""
    script = cloud.state.parent / "program.py"
    script.write_text(textwrap.dedent(_PRELUDE) + textwrap.dedent(program))
    cloud.process(
        "j",
        AppSpecification={"ImageUri": "job", "ContainerEntrypoint": [sys.executable, str(script)]},
        ProcessingResources={
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": hosts, "VolumeSizeInGB": 1}
        },
        **more,
    )
