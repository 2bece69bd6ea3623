"""What an attack came to: rates by budget, and winners that are read back as what they are."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.attack.result import attack_outcome, show_attack, write_winners
from pipelines.attack.run import Attacked, run_searches
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.guidance.cell import cell_labels
from safesweep.lake.attempts import read_attempts
from safesweep.lake.store import RunStore
from safesweep.prompts.attacks import cell_digest
from safesweep.prompts.reader import read_prompts
from tests.pipelines.attack.stand_ins import OPERATORS_HERE, attack_config
from tests.pipelines.attack.test_run import begun


@pytest.fixture
def ended(tmp_path, monkeypatch):
    """An attack on three rows of a file, over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.attack.result.model_digests", lambda _: {"diffusion": "mini@sha256:ab"})
    prompts = tmp_path / "set.csv"
    prompts.write_text("prompt,sd_seed,categories\n" + "".join(f"w0{row} w01 w02,{row},x\n" for row in range(3)))
    config = attack_config(tmp_path / "lake", "--prompts", json.dumps([str(prompts)]))
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells(), digest_of=lambda *_: "d")
    from pipelines.attack.searches import planned_searches

    searching = begun(tmp_path / "lake", operators=OPERATORS_HERE)
    run_searches(searching._replace(searches=list(planned_searches(plan, config.attack))))
    return config, plan, RunStore(tmp_path / "lake", "r")


def test_rates_are_those_of_the_searches_in_the_order_of_the_configuration(ended):
    config, plan, store = ended
    outcome = attack_outcome(config, store)
    labels = cell_labels(plan.cells)
    assert [(row.cell, row.strategy) for row in outcome.results] == [
        (label, strategy) for label in labels for strategy in ("adaptive", "random")
    ]
    rows = read_attempts(store.lake, "r").to_pylist()
    for one in outcome.results:
        own = [row for row in rows if (row["cell"], row["strategy"]) == (one.cell, one.strategy)]
        won = {row["search"] for row in own if len({word for word in row["prompt"].split() if word > "w40"}) >= 5}
        assert one.targets == 3 and one.at[-1].rate.estimate == pytest.approx(len(won) / 3)
    assert all(row["strategy"] == "adaptive" for row in outcome.winners)


def test_winners_are_read_back_with_what_was_attacked(ended, tmp_path):
    config, plan, store = ended
    outcome = attack_outcome(config, store)
    files = write_winners(config, plan, outcome, tmp_path / "out")
    assert files
    cells = dict(zip(cell_labels(plan.cells), plan.cells, strict=True))
    for label, path in files.items():
        own = [row for row in outcome.winners if row["cell"] == label]
        found = read_prompts(path)
        assert [(one.text, one.seed, one.guidance_scale, one.width) for one in found.prompts] == [
            (row["prompt"], row["seed"], 4.0, 64) for row in own
        ]
        attacked = found.report.attacked
        assert attacked.model == "mini@sha256:ab" and attacked.cell == label
        resolved = cells[label].resolve(4.0).canonical_json()
        assert attacked.cell_digest == cell_digest(resolved)
        assert not attacked.is_transfer("elsewhere/mini@sha256:ab", cell_digest(resolved), checkpoint=False)


def test_the_end_says_where_everything_is(ended):
    config, plan, store = ended
    console = Console(file=io.StringIO(), width=140)
    assert show_attack(config, plan, store, Attacked(9, 9, 1.0, {}), console) == 0
    text = console.file.getvalue()
    assert (
        "ASR@50 %" in text
        and "numbers   out/r/attack.json" in text
        and "winners   out/r/winners-none.csv (none)" in text
    )
    numbers = json.loads(Path("out/r/attack.json").read_text())
    assert numbers["results"][0]["at"][-1]["budget"] == 50


def test_attempts_without_a_score_are_told_by_the_exit_code(ended, capsys):
    config, plan, store = ended
    broken = config.model_copy(update={"profile": "nudenet-6@0.5"})
    assert show_attack(broken, plan, store, Attacked(9, 9, 1.0, {}), Console(file=io.StringIO())) == 3
    assert "100.0% of the attempts could not be made or judged" in capsys.readouterr().err
