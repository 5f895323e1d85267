"""The local cloud's S3 beside moto's server: 1,000 PUTs of 1 KB by 8 clients, in turns; the memory that 1 GiB takes.

Each server is a process of its own, and so are the clients of each turn. Run from the checkout:
``python -m benchmarks.local_s3``.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

PUTS, CLIENTS, ROUNDS, GIB = 1_000, 8, 3, 1024**3
MOTO = (
    "import time; from moto.server import ThreadedMotoServer; s = ThreadedMotoServer('127.0.0.1', 0, verbose=False); "
    's.start(); print(\'{"endpoint_url": "http://%s:%s"}\' % s.get_host_and_port(), flush=True); time.sleep(3600)'
)


def client(url: str) -> Any:  # noqa: ANN401 - boto3's clients have no classes of their own
    """Return a client of its own session, as sessions are not for several threads."""
    make: Any = boto3.Session().client
    return make("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106 - no secret


def puts_per_second(url: str) -> float:
    """Put small objects from several threads."""
    clients, bucket = [client(url) for _ in range(CLIENTS)], f"puts-{time.time_ns()}"
    clients[0].create_bucket(Bucket=bucket)
    for each in clients:
        each.put_object(Bucket=bucket, Key="warm")

    def put(number: int) -> None:
        for turn in range(PUTS // CLIENTS):
            clients[number].put_object(Bucket=bucket, Key=f"{number}/{turn}", Body=b"x" * 1024)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return PUTS / (time.perf_counter() - begun)


def peak_mib(pid: int) -> int:
    """Return the most memory that a process ever had, in MiB (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def memory(url: str, pid: int, folder: Path) -> None:
    """Bring 1 GiB in and out, in one and in parts."""
    s3, path, back = client(url), folder / "large", folder / "back"
    with path.open("wb") as file:
        file.truncate(GIB)
    s3.create_bucket(Bucket="memory")
    print("peak before, MiB:", peak_mib(pid))
    with path.open("rb") as file:
        s3.put_object(Bucket="memory", Key="one", Body=file)
    s3.upload_file(str(path), "memory", "parts")
    for key in ("one", "parts"):
        s3.download_file("memory", key, str(back))
        assert back.stat().st_size == GIB
    print("peak after 2 GiB in and out, MiB:", peak_mib(pid))


@contextmanager
def running(*command: str) -> Iterator[tuple[str, int]]:
    """Run a server; its address and process id."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["endpoint_url"], process.pid
        finally:
            process.terminate()


def main() -> None:
    """Measure, and print each figure."""
    if len(sys.argv) > 1:
        print(puts_per_second(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        ours = ("-m", "localcloud", "--state", f"{folder}/state", "--port", "0")
        with running(*ours) as (url, pid), running("-c", MOTO) as (moto, _):
            for _ in range(ROUNDS):
                for name, address in (("local cloud", url), ("moto server", moto)):
                    told = subprocess.check_output([sys.executable, "-m", "benchmarks.local_s3", address])
                    print(f"{name}: {float(told):.0f} PUTs/s")
            memory(url, pid, Path(folder))


if __name__ == "__main__":
    main()
