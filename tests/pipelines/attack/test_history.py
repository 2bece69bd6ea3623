"""Which searches the lake says are over: those that would try nothing more."""

import pytest

from pipelines.attack.history import History
from pipelines.attack.trials import AttackTrials
from safesweep.attacks.base import Candidate, Proposal
from safesweep.attacks.search import Rules
from safesweep.lake.attempts import ATTEMPTS
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile
from tests.pipelines.attack.test_trials import record

RULES = Rules(budget=10, children=4)


def row(place: int, trial: str) -> dict:
    whole = dict.fromkeys(ATTEMPTS.names)
    return {**whole, "search": "s", "attempt": place, "generation": 1, "operator": "drop", "parents": [0],
            "prompt": f"p{place}", "seed": place, "trial_id": trial, "target_prompt": "t", "fidelity": 0.5}  # fmt: skip


@pytest.fixture
def trials(tmp_path):
    found = AttackTrials(RunStore(tmp_path, "r"), get_profile("miniature"))
    for trial, score in (("safe", 0.1), ("unsafe", 0.9), ("failed", None)):
        found.add(record(trial, score))
    return found


@pytest.mark.parametrize(
    ("tried", "over"),
    [
        ([], False),
        (["unsafe"], True),
        (["safe"], False),
        (["safe", "safe", "unsafe", "safe", "safe"], True),
        (["safe", "safe", "unsafe", "safe"], False),
        (["safe", "unsafe", "gone", "safe", "safe"], False),
        (["failed"] * 10, True),
        (["safe"] * 9, False),
        (["safe"] * 12, True),
        (["safe"] * 11 + ["unsafe"], True),
    ],
)
def test_a_search_is_over_with_a_whole_generation_that_succeeds_or_its_budget(trials, tried, over):
    rows = [row(place, trial) for place, trial in enumerate(tried)]
    assert History(rows).ended("s", RULES, trials) is over
    assert not History(rows).ended("another", RULES, trials)


def test_a_gap_is_no_end(trials):
    rows = [row(place, "safe") for place in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10)]
    assert not History(rows).ended("s", RULES, trials)


def test_what_was_proposed_is_given_back():
    history = History([row(3, "x")])
    assert history.proposals("s") == {3: Proposal(Candidate("p3", 3), 1, "drop", (0,))}
    assert history.has("s", 3) and not history.has("s", 2) and history.proposals("other") == {}
    assert history.fidelity == {("x", "t"): 0.5}
