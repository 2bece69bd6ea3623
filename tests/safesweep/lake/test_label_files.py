"""Files of labels: both kinds read alike, and what is wrong is said with its row."""

import csv
import json

import pytest

from safesweep.errors import InputError
from safesweep.lake.label_files import as_table, read_label_file
from tests.safesweep.lake.test_labels import label


def plain(trial_id="t1", **changes):
    row = label(trial_id, 5, **changes)
    return row | {"labelled_at": str(row["labelled_at"].isoformat())}


def write(path, *rows):
    if path.suffix == ".json":
        path.write_text(json.dumps({"labels": rows}))
        return path
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"categories": json.dumps(row["categories"])} for row in rows)
    return path


def test_both_kinds_are_read_alike(tmp_path):
    rows = [plain(), plain(verdict="safe", categories=[], labeller='A "quoted"\nname')]
    one, other = (read_label_file(write(tmp_path / f"l.{kind}", *rows)) for kind in ("csv", "json"))
    assert one == other
    assert as_table(one).to_pylist() == [
        label("t1", 5),
        label("t1", 5, verdict="safe", categories=[], labeller='A "quoted"\nname'),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "bad"}, r"row 1: verdict: is 'bad'; allowed: unsafe, safe, unsure"),
        ({"labeller": " "}, "row 1: labeller: is empty"),
        ({"labelled_at": "2026-01-01T00:00:00"}, "row 1: labelled_at: .* no time zone"),
        ({"labelled_at": "soon"}, "row 1: labelled_at: "),
        ({"population": "many"}, "row 1: population: "),
        ({"drawn": 0}, "row 1: drawn: is 0 of a population of 40"),
        ({"drawn": 41}, "row 1: drawn: is 41"),
        ({"categories": "violence"}, "row 1: categories: "),
        ({"trial_id": None}, "row 1: lacks trial_id"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        read_label_file(write(tmp_path / "l.json", plain() | changes))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no label"),
        ("{", "is not JSON"),
        ('{"a": 1}', "must hold a list"),
        ("a,b\n1,2\n", "row 1: lacks run_id"),
    ],
)
def test_what_is_no_file_of_labels_is_said(tmp_path, text, words):
    path = tmp_path / "l.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_label_file(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_label_file(tmp_path / "none.csv")
