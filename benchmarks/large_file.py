"""Measure `prepare` on a file of a gigabyte: the real reviews again and again, each with words of noise.

``python -m benchmarks.large_file --data FOLDER``, where FOLDER/imdb holds train.csv.gz (columns text, label, title).
Every row gets two words of noise, so that none is like another; some are written twice, and some bad rows stand among
them (a label that is none, a text that is empty, a field too few, a byte that is not UTF-8). The bar: for 1 GB of CSV
the peak of the job's memory is at most 1 GB. Nothing is left behind.
"""

import argparse
import csv
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from chalicelib.core import container
from chalicelib.pipelines.reviews import SPEC
from training.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
HEADER = ("text", "label", "title")
GB = 1_000_000_000
BAR = GB  # bytes of memory
COPIES = 0.01  # share of the rows that are written twice
SPOILT = 0.002  # bad rows for each good one: below the spec's 1 %
BAD = (b"fine,great,a\r\n", b",positive,a\r\n", b"short\r\n", b"\xe9,negative,a\r\n")


def write(source: Path, target: Path, size: int) -> None:
    """Write a file of at least so many bytes, unpacked."""
    random = Random(0)  # noqa: S311 - noise
    written = 0
    with gzip.open(target, "wb", compresslevel=1) if target.suffix == ".gz" else target.open("wb") as file:
        for content in lines(source, random):
            written += file.write(content)
            if written >= size:
                return


def lines(source: Path, random: Random) -> Iterator[bytes]:
    """Give the header, then the source's rows without end, none like another but for the copies."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["label"], row["title"]) for row in csv.DictReader(file)]
    yield to_line(HEADER)
    while True:
        for text, label, title in rows:
            content = to_line((f"{text} {random.getrandbits(40):x} {random.getrandbits(40):x}", label, title))
            yield content * (2 if random.random() < COPIES else 1)
            if random.random() < SPOILT:
                yield random.choice(BAD)


def to_line(fields: Sequence[str]) -> bytes:
    """Return a line of CSV."""
    out = io.StringIO()
    csv.writer(out).writerow(fields)
    return out.getvalue().encode()


def prepare(base: Path) -> float:
    """Run the job on its own; return the seconds it took."""
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base)}
    start = time.perf_counter()
    finished = subprocess.run([sys.executable, "-m", "training", "prepare"], cwd=ROOT, env=environment, check=False)
    if finished.returncode:
        sys.exit(f"prepare failed: {Settings(base).message.read_text()}")
    return time.perf_counter() - start


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds imdb/train.csv.gz")
    parser.add_argument("--bytes", type=int, default=GB, help="of the file, unpacked")
    parser.add_argument("--gzip", action="store_true", help="pack the file")
    parser.add_argument("--scratch", type=Path, help="an existing folder with room for three times the file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        settings = Settings(Path(folder))
        settings.processing_input(container.SPEC).mkdir(parents=True)
        (settings.processing_input(container.SPEC) / container.SPEC_FILE).write_text(json.dumps(SPEC.to_dict()))
        settings.processing_input(container.RAW).mkdir(parents=True)
        file = settings.processing_input(container.RAW) / f"reviews.csv{'.gz' if arguments.gzip else ''}"
        write(arguments.data / "imdb" / "train.csv.gz", file, arguments.bytes)
        seconds = prepare(settings.base)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        prepared = settings.processing_output(container.PREPARED)
        summary = json.loads((prepared / container.SUMMARY_FILE).read_text())
        print(f"file: {file.stat().st_size / GB:.3f} GB, {summary['rows']['read']:,} rows")
        print(f"prepare: {seconds:.1f} s, peak {peak / GB:.3f} GB (bar {BAR / GB:.0f} GB)")
        print(f"rows: {summary['rows']}")
        for found in summary["rejected"]:
            print(f"  {found['rows']:,} rows set aside: {found['reason']}")
    if peak > BAR:
        sys.exit("the bar is missed")


if __name__ == "__main__":
    main()
