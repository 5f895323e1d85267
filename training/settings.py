"""Where the container finds and leaves its files, and the few environment variables it knows: read once, here.

SageMaker mounts everything below `/opt/ml`; `SAGEMAKER_BASE_DIR` moves that root, which is how the same program runs
without a container.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.core import container
from training.errors import InputError

DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Settings:
    """One process's places (all below ``base``) and its server's port, host and model version."""

    base: Path
    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside by its platform
    port: int = DEFAULT_PORT
    model_version: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment.

        Raises
        ------
        InputError
            If the port is none.
        """
        base = environment.get("SAGEMAKER_BASE_DIR", "")
        port = environment.get("SAGEMAKER_BIND_TO_PORT", str(DEFAULT_PORT))
        if not (port.isascii() and port.isdigit() and int(port) < 65536):  # noqa: PLR2004 - the largest TCP port
            raise InputError(f"SAGEMAKER_BIND_TO_PORT must be a port, got {port!r}")
        return cls(
            base=Path(base or "/opt/ml"),
            # A moved root means that no container isolates the process: stay on loopback.
            host="127.0.0.1" if base else cls.host,
            port=int(port),
            model_version=environment.get(container.MODEL_VERSION, ""),
        )

    @property
    def model(self) -> Path:
        """The folder that becomes, or came from, `model.tar.gz`."""
        return self.base / "model"

    @property
    def hyperparameters(self) -> Path:
        """The training job's hyperparameters, a JSON object of strings."""
        return self.base / "input" / "config" / "hyperparameters.json"

    @property
    def failure(self) -> Path:
        """Where a training job says why it failed."""
        return self.base / "output" / "failure"

    @property
    def message(self) -> Path:
        """Where a processing job says why it failed."""
        return self.base / "output" / "message"

    def channel(self, name: str) -> Path:
        """Return the folder of a training channel."""
        return self.base / "input" / "data" / name

    def processing_input(self, name: str) -> Path:
        """Return the folder of a processing input."""
        return self.base / "processing" / "input" / name

    def processing_output(self, name: str) -> Path:
        """Return the folder of a processing output."""
        return self.base / "processing" / "output" / name
