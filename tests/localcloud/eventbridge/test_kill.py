import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

PROGRAM = textwrap.dedent("""
    import sys, uuid
    from pathlib import Path
    from localcloud.settings import Delays
    from tests.localcloud.eventbridge.conftest import Bridge

    bridge = Bridge(Path(sys.argv[1]), Delays(event_delivery=0.003), new_id=lambda: str(uuid.uuid4()))
    bridge.rule()
    bridge.rule("s", pattern=None, ScheduleExpression="cron(0 * * * ? *)")
    bridge.events.start()

    while True:
        print(bridge.publish(), flush=True)
        bridge.clock.advance(1500.0)
""")


def run_and_kill(state: Path, lines: int) -> Sequence[str]:
    """Let a process publish and fire, and kill it after so many lines; the ids that it told."""
    command = [sys.executable, "-c", PROGRAM, str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    return [line.strip() for line in said if line.endswith("\n")]


def test_kill_9_neither_loses_nor_doubles(tmp_path: Path, start_bridge: Any) -> None:
    """Killed again and again amid its work, a cloud delivers each acknowledged event and fires each slot, once."""
    acknowledged = [number for lines in (7, 23, 60) for number in run_and_kill(tmp_path, lines)]
    bridge = start_bridge()
    bridge.events.start()
    bridge.clock.advance(10.0)
    events = [json.loads(message) for message in bridge.queues.messages()]
    delivered = [event["id"] for event in events]
    assert len(delivered) == len(set(delivered))
    assert set(acknowledged) <= set(delivered)
    slots = [datetime.fromisoformat(event["time"]) for event in events if event["source"] == "aws.events"]
    assert len(slots) > 30
    assert {after - before for before, after in pairwise(slots)} == {timedelta(hours=1)}
