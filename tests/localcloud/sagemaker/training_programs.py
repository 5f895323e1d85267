import sys
import textwrap
from typing import Any

from tests.localcloud.sagemaker.clouds import Cloud

_PRELUDE = """
    import json, os, pathlib, signal, socket, sys, time
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    resources = json.loads((base / "input/config/resourceconfig.json").read_text())
    host = resources["current_host"]
    print("this is", host, flush=True)
"""


def train_program(cloud: Cloud, program: str, hosts: int, algorithm: Any = None, **more: Any) -> None:
    """Start the job ``j`` that runs a Python program on so many hosts."""
    script = cloud.state.parent / "program.py"
    script.write_text(textwrap.dedent(_PRELUDE) + textwrap.dedent(program))
    cloud.train(
        "j",
        AlgorithmSpecification={
            "TrainingImage": "job",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": [sys.executable, str(script)],
            **(algorithm or {}),
        },
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": hosts, "VolumeSizeInGB": 1},
        **more,
    )
