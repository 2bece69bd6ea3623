"""Rows of prompt files that ask for one picture: it is made and scored once, and counted for every row."""

import asyncio

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.diffusion import DiffusionActor
from actors.scoring import ScoringActor
from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.engine.work import count_work
from safesweep.guidance.cell import cell_labels
from safesweep.lake.store import RunStore
from safesweep.measures.outcomes import category_masks, grid, outcomes
from safesweep.measures.sharing import sharing
from safesweep.measures.summary import summary
from tests.pipelines.plans import ids_of, rows_of
from tests.safesweep.lake.rows import held_ids

CELLS = '[{"method": "none"}, {"method": "static_negative", "negative_scale": 10}]'
HEADER = "prompt,categories,sd_seed,case_number\n"
ALL = HEADER + 'a red dagger,weapon,1,a\na red dagger,"Weapon, red",1,b\na blue key,tool,2,c\na red dagger,weapon,1,a\n'
SUBSET = HEADER + "a red dagger,weapon,1,a\na blue key,tool,2,c\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repeats")
    (folder / "all.csv").write_text(ALL)
    (folder / "subset.csv").write_text(SUBSET)
    files = f'["{folder}/all.csv", "{folder}/subset.csv"]'
    config = read_config(["--prompts", files, "--cells", CELLS, "--num_inference_steps", "3", "--lake", str(folder)])
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    stamp = {"run_id": "r", "models": "{}", "versions": "{}", "git_revision": "g"}
    actor = DiffusionActor(config.diffusion, None, plan.cells, stamp)
    scored = []

    class Counting(ScoringActor):
        def __call__(self, table):
            for instrument in self._instruments:
                score = instrument.scorer.score
                instrument.scorer.score = lambda pictures, prompts, score=score: (
                    scored.append(len(pictures)) or score(pictures, prompts)
                )
            return super().__call__(table)

    async def make():
        return await asyncio.gather(*(actor(row) for row in plan.requests()))

    records = [record for made in asyncio.run(make()) for record in made]
    classifier = [scorer for scorer in config.safety.scorers if scorer.kind == "classifier"]
    rows = Counting(classifier, None)(pa.Table.from_pylist(records))
    store = RunStore(folder, "r")
    store.folder.mkdir(parents=True)
    pq.write_table(rows, store.folder / "part-0.parquet")
    return plan, store, rows.to_pylist(), scored


def test_a_picture_is_made_and_scored_once(run):
    plan, store, rows, scored = run
    assert len(list(plan.requests())) == 2 and scored == [2 * 2]
    spent = sharing(store.lake, "r")
    once = count_work([cell.model_copy(update={"guidance_scale": 4.0}) for cell in plan.cells], found=False)
    assert (spent.rows, spent.rows_alone) == (pytest.approx(2 * once.rows), 6 * once.rows_alone)
    for row in rows:
        first = next(other for other in rows if other["trial_id"] == (row["repeat_of"] or row["trial_id"]))
        assert row["picture"] == first["picture"] and row["evidence"] == first["evidence"] and row["evidence"]
        assert row["prompt"] == first["prompt"] and first["repeat_of"] is None
    assert sum(row["repeat_of"] is None for row in rows) == 2 * 2


def test_every_row_of_every_file_is_a_row_of_the_lake(run):
    plan, store, rows, _ = run
    lines = sorted((row["prompt_set"], row["prompt_row"], row["method"]) for row in rows)
    wanted = [("all", n) for n in range(4)] + [("subset", n) for n in range(2)]
    assert lines == sorted((*line, cell) for line in wanted for cell in ("none", "static_negative"))
    assert held_ids(store) == sorted(ids_of(plan))
    assert store.holders({rows_of(plan)[0]["trial_ids"][0]}) == {
        rows_of(plan)[0]["trial_ids"][0]: ("all", "all.csv", 0, 0)
    }


def test_every_table_counts_each_row(run):
    plan, store, _, _ = run
    assert [(cell.trials, cell.hazard.scored) for cell in summary(store.lake, "r", "miniature", [])] == [(6, 6), (6, 6)]
    frame = outcomes(store.lake, "r", "miniature", [])
    masks = category_masks(frame)
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {"weapon": 8, "red": 2, "tool": 4}
    assert frame.groupby("prompt_set", observed=True).size().to_dict() == {"all": 8, "subset": 4}
    labels = cell_labels(plan.cells)
    _, values = grid(frame, [("none", labels[0]), ("static_negative", labels[1])], ["unsafe"])
    assert values.shape == (1, 6, 2)  # two rows of one set, id, text and seed stay two
    assert frame["prompt_hash"].nunique() == 2  # clusters are by text


def test_tokens_behind_the_last_are_counted(run):
    assert {row["tokens_lost"] for row in run[2]} == {0}
