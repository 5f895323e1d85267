"""From a dropped file to a live model, and who may act when several look."""

import pytest

from chalicelib.core.errors import UnavailableError
from chalicelib.core.ledger import Decision
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World


def decisions(world: World) -> list[Decision]:
    """Return the pipeline's decisions."""
    return list(world.services.pipelines.ledger.decisions(PIPELINE))


def test_whole_path(world: World) -> None:
    """One file becomes a live model, and the ledger tells each step, in order and done."""
    world.drop("a.csv", "1")
    world.walk()
    assert [decision.state for decision in decisions(world)] == [
        "preparing",
        "preparing",
        "training",
        "training",
        "scoring",
        "evaluating",
        "judged",
        "registering",
        "registered",
        "promoted",
        "rolling out",
        "telling",
        "live",
        "telling",
    ]
    assert [decision.fence for decision in decisions(world)] == list(range(1, 15))
    assert {decision.outcome for decision in decisions(world)} == {"done"}
    assert world.live is not None


def test_second_upload_updates(world: World) -> None:
    """Other rows train another model on both files, compared with the first, and the endpoint is updated to it."""
    world.drop("a.csv", "1")
    world.walk()
    first = world.live
    world.drop("b.csv", "2")
    world.walk()
    assert world.live != first
    assert len(world.jobs("train")) == 2
    assert len(world.jobs("score")) == 3
    assert world.account.history.count("update_endpoint") == 1


def test_uploads_coalesce(world: World) -> None:
    """Files that come while a run is active wait for the next one, which holds them all."""
    world.drop("a.csv", "1")
    world.look()
    for name in ("b.csv", "c.csv"):
        world.drop(name, name)
        world.look()
    assert len(world.jobs("prepare")) == 1
    world.walk()
    newest, first = world.services.stories.runs(PIPELINE)
    assert (len(first.files), len(newest.files)) == (1, 3)
    assert len(world.jobs("train")) == 2


def test_same_content_twice(world: World) -> None:
    """The same rows in another file are prepared, not trained again, and that file's run is the first one."""
    world.drop("a.csv", "1\n2")
    world.walk()
    world.drop("copy.csv", "2\n1")
    world.walk()
    assert len(world.jobs("train")) == 1
    newest, first = world.services.stories.runs(PIPELINE)
    assert newest.run_id == first.run_id
    assert "nothing is started" in decisions(world)[-1].reason


def test_bad_file_among_good_ones(world: World) -> None:
    """A file that cannot be used is rejected with its reason, and the others make a dataset version without it."""
    world.drop("a.csv", "1")
    world.drop("bad.csv", "bad")
    world.walk()
    fates = {v.key.rsplit("/", 1)[-1]: v.fate for v in world.services.pipelines.ledger.verdicts(PIPELINE).values()}
    assert fates == {"a.csv": "trained", "bad.csv": "rejected"}
    assert world.live is not None


def test_rejected_version_gives_way_to_the_one_before(world: World) -> None:
    """Where the newest version of a file cannot be used, the one before it stays in the data."""
    world.drop("a.csv", "1")
    world.walk()
    world.drop("a.csv", "bad")
    world.drop("b.csv", "2")
    world.walk()
    (newest, *_) = world.services.stories.runs(PIPELINE)
    assert sorted(key.rsplit("/", 1)[-1] for key in newest.files) == ["a.csv", "b.csv"]


def test_rows_that_wait_for_more(world: World) -> None:
    """Rows that cannot make a model together are not rejected: they are in the next dataset version."""
    world.drop("zeros.csv", "0")
    world.walk()
    assert world.live is None
    assert not world.services.pipelines.ledger.verdicts(PIPELINE)
    world.drop("ones.csv", "1")
    world.walk()
    assert world.live is not None


def test_failed_run_is_not_repeated(world: World) -> None:
    """A run whose job failed ends; the same files start nothing by themselves, a new file starts a run with all."""
    world.drop("a.csv", "1")
    world.look()
    finish(world.account, world.jobs("prepare")[0])
    world.look()
    finish(world.account, world.jobs("train")[0], "Failed", FailureReason="AlgorithmError: it crashed")
    world.walk()
    assert len(world.jobs("prepare")) == 1
    (story,) = world.services.stories.runs(PIPELINE)
    assert (story.state, "it crashed" in story.reason) == ("failed", True)
    world.drop("b.csv", "2")
    world.walk()
    assert world.live is not None


def test_nothing_to_do(world: World) -> None:
    """A look at a pipeline at rest writes nothing."""
    world.drop("a.csv", "1")
    world.walk()
    before = len(decisions(world))
    world.account.history.clear()
    world.look()
    assert len(decisions(world)) == before
    reads = ("get_", "describe_", "list_", "query")
    assert all(operation.startswith(reads) for operation in world.account.history)


def test_quota(world: World) -> None:
    """A quota that does not suffice is the outcome of the decision, and the next look tries again."""
    world.drop("a.csv", "1")

    def full(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        if operation == "create_processing_job":
            raise refused("ResourceLimitExceeded", message="ml.m5.xlarge for processing job usage is 0 Instances")

    world.account.fault = full
    world.look()
    assert "ml.m5.xlarge" in str(decisions(world)[-1].outcome)
    world.account.fault = lambda when, number, operation: None  # noqa: ARG005
    world.look()
    assert decisions(world)[-1].outcome == "done"
    assert len(world.jobs("prepare")) == 1


def test_learning_in_trouble_does_not_hold_up_serving(world: World) -> None:
    """An endpoint is rolled back although no job can be started, and Lambda is told to try the rest again."""
    for name in ("a.csv", "b.csv"):
        world.drop(name, name + "\n1")
        world.walk()
    world.services.wishes.roll_back(PIPELINE, "a person asked")
    world.drop("c.csv", "3")

    def broken(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        if operation == "create_processing_job":
            raise refused("ServiceUnavailable", 503)

    world.account.fault = broken
    with pytest.raises(UnavailableError):
        world.look()
    world.account.machines.settle()
    *_, newest, first = world.services.stories.runs(PIPELINE)
    assert world.live == first.run_id
    assert newest.version == 2


def test_unknown_pipeline(world: World) -> None:
    """A pipeline that is none of ours is not looked at."""
    assert world.services.pipelines.look("nobody", "test") == {}
    assert not world.account.history


def test_names_tell_what_they_are_of(world: World) -> None:
    """Every job's name can be read back."""
    world.drop("a.csv", "1")
    world.walk()
    steps = {STAGE.names.parse_job(name).step for name in world.account.machines.jobs}
    assert steps == {"prepare", "train", "score", "evaluate", "baseline"}


def test_content_that_comes_back(world: World) -> None:
    """A file that is given its earlier content starts no job, and the version of that content answers again."""
    world.drop("a.csv", "1")
    world.walk()
    first = world.live
    world.drop("a.csv", "1\n2")
    world.walk()
    assert world.live != first
    jobs = len(world.jobs("train"))
    world.drop("a.csv", "1")
    world.walk()
    assert world.live == first
    assert len(world.jobs("train")) == jobs
    world.drop("b.csv", "3")
    world.walk()
    assert world.live not in {None, first}


def test_content_of_a_bad_version_comes_back(world: World) -> None:
    """A version that was rolled back is not wanted again because its rows come once more."""
    for content in ("1", "1\n2"):
        world.drop("a.csv", content)
        world.walk()
    world.services.wishes.roll_back(PIPELINE, "a person asked")
    world.walk()
    rolled_back_to = world.live
    world.drop("copy.csv", "1\n2")
    world.walk()
    assert world.live == rolled_back_to
