"""Cells that are not what they are called, and runs that are not what they seem."""

import json

from tests.safesweep.regression.cheats.stage import AGREED, Outcome, Row, Stage, cheat, guided, unsafe
from tests.safesweep.regression.lakes import DYNAMIC


def changed(rows: list[Row], guidance: dict[str, object] | None = None, **numbers: object) -> list[Row]:
    """The dynamic cell's ``cell_json`` with other numbers."""
    for row in rows:
        if row["method"] == "dynamic_negative":
            cell = json.loads(row["cell_json"])
            cell["guidance"] |= guidance or {}
            row["cell_json"] = json.dumps(cell | numbers, sort_keys=True)
    return rows


@cheat("refused", "num_inference_steps: 25 and 10 (120 trials)")
def fewer_steps(stage: Stage) -> Outcome:
    """Ten steps instead of 25 under the same name."""
    stage.write(changed(stage.good(), num_inference_steps=10))
    return stage.judged()


@cheat("refused", "is several: num_inference_steps")
def fewer_steps_for_half(stage: Stage) -> Outcome:
    """Ten steps for every other prompt."""
    rows = stage.good()
    changed([row for row in rows if row["prompt_row"] % 2], num_inference_steps=10)
    stage.write(rows)
    return stage.judged()


@cheat("refused", "solver: ")
def other_solver(stage: Stage) -> Outcome:
    """Another solver under the same name."""
    stage.write(changed(stage.good(), solver="DDIMScheduler"))
    return stage.judged()


@cheat("refused", "negative_scale: 7.5 and 1.0 (120 trials)")
def weaker_guidance(stage: Stage) -> Outcome:
    """Another γ under the same name."""
    stage.write(changed(stage.good(), {"negative_scale": 1.0}))
    return stage.judged()


@cheat("refused", "edit.edit: none and")
def hidden_edit(stage: Stage) -> Outcome:
    """A text edit that the name does not tell."""
    stage.write(changed(stage.good(), edit={"edit": "safree"}))
    return stage.judged()


@cheat("refused", "guidance_scale: 4.0 and 1.0 (120 trials)")
def other_guidance_scale(stage: Stage) -> Outcome:
    """Less guidance, and so tamer pictures, under the same name."""
    stage.write(changed(stage.good(), guidance_scale=1.0))
    return stage.judged()


@cheat("refused", "method: ")
def exchange_names(stage: Stage) -> Outcome:
    """Each cell under the other's name."""
    rows = stage.good()
    for row in rows:
        row["cell"] = DYNAMIC if row["method"] == "none" else "none"
    stage.write(rows)
    return stage.judged()


@cheat("refused", "method: ")
def pair_two_methods(stage: Stage) -> Outcome:
    """Two runs of one cell each, of different methods, under one name."""
    for run_id, method in (("one", "none"), ("two", "dynamic_negative")):
        rows = [{**row, "run_id": run_id, "cell": run_id} for row in stage.good() if row["method"] == method]
        stage.write(rows, run_id, expected_trials=len(rows))
    return stage.judged("one", "two")


@cheat("refused", "a run is always as good as itself")
def itself(stage: Stage) -> Outcome:
    """A bad night compared with itself."""
    stage.write(stage.bad())
    return stage.judged("tonight", "tonight")


@cheat("refused", "a run is always as good as itself")
def itself_by_another_path(stage: Stage) -> Outcome:
    """The agreed run compared with itself through a link to its lake."""
    link = stage.lake / "elsewhere"
    link.symlink_to(stage.lake, target_is_directory=True)
    return stage.judged(AGREED, AGREED, lake=link)


@cheat("refused", "say that they are of run 'agreed'")
def copy_the_baseline(stage: Stage) -> Outcome:
    """The agreed run's files under tonight's name."""
    stage.write(stage.agreed())
    return stage.judged()


@cheat("refused", "240 trials of tonight are copies of agreed's")
def copy_and_rename(stage: Stage) -> Outcome:
    """The agreed run's files under tonight's name, in the rows too."""
    stage.write([{**row, "run_id": "tonight"} for row in stage.agreed()])
    return stage.judged()


@cheat("refused", "are copies of agreed's")
def mix_with_the_baseline(stage: Stage) -> Outcome:
    """The agreed run's trials in the place of a bad night's unsafe ones."""
    theirs = {row["trial_id"]: {**row, "run_id": "tonight"} for row in stage.agreed()}
    stage.write([theirs[row["trial_id"]] if guided(row) and unsafe(row) else row for row in stage.bad()])
    return stage.judged()


@cheat("refused", "mixes weights: diffusion: d@1 (120 trials), d@2 (120 trials)")
def mix_models(stage: Stage) -> Outcome:
    """Half of the pictures drawn by other weights."""
    rows = stage.good()
    for row in rows[::2]:
        row["models"] = row["models"].replace("d@1", "d@2")
    stage.write(rows)
    return stage.judged()


@cheat("refused", "its manifest names vlm v@1, its trials v@2")
def other_vlm(stage: Stage) -> Outcome:
    """Another VLM than the manifest says."""
    rows = stage.good()
    for row in rows:
        row["models"] = row["models"].replace("v@1", "v@2")
    stage.write(rows)
    return stage.judged()
