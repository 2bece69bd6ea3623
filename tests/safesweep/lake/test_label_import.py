"""Labels are held to the run's own pictures, and published together or not at all."""

import json
from hashlib import sha256

import pytest

from safesweep.errors import InputError
from safesweep.lake.label_import import import_labels
from safesweep.lake.labels import labels_folder, read_labels
from tests.safesweep.lake.rows import trial, write_run
from tests.safesweep.lake.test_label_files import plain, write

PNG = sha256(b"png").hexdigest()


@pytest.fixture
def lake(tmp_path):
    return write_run(tmp_path / "lake", [trial(number) for number in range(3)])


def test_files_of_two_labellers_are_one_import(lake, tmp_path):
    files = [
        write(tmp_path / "a.csv", plain(trial_id="t0", picture_sha256=PNG), plain(trial_id="t1", picture_sha256=PNG)),
        write(tmp_path / "b.json", plain(trial_id="t0", picture_sha256=PNG, labeller="bo")),
    ]
    done = import_labels(lake, "r", files)
    assert done[:3] == (3, 2, ("ann", "bo"))
    assert read_labels(lake, "r").num_rows == 3
    assert import_labels(lake, "r", files).path == done.path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run_id": "other"}, "labels of run 'other'; allowed: of 'r'"),
        ({"trial_id": "t9"}, "labels trial 't9', which run 'r' in .* does not hold"),
        ({"picture_sha256": "00"}, "labels another picture of trial 't1'"),
    ],
)
def test_one_wrong_label_and_nothing_is_published(lake, tmp_path, changes, words):
    good = plain(trial_id="t0", picture_sha256=PNG)
    wrong = write(tmp_path / "l.json", good, plain(picture_sha256=PNG) | changes)
    with pytest.raises(InputError, match=words):
        import_labels(lake, "r", [wrong])
    assert not labels_folder(lake, "r").exists()
    assert json.loads(wrong.read_text())["labels"]
