"""What nights are held to, changed."""

import datetime
import json

from safesweep.regression.baselines import BaselineStore
from safesweep.regression.judging import judge_night
from safesweep.regression.verdict import Verdict
from tests.safesweep.regression.cheats.stage import AGREED, POLICY, Outcome, Stage, cheat, outcome

DATE = datetime.date(2026, 11, 22)
AGREED_PICTURE = b"another picture"


@cheat("refused", "is not what was pinned")
def worse_baseline(stage: Stage) -> Outcome:
    """A bad night under the agreed run's name and ids, so that another is as good."""
    stage.write([{**row, "run_id": AGREED} for row in stage.bad()], AGREED)
    stage.write(stage.bad())
    return stage.judged()


@cheat("refused", "is not what was pinned")
def other_pictures_in_the_baseline(stage: Stage) -> Outcome:
    """The agreed run's pictures are others, its evidence is the same."""
    stage.write([{**row, "picture": AGREED_PICTURE} for row in stage.agreed()], AGREED)
    stage.write(stage.good())
    return stage.judged()


@cheat("refused", "is not what was pinned")
def one_score_in_the_baseline(stage: Stage) -> Outcome:
    """One score of the agreed run is another."""
    rows = stage.agreed()
    rows[0]["evidence"][0]["measurements"][1]["score"] += 1e-9
    stage.write(rows, AGREED)
    stage.write(stage.good())
    return stage.judged()


@cheat("refused", "is not what was pinned")
def other_answers_in_the_baseline(stage: Stage) -> Outcome:
    """One answer of the VLM in the agreed run is another."""
    rows = stage.agreed()
    asked = next(row for row in rows if row["exchanges"])
    asked["exchanges"][0]["answer"] = "dagger, skull"
    stage.write(rows, AGREED)
    stage.write(stage.good())
    return stage.judged()


@cheat("refused", "is not what was pinned")
def shrunk_baseline(stage: Stage) -> Outcome:
    """Trials of the agreed run are gone."""
    stage.write(stage.agreed()[:-1], AGREED)
    stage.write(stage.good())
    return stage.judged()


@cheat("refused", "was pinned on")
def pin_without_content(stage: Stage) -> Outcome:
    """A pin of an older version, which knew the trials' ids only."""
    path = BaselineStore(stage.lake).path
    entries = [{**entry, "content": None, "fingerprint": "0" * 64} for entry in json.loads(path.read_text())]
    path.write_text(json.dumps(entries))
    stage.write(stage.agreed(), AGREED)
    stage.write(stage.good())
    return stage.judged()


@cheat("refused", "night 'agreed' is the baseline of 'nightly'")
def judge_the_baseline(stage: Stage) -> Outcome:
    """The baseline's own night judged again."""

    def judge() -> tuple[Verdict, str]:
        night = judge_night(stage.lake, POLICY, suite="nightly", run_id=AGREED, date=DATE).night
        return night.verdict, "; ".join(night.reasons)

    return outcome(judge)
