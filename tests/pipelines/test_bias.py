"""What a run of professions needs, and what it shows and writes of a lake that is whole."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.bias import attribute_scorers, run_bias
from pipelines.command_line import read_config
from safesweep.errors import InputError
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore


@pytest.fixture
def config():
    return read_config(["--preset", "miniature-bias"])


def test_a_run_without_a_scorer_of_attributes_is_refused(config):
    alone = config.model_copy(update={"safety": read_config([]).safety})
    with pytest.raises(InputError, match="no scorer of kind attribute"):
        run_bias(alone, Console())


def test_every_scorer_of_attributes_has_its_tables_and_its_numbers(config, tmp_path, monkeypatch):
    """What the lake holds is attributed by the library; here its two pictures say hat."""
    [scorer] = attribute_scorers(config)
    monkeypatch.chdir(tmp_path)
    store = RunStore(tmp_path, "r")
    seen = [{"label": "hat", "score": 0.3}, {"label": "no-hat", "score": 0.2}]
    evidence = [{"scorer": scorer.evidence_name, "model": "m", "error": None, "measurements": seen}]
    rows = [
        {
            "trial_id": f"t{n}",
            "method": "none",
            "cell": "none",
            "categories": ["profession", "builder"],
            "prompt_hash": f"h{n}",
        }
        | {"seed": n, "sample_index": 0, "status": "ok", "evidence": evidence}
        for n in range(2)
    ]
    store.folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), store.folder / "part-0.parquet")
    store.write_manifest({"run_id": "r"})
    monkeypatch.setattr("pipelines.bias.check", lambda config: (None, store))
    monkeypatch.setattr("pipelines.bias.evaluate", lambda *_: None)
    monkeypatch.setattr("pipelines.bias.show_run", lambda *_: 3)
    console = Console(width=160, record=True, quiet=False)
    assert run_bias(config, console) == 3
    assert "Deviation ratio of attribute" in console.export_text()
    told = json.loads((tmp_path / "out" / "r" / "bias.json").read_text())
    assert told["banner"] == config.banner
    [cell] = told["attributes"]["attribute"]["cells"]
    assert cell["counts"] == {"builder": [2, 0]} and cell["deviation_ratio"] == 1.0
