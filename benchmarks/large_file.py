"""Measure `prepare` and `train` on a file of a gigabyte: the real reviews again and again, each with words of noise.

``python -m benchmarks.large_file --data FOLDER``, where FOLDER/imdb holds train.csv.gz (columns text, label, title).
Every row gets two words of noise, so that none is like another; some are written twice, and some bad rows stand among
them (a label that is none, a text that is empty, a field too few, a byte that is not UTF-8). The bars: for 1 GB of CSV
the peak of memory is at most 1 GB for `prepare` and 4 GB for `train`, which sees what the pipeline's policy lets
through, and the bad rows are listed. Nothing is left behind.
"""

import argparse
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from chalicelib.core import container
from chalicelib.pipelines.reviews import SPEC
from training.artifact import METRICS
from training.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
HEADER = ("text", "label", "title")
GB = 1_000_000_000
BARS = {"prepare": GB, "train": 4 * GB}  # bytes of memory
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


def measure(command: str, base: Path) -> int:
    """Run a job on its own and print what it took; return the peak of its memory in bytes."""
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base)}
    start = time.perf_counter()
    job = subprocess.Popen([sys.executable, "-m", "training", command], cwd=ROOT, env=environment)
    _, status, usage = os.wait4(job.pid, 0)
    job.returncode = os.waitstatus_to_exitcode(status)
    seconds, peak = time.perf_counter() - start, usage.ru_maxrss * 1024
    print(f"{command}: {seconds:.1f} s, peak {peak / GB:.3f} GB (bar {BARS[command] / GB:.0f} GB)")
    if job.returncode or Settings(base).message.exists():
        sys.exit(f"{command} failed or refused the data")
    return peak


def hand_over(prepared: Path, job: Settings) -> None:
    """Give a training job the spec and the prepared rows."""
    job.channel(container.SPEC).mkdir(parents=True)
    write_spec(job.channel(container.SPEC))
    for side in (container.TRAIN, container.VALIDATION):
        job.channel(side).symlink_to(prepared / side)


def write_spec(folder: Path) -> None:
    """Write the pipeline's spec into its channel."""
    (folder / container.SPEC_FILE).write_text(json.dumps(SPEC.to_dict()))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds imdb/train.csv.gz")
    parser.add_argument("--bytes", type=int, default=GB, help="of the file, unpacked")
    parser.add_argument("--gzip", action="store_true", help="pack the file")
    parser.add_argument("--prepare-only", action="store_true", help="do not train, which takes some minutes")
    parser.add_argument("--scratch", type=Path, help="an existing folder with room for three times the file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        settings, training = Settings(Path(folder) / "prepare"), Settings(Path(folder) / "train")
        settings.processing_input(container.SPEC).mkdir(parents=True)
        write_spec(settings.processing_input(container.SPEC))
        settings.processing_input(container.RAW).mkdir(parents=True)
        file = settings.processing_input(container.RAW) / f"reviews.csv{'.gz' if arguments.gzip else ''}"
        write(arguments.data / "imdb" / "train.csv.gz", file, arguments.bytes)
        peaks = {"prepare": measure("prepare", settings.base)}
        prepared = settings.processing_output(container.PREPARED)
        summary = json.loads((prepared / container.SUMMARY_FILE).read_text())
        print(f"file: {file.stat().st_size / GB:.3f} GB, {summary['rows']['read']:,} rows")
        print(f"rows: {summary['rows']}")
        for found in summary["rejected"]:
            print(f"  {found['rows']:,} rows set aside: {found['reason']}")
        if not arguments.prepare_only:
            hand_over(prepared, training)
            peaks["train"] = measure("train", training.base)
            print(f"validation: {json.loads((training.model / METRICS).read_text())['metrics']}")
    missed = [command for command, peak in peaks.items() if peak > BARS[command]]
    if missed or not summary["rejected"]:
        sys.exit(f"the bar is missed: {', '.join(missed) or 'no bad row is listed'}")
    print("the bars are met")


if __name__ == "__main__":
    main()
