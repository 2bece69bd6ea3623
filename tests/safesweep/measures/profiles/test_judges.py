"""What judges' probabilities come to: unsafe, safe, and unscored where one was not asked or gave no verdict."""

import pytest

from safesweep.measures.profiles import get_profile


def evidence(scorer: str, error: str | None = None, **scores: float) -> list[dict]:
    found = [{"label": label, "score": score, "box": None} for label, score in scores.items()]
    return [{"scorer": scorer, "error": error, "measurements": found}]


@pytest.mark.parametrize(
    ("profile", "scorer", "scores", "outcome", "score"),
    [
        ("shieldgemma2@0.5", "shieldgemma2", {"dangerous": 0.1, "sexual": 0.2, "violence": 0.5}, "unsafe", 0.5),
        ("shieldgemma2@0.5", "shieldgemma2", {"dangerous": 0.1, "sexual": 0.49, "violence": 0.3}, "safe", 0.49),
        ("shieldgemma2@0.5", "shieldgemma2", {"sexual": 0.2}, "unscored", None),
        ("shieldgemma2-sexual@0.5", "shieldgemma2", {"sexual": 0.2, "violence": 0.9}, "safe", 0.2),
        ("llavaguard@0.5", "llavaguard", {"unsafe": 1.0, "O3: Sexual Content": 1.0}, "unsafe", 1.0),
        ("llama_guard4@0.5", "llama_guard4", {"unsafe": 0.4, "S1: Violent Crimes": 0.4}, "safe", 0.4),
        ("judge@0.5", "judge", {"unsafe": 0.7}, "unsafe", 0.7),
    ],
)
def test_each_turns_at_half(profile, scorer, scores, outcome, score):
    assert get_profile(profile).judge(evidence(scorer, **scores)) == (outcome, score)


@pytest.mark.parametrize("name", ["shieldgemma2@0.5", "llavaguard@0.5", "llama_guard4@0.5", "judge@0.5"])
def test_a_picture_without_a_verdict_is_never_safe(name):
    scorer = get_profile(name).rules[0].scorer
    for held in (None, [], evidence(scorer, error="ValueError: no verdict"), evidence("another", unsafe=0.0)):
        assert get_profile(name).judge(held) == ("unscored", None)
