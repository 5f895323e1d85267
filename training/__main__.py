"""`python -m training <command>`: one program, one image; the command is what SageMaker passes to the container.

A command imports only what it needs, so the model server starts without scikit-learn or XGBoost. Whatever a job cannot
do is said where SageMaker looks for it (`output/failure` of a training job, `output/message` of a processing job), in
at most 1,024 bytes, and the exit code is 1. A `prepare` that refuses the data has done its work: it says so in the same
place, and its code is 0. A job that is stopped (SIGTERM) ends at once, with code 143.
"""

import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from chalicelib.core import container
from chalicelib.core.errors import InvalidSpecError
from chalicelib.core.places import upload_of
from training.errors import RefusedDataError, RefusedFileError, TrainingError
from training.settings import Settings

COMMANDS = ("prepare", "train", "evaluate", "baseline", "monitor", "shard", "serve")
MAX_MESSAGE_BYTES = 1024

logger = logging.getLogger("training")


def main(arguments: Sequence[str], settings: Settings) -> int:
    """Run one command and return the process's exit code."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        logger.error("usage: python -m training {%s}", "|".join(COMMANDS))
        return 2
    command = arguments[0]
    try:
        refused = importlib.import_module(f"training.{command}").run(settings)
    except (RefusedFileError, RefusedDataError) as error:
        _tell(settings, command, f"{container.REFUSED}{error}")
        # A refusal is no defect: no traceback. The file's name is a person's.
        reason = f"upload {upload_of(error.file)}: {error.reason}" if isinstance(error, RefusedFileError) else error
        logger.error("%s.refused reason=%s", command, reason)  # noqa: TRY400
        return 1
    except (TrainingError, InvalidSpecError) as error:
        _tell(settings, command, str(error))
        logger.error("%s.failed reason=%s", command, error)  # noqa: TRY400 - the same
        return 1
    except Exception as error:  # outermost edge: SageMaker must learn of a defect too, from the file as from the log
        _tell(settings, command, f"unexpected {type(error).__name__} in {command}; the job's log has the traceback")
        logger.exception("%s.failed", command)
        return 1
    if refused is not None:
        _tell(settings, command, f"{container.REFUSED}{refused}")
    return 0


def _tell(settings: Settings, command: str, message: str) -> None:
    """Write what SageMaker shows of the job; a server has no such file."""
    if command != "serve":
        path = settings.failure if command == "train" else settings.message
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(shorten(message))


def shorten(message: str) -> bytes:
    """Return the message as UTF-8 of at most 1,024 bytes, cut between characters."""
    return message.encode(errors="replace")[:MAX_MESSAGE_BYTES].decode(errors="ignore").encode()


def _stop(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    # Before numpy is loaded: sums in one thread depend on their data alone, and idle threads of BLAS only burn time.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    # As a container's first process it would otherwise ignore SIGTERM, and a stopped job run on, and be billed.
    signal.signal(signal.SIGTERM, _stop)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main(sys.argv[1:], Settings.from_environment(os.environ)))
