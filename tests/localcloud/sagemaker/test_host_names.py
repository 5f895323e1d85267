import pytest

from localcloud.sagemaker.host_names import host_names, hosts_file


@pytest.mark.parametrize(
    ("job", "first"), [(0, "127.1.0.1"), (1, "127.1.1.1"), (256, "127.2.0.1"), (254 * 256, "127.1.0.1")]
)
def test_each_job_has_addresses_of_its_own(job: int, first: str) -> None:
    """The hosts of a job have loopback addresses that those of the next jobs do not have; the machine's names stay."""
    lines = hosts_file(host_names(2), job, "127.0.0.1 localhost\n").splitlines()
    assert lines == [f"{first} algo-1", f"{first[:-1]}2 algo-2", "127.0.0.1 localhost"]
