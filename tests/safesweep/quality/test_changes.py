"""Pictures with and without guidance, pair by pair, whatever files and batches they lie in."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.lake.pictures import png
from safesweep.lake.schema import SCHEMA
from safesweep.quality.changes import NEAR, changes

NONE, GUIDED = ("none", "none"), ("sld", "sld strong")


def trial(cell, number, picture, seed=1, **further):
    return {
        "trial_id": f"{cell}-{number}-{seed}",
        "prompt_hash": f"h{number}",
        "prompt_set": "benign",
        "prompt_row": number,
        "seed": seed,
        "method": cell[0],
        "cell": cell[1],
        "status": "ok",
        "picture": png(np.full((8, 8, 3), picture, dtype=np.uint8)),
        "exchanges": [],
        "evidence": [],
        **further,
    }


def lake(tmp_path, rows):
    for part in range(3):
        pq.write_table(pa.Table.from_pylist(rows[part::3], SCHEMA), tmp_path / f"{part}.parquet")
    return sorted(tmp_path.glob("*.parquet"))


def test_each_picture_meets_that_of_its_prompt_and_seed(tmp_path):
    shifts = [0, 0, 1, 2, 3, 200]
    rows = [trial(NONE, number, 20 + number) for number in range(6)]
    rows += [trial(GUIDED, number, 20 + number + shift) for number, shift in enumerate(shifts)]
    rows += [trial(NONE, 0, 77, seed=2), trial(GUIDED, 1, 99, seed=2)]  # of other seeds: no pairs
    rows += [trial(GUIDED, 7, 5), trial(NONE, 7, 5, status="unscored"), trial(GUIDED, 8, 5, prompt_set="hazard")]
    looked = []

    def look(left, right):
        looked.extend(zip([int(a.mean()) for a in left], [int(b.mean()) for b in right], strict=True))
        return [float(abs(b.mean() - a.mean())) / 255 for a, b in zip(left, right, strict=True)]

    [(name, found)] = changes(lake(tmp_path, rows), {"benign"}, {GUIDED: NONE}, look, batch_size=4).items()
    assert name == GUIDED and found.same.n == found.near.n == 6
    assert found.same.estimate == pytest.approx(2 / 6)
    assert found.near.estimate == pytest.approx(sum(shift <= NEAR for shift in shifts) / 6)
    assert found.lpips.estimate == pytest.approx(sum(shifts) / 255 / 6)
    assert sorted(looked) == sorted((20 + n, 20 + n + shift) for n, shift in enumerate(shifts))


def test_what_cannot_be_compared_is_named(tmp_path):
    rows = [trial(NONE, 0, 1), {**trial(GUIDED, 0, 1), "picture": b"none"}]
    with pytest.raises(InputError, match="sld strong: a picture cannot be compared"):
        changes(lake(tmp_path, rows), {"benign"}, {GUIDED: NONE})
