"""What a training job leaves in S3: its model and its other output, packed or as they are.

The files of all hosts' model folders make one ``model.tar.gz``, those of their output folders one ``output.tar.gz``;
of files of one name that of the first host is kept. With ``CompressionType`` NONE the files lie below ``model/`` and
``data/`` instead (the names of these two are ours).
"""

from collections.abc import Sequence
from pathlib import Path

from localcloud.sagemaker import archive
from localcloud.sagemaker.job_hosts import Host
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.store import Data


def upload_outputs(name: str, data: Data, objects: Objects, hosts: Sequence[Host]) -> str | None:
    """Store a job's outputs; where its model is, or None if there is none. Raises DataError."""
    config = data["OutputDataConfig"]
    output = Location.parse(config["S3OutputPath"]).below(f"{name}/output")
    models = _present([host.base / "model" for host in hosts])
    others = _present([host.base / "output" / "data" for host in hosts])
    if config.get("CompressionType", "GZIP") == "NONE":
        for folder, place in ((models, "model"), (others, "data")):
            for part in reversed(folder):
                objects.upload_folder(part, output.below(place))
        return f"{output.below('model')}/" if models else None
    for folders, file in ((models, "model.tar.gz"), (others, "output.tar.gz")):
        if folders:
            packed = hosts[0].base.parent / file
            archive.pack(folders, packed)
            objects.upload(packed, output.below(file))
    return str(output.below("model.tar.gz")) if models else None


def _present(folders: Sequence[Path]) -> list[Path]:
    found = [folder for folder in folders if folder.is_dir()]
    return found if any(archive.regular_files(folder) for folder in found) else []
