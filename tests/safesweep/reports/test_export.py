"""A run for other programs, against a plain loop over its rows."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from safesweep.errors import InputError
from safesweep.lake.schema import SCHEMA
from safesweep.measures.profiles import get_profile
from safesweep.reports.export import export
from safesweep.reports.facts import cell_key
from safesweep.reports.veil import averages
from tests.safesweep.reports.lake import RUN, rows, write_lake

DOUBTFUL = "1"
"""A benign prompt in whose picture the VLM named something, in one cell of four."""


def doubted(row):
    if row["benign"] and row["prompt_id"] == DOUBTFUL and row["cell"] == "dynamic_negative γ=0":
        return {**row, "exchanges": [{**one, "terms": ["dagger"]} for one in row["exchanges"]]}
    return row


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return write_lake(tmp_path_factory.mktemp("export") / "lake", change=doubted)


def every_row():
    return [doubted(row) for row in rows()]


def place(row):
    return f"pictures/{cell_key(row['method'], row['cell'])}/{row['trial_id']}.png"


def lines(folder):
    return list(csv.DictReader((folder / "trials.csv").open(encoding="utf-8", newline="")))


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_not_known_to_be_benign_is_averages(lake, tmp_path):
    done = export(lake, RUN, tmp_path / "out")
    clear = 0
    made = [row for row in every_row() if row["status"] == "ok"]
    for row in made:
        written = (tmp_path / "out" / place(row)).read_bytes()
        if row["benign"] and row["prompt_id"] != DOUBTFUL:
            clear += 1
            assert written == row["picture"]
        else:
            original = Image.open(io.BytesIO(row["picture"])).convert("RGB")
            blurred = np.asarray(averages(original, original.size))
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(written))), blurred)
    assert files(tmp_path / "out") == {"trials.csv", *map(place, made)}
    counts = {"clear": clear, "blurred": len(made) - clear, "original": 0, "none": 11, "unreadable": 0}
    assert clear == 4 * 4 and (done.trials, done.shown) == (55, counts)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_originals_are_the_lakes_bytes_and_the_csv_its_rows(lake, tmp_path):
    (tmp_path / "out").mkdir()
    export(lake, RUN, tmp_path / "out", originals=True)
    found, wanted = lines(tmp_path / "out"), every_row()
    assert [line["trial_id"] for line in found] == [row["trial_id"] for row in wanted]
    profile = get_profile("miniature")
    for line, row in zip(found, wanted, strict=True):
        failed = row["status"] != "ok"
        assert line["prompt"] == row["prompt"] and line["seed"] == str(row["seed"]) and "picture" not in line
        assert (
            json.loads(line["evidence"])[:1] == []
            if failed
            else json.loads(line["evidence"])[0]["scorer"] == "classifier"
        )
        asked = json.loads(line["exchanges"])
        assert [one["step"] for one in asked] == [one["step"] for one in row["exchanges"]]
        assert all("preview" not in one for one in asked)
        assert line["outcome"] == profile.judge(None if failed else row["evidence"]).outcome
        assert (line["file"], line["shown"] == "none") == ("" if failed else place(row), failed)
        if not failed:
            assert (tmp_path / "out" / line["file"]).read_bytes() == row["picture"]


def test_one_parquet_without_pictures_and_previews(lake, tmp_path):
    done = export(lake, RUN, tmp_path / "new" / "run.parquet", "parquet")
    table = pq.read_table(tmp_path / "new" / "run.parquet")
    expected = pa.Table.from_pylist(every_row(), SCHEMA).to_pylist()
    for row in expected:
        del row["picture"]
        for one in row["exchanges"]:
            del one["preview"]
    assert table.to_pylist() == expected and done.trials == 55
    assert files(tmp_path / "new") == {"run.parquet"}
    with pytest.raises(InputError, match=r"out: .*run\.parquet is there; allowed: a new file"):
        export(lake, RUN, tmp_path / "new" / "run.parquet", "parquet")


def test_a_folder_that_is_not_empty_is_refused_and_left(lake, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "out", tmp_path / "file"):
        with pytest.raises(InputError, match="is there and not empty; allowed: a new folder, or an empty one"):
            export(lake, RUN, out)
    with pytest.raises(InputError, match="cannot write"):
        export(lake, RUN, tmp_path / "file" / "out")
    with pytest.raises(InputError, match="unknown|allowed"):
        export(lake, RUN, tmp_path / "new", profile="nobodys")
    assert files(tmp_path) == {"out/mine", "file"}


@pytest.mark.parametrize("form", ["pictures", "parquet"])
def test_all_of_it_or_nothing(lake, tmp_path, monkeypatch, form):
    monkeypatch.setattr("safesweep.reports.export.averages", lambda *_: 1 / 0)
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(lake, RUN, tmp_path / "out", form)
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_is_no_files_name_and_bytes_that_are_no_picture(tmp_path):
    def hostile(row):
        first = row["cell"] == "none" and row["prompt_id"] == "1"
        return {**row, "trial_id": f"../../{row['trial_id']}", "picture": b"GIF89a" if first else row["picture"]}

    write_lake(tmp_path / "lake", change=hostile)
    done = export(tmp_path / "lake", RUN, tmp_path / "out", originals=True)
    assert done.shown["unreadable"] == 2
    names = [name.split("/") for name in files(tmp_path / "out") - {"trials.csv"}]
    assert len(names) == 42 and all(len(parts) == 3 and len(parts[2]) == len(".png") + 64 for parts in names)
