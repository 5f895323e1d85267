import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.processes import Processes
from localcloud.sagemaker.containers import Containers
from localcloud.settings import Settings


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    with Processes() as processes:
        yield Containers(Settings(state=tmp_path), processes)


def test_folders_come_and_go_at_once(containers: Containers, tmp_path: Path) -> None:
    """A folder that is removed never takes the one with it that another thread is making beside it."""
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(300):
                containers.remove_base(containers.new_base("endpoints", "r", "e", "all-0"))
        except Exception as error:  # noqa: BLE001  whatever it is, the test tells
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert list((tmp_path / "sagemaker").iterdir()) == []
