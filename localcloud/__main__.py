"""``python -m localcloud``: runs a local cloud until SIGTERM or Ctrl-C.

Standard output holds one line of JSON, written when the cloud is ready; whoever started it waits for that line. Exit
code 0: stopped cleanly; 2: it could not start, and standard error says why.
"""

import signal
import sys
import threading
from types import FrameType

from localcloud import environment
from localcloud.arguments import parse_arguments
from localcloud.cloud import Cloud, announce
from localcloud.errors import ConfigError

CANNOT_START = 2


def main() -> int:
    """Run until told to stop; the exit code."""
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    try:
        environment.forget_aws_settings()
        settings = parse_arguments(sys.argv[1:])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, tell)
        with Cloud(settings) as cloud:
            line = announce(cloud, settings.state)
            print(line, flush=True)  # noqa: T201  the ready line is this program's output
            told.wait()
            (settings.state / "cloud.json").unlink(missing_ok=True)
    except ConfigError as error:
        print(f"localcloud: {error}", file=sys.stderr)  # noqa: T201  a command line's answer to its user
        return CANNOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
