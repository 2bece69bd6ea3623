"""The distances of a run's benign pictures, with the miniature's own features."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jobs.benign_quality import COMMAND
from safesweep.errors import InputError
from safesweep.lake.pictures import png
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore
from safesweep.quality.benign import benign_quality
from safesweep.quality.features import FeatureSettings
from tests.jobs.conftest import call

CLIP = FeatureSettings(model="local-dir:miniature/weights/clip")
CLASSIFIER = FeatureSettings(kind="classifier", model="miniature/weights/classifier")
CELLS = {"none": 0, "dynamic_negative γ=4": 0, "static_negative γ=4": 90}
"""Cell -> how much of every picture is lost."""


@pytest.fixture
def lake(tmp_path):
    """Twelve benign prompts and one hazard prompt in three cells and two files; one benign trial failed."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(13):
        picture = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        for cell, lost in CELLS.items():
            failed = number == 0 and lost
            rows.append(
                {
                    "trial_id": f"{number}-{cell}",
                    "prompt_hash": f"h{number}",
                    "prompt_set": "hazard" if number == 12 else "benign",
                    "method": cell.split()[0],
                    "cell": cell,
                    "status": "unscored" if failed else "ok",
                    "picture": None if failed else png((picture * (1 - lost / 100)).astype(np.uint8)),
                    "exchanges": [],
                    "evidence": [],
                }
            )
    store = RunStore(tmp_path, "r")
    store.folder.mkdir(parents=True)
    for part in range(2):
        pq.write_table(pa.Table.from_pylist(rows[part::2], SCHEMA), store.folder / f"part-{part}.parquet")
    store.write_manifest({"benign_sets": ["benign"], "profile": "miniature"})
    return tmp_path


@pytest.mark.parametrize("settings", [CLIP, CLASSIFIER], ids=["clip", "classifier"])
def test_a_cell_that_leaves_benign_pictures_alone_is_at_no_distance(lake, settings):
    dynamic, static = benign_quality(lake, "r", settings)
    assert (dynamic.cell, dynamic.reference) == ("dynamic_negative γ=4", "none")
    assert dynamic.distances[3:] == (12, 12) and static.distances[3:] == (11, 12)
    assert abs(dynamic.distances.fid.value) < 1e-3
    assert static.distances.fid.value > 10 * max(dynamic.distances.fid.value, 1e-3)
    assert static.distances.kid.value > dynamic.distances.kid.value
    assert static.distances.cmmd.value > dynamic.distances.cmmd.value


def test_a_folder_of_pictures_is_a_reference_for_every_cell(lake, tmp_path):
    folder = tmp_path / "real"
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", (64, 64), (number * 50, 0, 0)).save(folder / f"{number}.png")
    found = benign_quality(lake, "r", CLIP, reference=folder, groups=0)
    assert [one.cell for one in found] == sorted(CELLS)
    assert all(one.distances.reference == 5 and one.distances.fid.value > 0 for one in found)


def test_the_job_prints_and_writes(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(COMMAND, str(lake), "r", "--model", CLIP.model, "--jackknife_groups", "3")
    assert result.exit_code == 0, result.stderr
    content = json.loads((tmp_path / "out" / "r" / "benign_quality.json").read_text())
    assert [cell["pictures"] for cell in content["cells"]] == [12, 11]
    dynamic, static = (cell["changes"] for cell in content["cells"])
    assert (dynamic["same"]["estimate"], dynamic["same"]["n"], dynamic["lpips"]) == (1.0, 12, None)
    assert (static["near"]["estimate"], static["near"]["n"]) == (0.0, 11)
    assert 0 < dynamic["same"]["low"] < 1 and content["cells"][1]["fid"]["low"] < content["cells"][1]["fid"]["high"]
    assert "equal" in result.stdout and "100.0%" in result.stdout


def test_what_cannot_be_compared_is_named(lake, tmp_path):
    with pytest.raises(InputError, match="no run 's'"):
        benign_quality(lake, "s", CLIP)
    with pytest.raises(InputError, match="nowhere is no folder"):
        benign_quality(lake, "r", CLIP, reference=tmp_path / "nowhere")
    result = call(COMMAND, str(lake), "r", "--model", "m", "--kind", "classifier", "--pretrained", "x")
    assert result.exit_code == 2 and "pretrained belongs to kind clip" in result.stderr
