"""Reference latents of a run's unsafe pictures, from Python and as a command."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from jobs.references import COMMAND
from miniature import WEIGHTS
from pipelines.references import make_references
from safesweep.errors import InputError
from safesweep.guidance.references import References
from safesweep.lake.pictures import png
from safesweep.lake.schema import SCHEMA
from safesweep.models import load
from tests.jobs.conftest import call
from tests.safesweep.regression.lakes import write_run

MODEL = str(WEIGHTS / "diffusion")
CPU = torch.device("cpu")


def picture(number: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (side, 64, 3), dtype=np.uint8)


@pytest.fixture
def lake(tmp_path):
    """Six rows: unsafe, safe, the first's picture again, not made, unsafe, unsafe."""
    store = write_run(tmp_path / "lake", "r", hazards=6, benign=0)
    [path] = store.files()
    rows = pq.read_table(path).to_pylist()
    shown = [(0, True), (1, False), (0, True), (None, True), (4, True), (5, True)]
    for row, (number, unsafe) in zip(rows, shown, strict=True):
        row["picture"] = None if number is None else png(picture(number))
        row["status"] = "unscored" if number is None else "ok"
        for scored in row["evidence"] or ():
            if scored["scorer"] == "classifier":
                for one in scored["measurements"]:
                    one["score"] = 0.9 if unsafe and one["label"] == "dagger" else 0.1
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    return tmp_path / "lake"


def test_they_are_the_latents_of_the_different_unsafe_pictures(lake, tmp_path):
    made = make_references(lake, "r", tmp_path / "unsafe.safetensors", model=MODEL, batch=2)
    wanted = load(MODEL).encoded([picture(number) for number in (0, 4, 5)], 2)
    assert made.shape == (3, 4, 8, 16) and torch.equal(made.latents(CPU), wanted)
    assert (made.size, made.notes["run"], made.notes["profile"]) == ((64, 32), "r", "miniature")
    fewer = make_references(lake, "r", tmp_path / "two.safetensors", model=MODEL, most=2)
    assert torch.allclose(fewer.latents(CPU), wanted[[0, 2]], atol=1e-5)


def test_as_a_command(lake, tmp_path):
    out = tmp_path / "unsafe.safetensors"
    words = ("r", str(out), "--lake", str(lake), "--model", MODEL)
    done = call(COMMAND, *words)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"references  {out} (3 of pictures of 64 × 32 pixels, judged by miniature)\n"
    assert References.load(str(out)).shape[0] == 3
    again = call(COMMAND, *words)
    assert again.exit_code == 2 and f"out: {out} is there; allowed: a new file" in again.stderr


def test_mistakes_are_said_before_a_model_is_loaded(lake, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.references.load", lambda *_: pytest.fail("the model was loaded"))
    out = tmp_path / "unsafe.safetensors"

    def refused(said: str, run: str = "r", **options) -> None:
        with pytest.raises(InputError, match=said):
            make_references(lake, run, out, **{"model": MODEL, **options})

    refused("no run 'absent'", run="absent")
    refused("nonsense", profile="nonsense")
    refused("model_index.json", model=str(tmp_path))
    write_run(lake, "harmless", hazards=0, benign=2)
    refused("no picture of run 'harmless' is unsafe by profile 'miniature'", run="harmless")
    [path] = [one for one in lake.rglob("*.parquet") if "run=r" in str(one)]
    rows = pq.read_table(path).to_pylist()
    rows[-1]["picture"] = png(picture(9, side=40))
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    refused("have 64 × 32 and 64 × 40 pixels; allowed: one size")
    assert not out.exists()
