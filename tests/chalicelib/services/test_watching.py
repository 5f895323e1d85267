"""The loop: traffic, drift, an alarm, labels, a better model; and who is told."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import places
from chalicelib.core.feedback import Label
from chalicelib.core.upkeep import DriftPolicy
from chalicelib.pipelines import PIPELINES
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on
from tests.chalicelib.reliability.checker import check_ledger
from tests.chalicelib.reliability.kills import alarm, give_labels, traffic


@pytest.fixture
def live(world: World) -> World:
    """Give a pipeline with a live version."""
    world.drop("a.csv", "1\nrow")
    world.walk()
    return world


def last(world: World) -> str:
    """Return how the last check ended."""
    return world.services.checks.recent(PIPELINE)[0].state


def told(world: World) -> list[str]:
    """Return the subjects of what people were told."""
    return [subject.removeprefix("Freshet dev: reviews: ") for subject, _ in world.account.topic.notices]


def test_quiet(live: World) -> None:
    """A day of traffic like before is checked once, its figures are published, and nobody is told."""
    before = told(live)
    traffic("the same")(live)
    live.walk()
    live.walk()
    assert [story.state for story in live.services.checks.recent(PIPELINE)] == ["no drift"]
    assert live.account.watch.values("Drift", PIPELINE) == [0]
    assert live.account.watch.values("DriftConfirmed", PIPELINE) == [0]
    assert told(live) == before


def test_nothing_captured(live: World) -> None:
    """A day without traffic needs no job to be not enough data, which is no figure."""
    live.account.advance(25 * 3600)
    live.walk()
    assert last(live) == "not enough data"
    assert not live.jobs("drift")
    assert live.account.watch.values("DriftConfirmed", PIPELINE) == []


def window(world: World) -> dict[str, Any]:
    """Return what the last check's job was asked."""
    check_id = world.services.checks.recent(PIPELINE)[0].id
    key = STAGE.bucket.check(PIPELINE, check_id).key("window", "window.json")
    found: dict[str, Any] = json.loads(world.account.objects.read(key))
    return found


def test_half_of_the_files_are_late(live: World) -> None:
    """Where CloudWatch counted more than came, the window bears its count, and nobody takes the rest for no drift."""
    live.account.watch.invoke(STAGE.names.endpoint(PIPELINE), "AllTraffic", 4, failed=1)
    traffic("the same\n" * 3)(live)
    live.walk()
    assert window(live)["expected"] == 6
    assert last(live) == "not enough data"
    assert live.account.watch.values("DriftConfirmed", PIPELINE) == []


def test_nothing_was_counted(live: World) -> None:
    """What CloudWatch has no figure of, or counted of another variant, is not expected: the files that came are all."""
    live.account.watch.invoke(STAGE.names.endpoint(PIPELINE), "another", 100)
    traffic("the same")(live)
    live.account.watch.figures = [one for one in live.account.watch.figures if one["Value"] == 100]
    live.walk()
    assert "expected" not in window(live)
    assert last(live) == "no drift"


def test_the_endpoint_says_how_much_it_captures() -> None:
    """A spec that asks for more capture holds from the next version on: until then a sample is expected as before."""
    half = replace(PIPELINES[PIPELINE], drift=DriftPolicy(capture_percent=50))
    world = World(specs={PIPELINE: half})
    with on(world):
        world.drop("a.csv", "1\nrow")
        world.walk()
        world.specs = PIPELINES
        world.start()
        world.account.watch.invoke(STAGE.names.endpoint(PIPELINE), "AllTraffic", 9_999)
        traffic("the same")(world)
        world.walk()
        assert window(world)["expected"] == 4_850


def test_invocations_are_counted_once(live: World) -> None:
    """CloudWatch is asked when a check begins, and by no other look."""
    for _ in range(3):
        traffic("the same")(live)
        live.walk()
        live.walk()
    assert len(live.services.checks.recent(PIPELINE)) == 3
    pages = 2
    assert live.account.history.count("get_metric_data") == 3 * pages


def test_the_loop_closes(live: World) -> None:
    """Drift is told; the alarm asks for labels; once they are there a run begins, and its model answers."""
    first = live.live
    traffic("moved")(live)
    live.walk()
    assert last(live) == "drift"
    assert live.account.watch.values("DriftConfirmed", PIPELINE) == [1]
    alarm(live)
    live.walk()
    assert told(live)[-2:] == ["drift is confirmed", "a person is needed"]
    assert len(live.jobs("train")) == 1
    give_labels(live)
    live.walk()
    assert len(live.jobs("train")) == 2
    assert live.live not in {None, first}
    assert told(live)[-2:] == ["a new version is promoted", "a version went live"]
    story = live.services.stories.runs(PIPELINE)[0]
    assert story.cause is not None
    assert STAGE.names.alarm(PIPELINE, "drift") in story.cause


def test_one_file_of_many_labels(live: World) -> None:
    """Labels that a person brings in one file are as many as in many, and the run that the alarm asks for begins."""
    traffic("moved")(live)
    live.walk()
    alarm(live)
    live.walk()
    line = Label(PIPELINE, "an id", 0, "positive", "", live.account.now).to_line()
    folder = f"{STAGE.bucket.ground_truth(PIPELINE)}{places.hour_folder(live.account.now)}"
    live.account.objects.put(f"{folder}too-few.jsonl", 20 * line)
    live.walk()
    assert len(live.jobs("train")) == 1
    live.account.objects.put(f"{folder}many.jsonl", 10_000 * line)
    live.walk()
    assert len(live.jobs("train")) == 2


