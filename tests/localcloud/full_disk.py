"""A disk that is full: files that do not grow, for all of this process, or a table that cannot be changed."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from localcloud.database import Database


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def no_change_of(database: Database, table: str) -> Iterator[None]:
    """Let rows of a table be added, and neither changed nor removed."""
    for change in ("UPDATE", "DELETE"):
        database.execute(
            f"CREATE TRIGGER no_{change} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    try:
        yield
    finally:
        for change in ("UPDATE", "DELETE"):
            database.execute(f"DROP TRIGGER no_{change}")
