"""The story of a model whose readers turn from films to books: `make story` prints it.

Real reviews, where the data lie beside the project: IMDB (Maas et al. 2011), Amazon (Blitzer et al. 2007).
"""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from chalicelib.pipelines.reviews import SPEC
from tests.e2e import story
from tests.e2e.conftest import Local

DATA = Path(os.environ.get("FRESHET_DATA", Path(__file__).parents[3] / "shared" / "data"))
ROWS, DAY, UNSEEN = 6_000, 800, 800  # to learn from, of each time of traffic, and to measure by
DRIFT = 3  # the exit code
LATE_S = 20  # by how much the wish for a check may come after the window that it is for was measured

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (DATA / "amazon").is_dir(), reason=f"{DATA} is absent: set FRESHET_DATA to the folder of imdb/ and amazon/"
    ),
]


class Teller:
    """Tells what happens, and what was measured on the way."""

    def __init__(self, local: Local) -> None:
        self.local = local

    def say(self, words: str) -> None:
        """Print a line."""
        print(f"  {words}", flush=True)  # noqa: T201 - this is what the story is for

    def check(self, name: str, since: float, answered: list[story.Answered]) -> tuple[int, dict[str, Any]]:
        """Check the traffic since then; return the exit code and the verdict's statistics."""
        ran = self.local.freshet(
            "drift", "reviews", "--hours", f"{(time.time() - since + LATE_S) / 3600:.6f}", "--wait"
        )
        assert ran.code in {0, DRIFT}, ran.stderr
        found = story.statistics(self.local, ran.last["id"])
        truth = sum(one.right for one in answered) / len(answered)
        estimate = found["estimate"]["accuracy"]["estimated"]
        self.say(
            f"{name}: {len(answered):,} requests, {ran.last['state']} ({ran.last['reason']}); "
            f"accuracy estimated without labels {estimate:.3f}, in truth {truth:.3f}"
        )
        return ran.code, found


def test_story(local: Local, tmp_path: Path) -> None:
    """Drift is noticed; a person is asked, and brings labels; a better model comes by itself and loses nothing."""
    teller = Teller(local)
    films = story.whole_films(story.read(DATA / "imdb/train.csv.gz"), ROWS, seed=1)
    others = story.drawn(story.read(DATA / "imdb/test.csv.gz"), seed=2)
    seen, unseen = others[:DAY], others[DAY : DAY + UNSEEN]
    queue = story.listen(local)
    dvds, books = (story.read(DATA / f"amazon/{name}.csv.gz") for name in ("dvd", "books"))
    held_out = {"imdb": unseen, "dvd": dvds[DAY:][:UNSEEN], "books": books[DAY:][:UNSEEN]}

    uploaded = local.freshet("upload", "reviews", story.write(tmp_path / "films.csv", films), "--wait")
    assert uploaded.code == 0, uploaded.stderr
    teller.say(f"version {uploaded.last['version']} learnt {len(films):,} reviews of films and is live")
    before = {name: story.accuracy(local, rows, tmp_path / f"before-{name}") for name, rows in held_out.items()}

    began = time.time()
    code, _ = teller.check("imdb", began, story.ask(local, seen))
    assert code == 0

    time.sleep(LATE_S)  # so that no request of the films is in the next window
    began = time.time()
    answered = story.ask(local, dvds[:DAY])
    teller.check("amazon/dvd", began, answered)
    of_books = story.ask(local, books[:DAY])
    code, _ = teller.check("amazon/dvd and books", began, answered + of_books)
    assert code == DRIFT

    notice = story.wait_for_notice(local, queue, "a person is needed")
    teller.say(f"a person is told: {notice.splitlines()[1]}")
    teller.say(f"{story.tell(local, answered + of_books):,} labels come, by POST /feedback")
    story.look(local)
    run = story.wait_for_run(local, "alarm")
    assert run["state"] == "live", run
    teller.say(f"version {run['version']} learnt them too and is live: {run['cause']}")

    after = {name: story.accuracy(local, rows, tmp_path / f"after-{name}") for name, rows in held_out.items()}
    for name, rows in held_out.items():
        teller.say(
            f"accuracy on {len(rows)} unseen reviews of {name}: {before[name]:.3f} before, {after[name]:.3f} now"
        )
    assert after["books"] > before["books"]
    assert after["dvd"] + after["books"] > before["dvd"] + before["books"]
    assert after["imdb"] >= before["imdb"] - SPEC.gate.margin
