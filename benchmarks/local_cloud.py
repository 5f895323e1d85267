"""The local cloud's own figures, each beside its bar: start, small objects against moto server, a large one, idle.

    python -m benchmarks.local_cloud

Both servers are programs of their own on this machine, asked by the same clients, in turns, so that a noisy machine is
noisy for both. Memory is the process's peak beyond what it had before, idle CPU is that of the whole process tree.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from botocore.config import Config

CLIENTS, OBJECTS, SIZE = 8, 1_000, 1_024
ROUNDS = 3
GB = 1 << 30
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: its process and where it answers."""

    pid: int
    url: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients have no classes of their own
        """Give a boto3 client of it."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",  # noqa: S106 - neither checks it
            config=Config(retries={"total_max_attempts": 1}, read_timeout=300),
        )


@contextmanager
def local_cloud(state: Path) -> Iterator[Server]:
    """Run a local cloud without an application."""
    command = [sys.executable, "-m", "localcloud", "--state", str(state), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server(process.pid, json.loads(process.stdout.readline())["endpoint_url"])
        finally:
            process.terminate()


@contextmanager
def moto_server() -> Iterator[Server]:
    """Run moto's own server."""
    program = (
        "from moto.server import ThreadedMotoServer as S; import time\n"
        "s = S(ip_address='127.0.0.1', port=0, verbose=False); s.start()\n"
        "print(s.get_host_and_port()[1], flush=True); time.sleep(3600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            yield Server(process.pid, f"http://127.0.0.1:{process.stdout.readline().strip()}")
        finally:
            process.kill()


def seconds_to_first_answer() -> float:
    """Return the time from starting the program to its first answered call."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        with local_cloud(Path(folder)) as server, closing(server.client("s3")) as s3:
            s3.list_buckets()
            return time.monotonic() - begun


def put_rate(server: Server, prefix: str) -> float:
    """Return small objects stored a second, by several clients at once."""
    share = OBJECTS // CLIENTS

    def write(number: int) -> None:
        with closing(server.client("s3")) as s3:
            for each in range(share):
                s3.put_object(Bucket="bench", Key=f"{prefix}/{number}/{each}", Body=b"x" * SIZE)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(CLIENTS)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CLIENTS * share / (time.monotonic() - begun)


class Zeros:
    """A file of zeros that is not there: so many bytes."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        size = self._left if size < 0 else min(size, self._left)
        self._left -= size
        return bytes(size)


def large_object(server: Server) -> tuple[float, float, float]:
    """Return MB/s in, MB/s out, and the MB by which the server's peak memory grew, for an object of 1 GB."""
    before = _memory(server.pid, "VmRSS")
    _reset_peak(server.pid)
    with closing(server.client("s3")) as s3:
        begun = time.monotonic()
        source: BinaryIO = Zeros(GB)  # type: ignore[assignment] # all that boto3 asks of a file
        s3.upload_fileobj(source, "bench", "large")
        stored = time.monotonic()
        got = sum(len(piece) for piece in s3.get_object(Bucket="bench", Key="large")["Body"].iter_chunks(1 << 20))
        ended = time.monotonic()
    assert got == GB, got
    return 1024 / (stored - begun), 1024 / (ended - stored), _memory(server.pid, "VmHWM") - before


def idle_share(server: Server, seconds: float) -> float:
    """Return the share of one core that the server and its children take when nobody asks anything."""
    time.sleep(2)
    before = _cpu(server.pid)
    time.sleep(seconds)
    return (_cpu(server.pid) - before) / seconds


def _memory(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


def _reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / _TICKS + sum(_cpu(int(child)) for child in children)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--idle", type=float, default=30.0, help="seconds to watch an idle server (default: 30)")
    given = parser.parse_args(arguments)
    starts = [seconds_to_first_answer() for _ in range(ROUNDS)]
    print(f"start to first answered call: {statistics.median(starts):.2f} s (bar 2 s; {ROUNDS} starts, the median)")
    with tempfile.TemporaryDirectory() as folder, local_cloud(Path(folder)) as ours, moto_server() as moto:
        for server in (ours, moto):
            with closing(server.client("s3")) as s3:
                s3.create_bucket(Bucket="bench")
            put_rate(server, "warm")
        rates = [(put_rate(ours, f"{turn}"), put_rate(moto, f"{turn}")) for turn in range(ROUNDS)]
        ratio = statistics.median(mine / theirs for mine, theirs in rates)
        mine, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
        print(f"{OBJECTS} PUTs of 1 KB by {CLIENTS} clients: {mine:.0f}/s, moto server {theirs:.0f}/s (medians)")
        print(f"  ratio {ratio:.2f} (bar 1)")
        stored, read, grown = large_object(ours)
        print(f"1 GB in {stored:.0f} MB/s, out {read:.0f} MB/s, memory growth {grown:.0f} MB (bar 200)")
        print(f"idle CPU {100 * idle_share(ours, given.idle):.1f} % of a core (bar 2)")


if __name__ == "__main__":
    main()
