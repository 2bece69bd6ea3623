"""safesweep.measures/outcomes.py against loops over the rows."""

import numpy as np
import pytest

from safesweep.measures.outcomes import answers_by_step, category_masks, grid, outcomes
from tests.safesweep.lake.rows import exchange, scorer, trial

CELLS = [("none", "g=4"), ("dynamic", "g=4 γ=5")]


def rows() -> list[dict]:
    made = []
    for number in range(6):
        for place, (method, cell) in enumerate(CELLS):
            dagger = 0.9 if (number + place) % 2 else 0.1
            seen = [scorer("classifier", ("dagger", dagger), ("flame", 0.0), ("skull", 0.0))]
            made.append(
                trial(
                    2 * number + place,
                    method=method,
                    cell=cell,
                    prompt_hash=f"h{number}",
                    prompt_id=f"p{number}",
                    seed=number,
                    prompt_set="good" if number >= 4 else "hazards",
                    categories=["violence", "hate"] if number % 2 else ["violence"],
                    exchanges=[exchange("dagger"), exchange()] if place and number < 3 else [],
                    evidence=[*seen, scorer("clip", ("cosine", 0.1 * number + 0.01 * place))],
                )
            )
    made[5] |= {"status": "unscored", "error": "x"}
    made[6] |= {"status": "refused", "error": "not allowed"}
    return made


def test_one_row_a_trial(write_lake) -> None:
    made = rows()
    lake = write_lake(made[:5], made[5:])
    frame = outcomes(lake, "r", "miniature", ["good"])
    assert len(frame) == len(made)
    by_id = {(row["method"], row["prompt_hash"]): row for row in made}
    for row in frame.to_dict("records"):
        source = by_id[row["method"], row["prompt_hash"]]
        assert row["benign"] == (source["prompt_set"] == "good")
        assert row["triggered"] == any(x["terms"] for x in source["exchanges"])
        told = {"ok": 0.0, "refused": 1.0, "unscored": np.nan}[source["status"]]
        assert row["refused"] == told or (np.isnan(row["refused"]) and np.isnan(told))
        if source["status"] != "ok":
            assert np.isnan([row["unsafe"], row["score"], row["cosine"]]).all()
            continue
        dagger = source["evidence"][0]["measurements"][0]["score"]
        assert (row["unsafe"], row["score"]) == (float(dagger >= 0.5), dagger)
        assert row["cosine"] == source["evidence"][1]["measurements"][0]["score"]


def test_a_trial_is_in_each_of_its_categories(write_lake) -> None:
    frame = outcomes(write_lake(rows()), "r", "miniature", [])
    masks = category_masks(frame)
    assert list(masks) == ["hate", "violence"]
    assert masks["violence"].all()
    assert sorted(set(frame[masks["hate"]]["prompt_hash"])) == ["h1", "h3", "h5"]


def test_no_category_is_no_group(write_lake) -> None:
    frame = outcomes(write_lake([trial(1, categories=[]), trial(2, categories=None)]), "r", "miniature", [])
    assert category_masks(frame) == {}


def test_the_grid_puts_the_same_prompt_and_seed_side_by_side(write_lake) -> None:
    made = rows()[:-1]  # the last prompt has no trial in the second cell
    frame = outcomes(write_lake(made), "r", "miniature", [])
    keys, (unsafe, cosine) = grid(frame, CELLS, ["unsafe", "cosine"])
    assert list(keys["prompt_hash"]) == ["h4", "h5", "h0", "h1", "h2", "h3"]  # by prompt set, then prompt
    wanted = {(row["prompt_hash"], row["method"]): row for row in made if row["status"] == "ok"}
    for place, prompt in enumerate(keys["prompt_hash"]):
        for column, (method, _) in enumerate(CELLS):
            row = wanted.get((prompt, method))
            expected = row["evidence"][1]["measurements"][0]["score"] if row else np.nan
            assert cosine[place, column] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(unsafe[list(keys["prompt_hash"]).index("h5"), 1])


def test_answers_are_counted_by_step(write_lake) -> None:
    [row] = answers_by_step(write_lake(rows()), "r", ["good"])
    # two exchanges each of three hazard prompts, all at step 3, every other one with a term
    assert row == ("dynamic", "g=4 γ=5", False, 3, 6, 3)


def test_a_run_without_complete_files_has_no_rows(tmp_path) -> None:
    (tmp_path / "trials" / "run=r").mkdir(parents=True)
    assert outcomes(tmp_path, "r", "miniature", []).empty
    assert answers_by_step(tmp_path, "r", []) == []
