"""The trials of one prompt."""

import pickle

import pytest

from pipelines.command_line import read_config
from pipelines.trial_names import TrialNames
from safesweep.types import Prompt

CELLS = '[{"method": "none"}, {"method": "none", "guidance_scale": 9}, {"method": "none", "num_inference_steps": 7}]'


def names(*options: str) -> TrialNames:
    config = read_config(["--cells", CELLS, *options])
    return TrialNames(config, config.expand_cells(), "a model", "a vlm")


def prompt(scale: float | None = None, width: int | None = None, height: int | None = None) -> Prompt:
    return Prompt("a red circle", 7, scale, width, height, "id", 3, ("shape",), "set", "set.csv", "0" * 64)


def test_a_row_has_the_prompts_columns_and_a_name_for_each_cell() -> None:
    first, second = names("--samples_per_prompt", "2").rows(prompt(5.5, 128, 64), benign=True)
    assert (first["seed"], second["seed"]) == (7, 8) and (first["sample_index"], second["sample_index"]) == (0, 1)
    assert first["guidance_scales"] == [5.5, 9.0, 5.5] and first["cells"] == [0, 1, 2]
    assert first["prompt_hash"] == prompt().text_hash and first["categories"] == ["shape"] and first["benign"]
    assert (first["width"], first["height"]) == (128, 64)
    assert len({*first["trial_ids"], *second["trial_ids"]}) == 6 and first["pictures"] == first["trial_ids"]


def test_cells_that_a_rows_scale_makes_equal_are_one() -> None:
    [row] = names().rows(prompt(9.0), benign=False)
    assert row["cells"] == [0, 2] and row["guidance_scales"] == [9.0, 9.0] and len(row["trial_ids"]) == 2
    [other] = names().rows(prompt(), benign=False)
    assert other["trial_ids"][1] == row["trial_ids"][0], "one picture has one name"


@pytest.mark.parametrize(("options", "size"), [((), (128, 64)), (("--row_sizes", "false"), (64, 64))])
def test_a_rows_size_counts_where_the_run_lets_it(options: tuple[str, ...], size: tuple[int, int]) -> None:
    own = names(*options)
    assert own.size(128, None) == size
    assert own.size(None, None) == (64, 64)


def test_they_travel() -> None:
    own = names()
    before = list(own.rows(prompt(5.0), benign=False))
    assert list(pickle.loads(pickle.dumps(own)).rows(prompt(5.0), benign=False)) == before