def test_alarm_of_the_last_model_asks_nothing_of_the_next(live: World) -> None:
    """The alarm that a retrain answered goes on ringing until the next check; it starts no other run."""
    traffic("moved")(live)
    live.walk()
    give_labels(live)
    alarm(live)
    live.walk()
    for _ in range(3):
        live.account.advance(3600)
        live.walk()
    assert len(live.jobs("train")) == 2


def test_labels_start_nothing(live: World) -> None:
    """Labels by themselves start no run, and the next run that an upload starts learns from them."""
    live.account.objects.put(
        f"{STAGE.bucket.captured(STAGE.names.endpoint(PIPELINE), 'AllTraffic')}"
        f"{places.hour_folder(live.account.now)}requests.jsonl",
        b"the same",
    )
    give_labels(live)
    live.walk()
    assert len(live.jobs("prepare")) == 1
    live.drop("b.csv", "1\nother")
    live.walk()
    second = live.account.machines.jobs[live.jobs("prepare")[1]]
    assert {"capture", "ground-truth"} <= {one["InputName"] for one in second["ProcessingInputs"]}


def test_labels_do_not_repeat_a_run_that_failed(live: World) -> None:
    """Files whose run failed wait for more files or a person's wish, however many labels come meanwhile."""
    live.drop("b.csv", "1\nother")
    live.look()
    finish(live.account, live.jobs("prepare")[-1], "Failed", FailureReason="AlgorithmError: no")
    live.walk()
    before = len(live.jobs("prepare"))
    for count in (1, 2, 60):
        give_labels(live, count)
        live.walk()
    assert len(live.jobs("prepare")) == before
    live.drop("c.csv", "1\nmore")
    live.walk()
    assert len(live.jobs("prepare")) == before + 1


def test_labels_are_new_data(live: World) -> None:
    """A wish for a run learns from labels that came since, and says so where there are none."""
    live.services.wishes.retrain(PIPELINE, "w1", "a person", forced=False)
    live.walk()
    assert len(live.jobs("train")) == 1
    give_labels(live)
    live.services.wishes.retrain(PIPELINE, "w2", "a person", forced=False)
    live.walk()
    assert len(live.jobs("train")) == 2


def test_check_by_hand(live: World) -> None:
    """A person's check is made at once, whatever the schedule, and can be watched by its wish."""
    traffic("moved")(live)
    live.account.advance(-23 * 3600)
    live.services.wishes.check(PIPELINE, "a1", "freshet drift", 24)
    assert live.services.checks.asked(PIPELINE, "a1") is None
    live.walk()
    story = live.services.checks.asked(PIPELINE, "a1")
    assert story is not None
    assert (story.state, story.version) == ("drift", 1)


def test_versions_are_captured(live: World) -> None:
    """An endpoint config captures what is asked and answered, as much of it as the spec says."""
    (config,) = live.account.machines.configs.values()
    capture = config["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == 100
    assert capture["DestinationS3Uri"] == f"s3://{STAGE.bucket_name}/capture"
    assert capture["CaptureContentTypeHeader"] == {"JsonContentTypes": ["application/json"]}


def test_no_capture() -> None:
    """A pipeline that captures nothing has no capture config and no checks."""
    spec = replace(PIPELINES[PIPELINE], drift=DriftPolicy(capture_percent=0))
    world = World(specs={PIPELINE: spec})
    with on(world):
        world.drop("a.csv", "1\nrow")
        world.walk()
        world.account.advance(timedelta(days=2).total_seconds())
        world.services.wishes.check(PIPELINE, "a1", "freshet drift", 24)
        world.walk()
        (config,) = world.account.machines.configs.values()
        assert "DataCaptureConfig" not in config
        story = world.services.checks.asked(PIPELINE, "a1")
    assert story is not None
    assert story.state == "not started"


def test_version_without_a_baseline(live: World) -> None:
    """A version whose baseline could not be made is live all the same, and each check says what it lacks."""
    run_id = live.live or ""
    live.account.objects.forget(STAGE.bucket.run(PIPELINE, run_id).key("baseline", "baseline.json"))
    live.services.pipelines.observer.storage._read.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - documents never change, but here
    traffic("moved")(live)
    live.walk()
    story = live.services.checks.recent(PIPELINE)[0]
    assert (story.state, story.reason) == ("not enough data", "version 1 has no baseline")


def test_labels_of_long_ago() -> None:
    """Labels that a version knows and that are too old to be learnt from again make no new ones fewer."""
    spec = PIPELINES[PIPELINE]
    short = replace(spec, policy=replace(spec.policy, feedback_days=5))
    world = World(specs={PIPELINE: short})
    with on(world):
        world.drop("a.csv", "1\nrow")
        world.walk()
        for count in (50, 60):
            traffic("moved")(world)
            world.walk()
            alarm(world)
            give_labels(world, count)
            world.walk()
            world.account.watch.set_alarm(STAGE.names.alarm(PIPELINE, "drift"), "OK")
            world.account.advance(timedelta(days=10).total_seconds())
            world.walk()
        assert len(world.jobs("train")) == 3


def test_the_ledger_forgets(live: World) -> None:
    """Checks and what was decided for them are kept ninety days; runs, and the numbers of decisions, stay."""
    learnt = len(live.services.stories.runs(PIPELINE))
    sizes = []
    for day in range(100):
        traffic("the same")(live)
        live.walk()
        if day in {91, 99}:
            sizes.append(len(live.account.tables.items))
    ledger = live.services.pipelines.ledger
    assert 88 <= len(ledger.checks(PIPELINE)) <= 91
    assert abs(sizes[1] - sizes[0]) <= 6
    check_ledger(live)
    assert ledger.decision(PIPELINE, 1) is not None
    assert len(live.services.stories.runs(PIPELINE)) == learnt
