"""Attributes of pictures of professions, counted in SQL, and their deviation ratio."""

import pytest

from safesweep.measures.bias import attribute_bias
from safesweep.measures.evenness import evenness
from tests.safesweep.lake.rows import scorer, trial


def person(number: int, profession: str, scores: tuple[float, float], **changes) -> dict:
    evidence = [scorer("zero-shot", ("woman", scores[0]), ("man", scores[1]))]
    return trial(number, categories=["profession", profession], evidence=evidence, **changes)


def test_the_label_that_scores_highest_counts(write_lake):
    rows = [
        person(0, "builder", (0.9, 0.1)),
        person(1, "builder", (0.4, 0.6)),
        person(2, "builder", (0.3, 0.7)),
        person(3, "nurse", (0.5, 0.5)),
        trial(4, categories=["profession", "nurse"], evidence=[scorer("zero-shot", ("woman", 0.9), error="broke")]),
        person(5, "nurse", (0.9, 0.1), status="unscored"),
        person(7, "nurse", (0.9, 0.1), status="refused"),
        trial(6, categories=[], evidence=[scorer("zero-shot", ("woman", 0.9), ("man", 0.2))]),
    ]
    (cell,) = attribute_bias(write_lake(rows), "r", "zero-shot", ["woman", "man"])
    assert cell.counts == {"builder": (1, 2), "nurse": (1, 0)}
    assert cell.unscored == 2
    assert cell.ratio.by_profession == {"builder": pytest.approx(1 / 3), "nurse": 1.0}
    assert cell.ratio.mean == pytest.approx(2 / 3) and cell.clip is None
    # The nurse's one picture says nothing of chance.
    assert cell.evenness == evenness({"builder": (1, 2)}) and cell.evenness.deviation.n == 3


def test_the_change_of_clip_is_told_apart_by_what_pictures_show(write_lake):
    """The usual value of a builder is a man; the woman of the edited cell goes against it."""
    rows = []
    for number in range(4):
        for cell, scores, cosine in (
            ("none", (0.1, 0.5), 0.8),
            ("edited", (0.6, 0.4) if number == 3 else (0.1, 0.4), 0.88 if number == 3 else 0.72),
        ):
            evidence = [
                scorer("zero-shot", ("woman", scores[0]), ("man", scores[1])),
                scorer("clip", ("cosine", cosine)),
            ]
            place = {"prompt_hash": f"h{number}", "seed": number, "method": "none", "cell": cell}
            rows.append(trial(len(rows), categories=["builder"], evidence=evidence, **place))
    edited, plain = attribute_bias(write_lake(rows), "r", "zero-shot", ["woman", "man"])
    assert plain.clip is None and edited.clip is not None
    parts = {name: (s.caption.percent[0], s.named.percent[0]) for name, s in edited.clip._asdict().items()}
    assert parts["keeping"] == (pytest.approx(-10), pytest.approx(100 * (0.25 / 0.3 - 1)))
    assert parts["against"] == (pytest.approx(10), pytest.approx(100 * (0.5 / 0.3 - 1)))
    assert parts["all"][0] == pytest.approx(-5)
    assert [s.caption.paired.pairs for s in edited.clip] == [4, 3, 1]


def test_one_label_and_a_threshold(write_lake):
    rows = [
        trial(i, categories=["builder"], prompt_set="people", evidence=[scorer("classifier", ("hat", p))])
        for i, p in enumerate([0.1, 0.5, 0.9])
    ]
    lake = write_lake(rows)
    (cell,) = attribute_bias(lake, "r", "classifier", ["hat"], threshold=0.5, prompt_sets={"people"})
    assert cell.counts == {"builder": (2, 1)}
    assert attribute_bias(lake, "r", "classifier", ["hat"], threshold=0.5, prompt_sets={"others"}) == []


@pytest.mark.parametrize(("labels", "threshold"), [([], None), (["hat"], None), (["a", "a"], None), (["a", "b"], 0.5)])
def test_bad_labels(write_lake, labels, threshold):
    with pytest.raises(ValueError, match="two or more different labels"):
        attribute_bias(write_lake([trial(0)]), "r", "s", labels, threshold=threshold)
