"""The main job, killed, started again, scored again, compared and reported, its lake in a store, S3's throttling: as in a folder."""

import json
import os
import time

import pytest

from jobs.compare import COMMAND as COMPARE
from jobs.report import COMMAND as REPORT
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import part_files
from safesweep.lake.parquet_files import read_table
from safesweep.lake.store import RunStore
from safesweep.lake.stores import store_of
from tests.jobs.conftest import SHORT, call, kill, trials
from tests.marks import STARTS_RAY

LONG = pytest.mark.skipif("LONG_TESTS" not in os.environ, reason="four jobs on Ray, minutes: LONG_TESTS=1 runs it")
pytestmark = [pytest.mark.timeout(600), STARTS_RAY, LONG]
CLASSIFIER = {"kind": "classifier", "model": "miniature/weights/classifier"}
ONE = [*SHORT, "--run_id=r", "--limit=2", f"--safety.scorers={json.dumps([CLASSIFIER])}"]
SAME = ("trial_id", "prompt", "cell", "seed", "status", "picture", "rows_alone")


def of_store(lake):
    """All rows of run r, in the order of their ids."""
    rows = [row for path in part_files(lake, "r") for row in read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: row["trial_id"])


def measured(row):
    """What the classifier and CLIP measured."""
    return [(one["scorer"], one["model"], one["measurements"]) for one in row["evidence"][:2]]


@pytest.mark.parametrize("kind", ["s3", "google", "azure"])
def test_the_whole_job_is_the_same_in_a_store(launch, tmp_path, kind, request):
    lake_url = request.getfixturevalue(f"{kind}_lake")
    here = launch("eval_i2p", "--lake=lake", *ONE)
    assert here.wait(timeout=280) == 0, here.log.read_text()[-3000:]
    wanted = trials(tmp_path / "lake")

    if kind == "s3":
        request.getfixturevalue("s3_server").fail_every = 10
    killed = launch("eval_i2p", f"--lake={lake_url}", *ONE, "--limit=1")
    deadline = time.monotonic() + 200
    while not part_files(lake_url, "r") and time.monotonic() < deadline:
        assert killed.poll() is None, killed.log.read_text()[-3000:]
        time.sleep(0.05)
    kill(killed)
    before = len(of_store(lake_url))
    again = launch("eval_i2p", f"--lake={lake_url}", *ONE)
    assert again.wait(timeout=280) == 0, again.log.read_text()[-3000:]
    assert 0 < before < len(wanted) and f"{before} in the lake already" in again.log.read_text()
    found = of_store(lake_url)
    assert [[row[name] for name in SAME] for row in found] == [[row[name] for name in SAME] for row in wanted]
    assert [measured(row) for row in found] == [measured(row) for row in wanted]
    assert RunStore(lake_folder(lake_url), "r").manifest()["status"] == "complete"

    both = f"--safety.scorers={json.dumps([CLASSIFIER, {**CLASSIFIER, 'name': 'second'}])}"
    added = launch("rescore", f"--lake={lake_url}", "--run_id=r", both)
    assert added.wait(timeout=280) == 0, added.log.read_text()[-3000:]
    scored = of_store(lake_url)
    assert [row["picture"] for row in scored] == [row["picture"] for row in wanted]
    assert all(len(row["evidence"]) == 3 for row in scored)

    told = call(
        COMPARE,
        "r",
        "r",
        "--lake=" + str(tmp_path / "lake"),
        f"--candidate-lake={lake_url}",
        "--json",
        str(tmp_path / "c.json"),
    )
    assert told.exit_code in (0, 4) and json.loads((tmp_path / "c.json").read_text())["flips"] == [], told.stderr
    report = call(REPORT, lake_url, "--run=r", f"--out={tmp_path / 'r.html'}", "--draws=100")
    assert report.exit_code == 0 and (tmp_path / "r.html").stat().st_size > 100_000, report.stderr
    if kind == "s3":
        assert request.getfixturevalue("s3_server").failed > 10
    store, root = store_of(lake_folder(lake_url))
    left = [name for name in store.find(root) if not name.endswith((".parquet", "/r.json"))]
    assert left == [], "a lease, a claim or a temporary file is left"
    assert not (tmp_path / lake_url.partition("/")[0]).exists(), "a store's name became a folder"
