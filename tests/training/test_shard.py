from pathlib import Path

import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.sample import parquet_file, put_spec, read_lines
from training import shard
from training.errors import RefusedDataError, RefusedFileError
from training.settings import Settings


def run(base: Path, spec: PipelineSpec, files: dict[str, bytes], shard_bytes: int = 1000) -> list[Path]:
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), spec)
    settings.processing_input("raw").mkdir(parents=True)
    for name, content in files.items():
        (settings.processing_input("raw") / name).write_bytes(content)
    shard.run(settings, shard_bytes)
    return sorted(settings.processing_output("shards").iterdir())


def test_rows_keep_their_number_and_lose_their_label(tmp_path: Path, spec: PipelineSpec) -> None:
    """Rows are numbered over all files in the order of their names; quoted line ends and empty text survive."""
    files = {
        "b.jsonl": b'{"text": ""}\n',
        "c.parquet": parquet_file([{"text": "four", "label": "x", "title": "t"}]),
        "a.csv": b'title,text,label\nt,"one\ntwo",positive\nt,three,x\n',
    }
    (path,) = run(tmp_path, spec, files)
    assert path.name == "part-00000.jsonl"
    assert read_lines(path) == [
        {"id": "1", "text": "one\ntwo"},
        {"id": "2", "text": "three"},
        {"id": "3", "text": ""},
        {"id": "4", "text": "four"},
    ]


def test_shards_are_bounded(tmp_path: Path, spec: PipelineSpec) -> None:
    """No shard is larger than asked for, unless one row alone is, and no row is lost."""
    content = b"text\n" + b"".join(b"x" * (number % 50 + 1) + b"\n" for number in range(100)) + b"y" * 2000 + b"\n"
    paths = run(tmp_path, spec, {"a.csv": content})
    assert len(paths) > 3
    assert [row["id"] for path in paths for row in read_lines(path)] == [str(number) for number in range(1, 102)]
    assert all(path.stat().st_size <= 1000 or len(read_lines(path)) == 1 for path in paths)


def test_bad_rows_are_refused(tmp_path: Path, spec: PipelineSpec) -> None:
    """A row without the text's column is refused with its line."""
    with pytest.raises(RefusedFileError, match=r"a\.jsonl: line 2: column 'text' is missing"):
        run(tmp_path, spec, {"a.jsonl": b'{"text":"x"}\n{"t":"x"}\n'})


def test_nothing_to_score_is_refused(tmp_path: Path, spec: PipelineSpec) -> None:
    """A file with a header only holds nothing to score."""
    with pytest.raises(RefusedDataError, match="no row"):
        run(tmp_path, spec, {"a.csv": b"text\n"})
