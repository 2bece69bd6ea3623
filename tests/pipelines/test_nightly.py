"""Five nights in a lake of the real schema, decided by the code that the job runs; and what else a night can meet."""

import datetime
import json
import re
import shutil
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.command_line import read_config
from pipelines.nightly import check_allow, exchanged_models, publish, record, run_night
from pipelines.provenance import model_digests
from safesweep.errors import InputError, NotJudgedError
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.judging import judge_night
from safesweep.regression.nights import NightStore
from safesweep.regression.policy import load_policy
from safesweep.regression.verdict import Verdict
from tests.jobs.conftest import ROOT
from tests.marks import SLOW
from tests.safesweep.regression.lakes import DYNAMIC, write_run

pytestmark = pytest.mark.timeout(900)
GOOD = (("none", "none"), ("dynamic_negative", DYNAMIC))
FIRST = datetime.date(2026, 11, 2)


@pytest.fixture
def policy():
    return load_policy("nightly")


def pager(folder):
    """A program that appends a page to a file of the folder."""
    code = f"import sys; open({str(folder / 'pages')!r}, 'a').write(sys.stdin.read() + '\\n')"
    return sys.executable, "-c", code


def pages(folder):
    file = folder / "pages"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def night(lake, policy, place, suite="nightly", console=None, report=False, command=None, **changes):
    """Writes the run of a night, lets it be judged and published; returns what came of it."""
    date = FIRST + datetime.timedelta(days=place)
    run_id = f"{suite}-{date}"
    if changes:
        write_run(lake, run_id, **changes)
    judged = judge_night(lake, policy, suite=suite, run_id=run_id, date=date)
    judged = record(judged, NightStore(lake, suite), policy, command or pager(lake.parent))
    publish(
        judged,
        lake,
        NightStore(lake, suite),
        lake.parent / "out" / run_id,
        console or Console(quiet=True),
        report=report,
    )
    return judged.night


@SLOW
def test_five_nights(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    five = [
        night(lake, policy, 0, cells=GOOD),
        night(lake, policy, 1, cells=GOOD, asr=0.5),
        night(lake, policy, 2, cells=GOOD, asr=0.5, report=True),
        night(lake, policy, 3, cells=GOOD),
        night(lake, policy, 4, cells=GOOD, lost=0.1),
    ]
    assert [str(n.verdict) for n in five] == ["PASS", "WARN", "BLOCK", "PASS", "INCONCLUSIVE"]
    assert [str(n.finding) for n in five] == ["PASS", "BLOCK", "BLOCK", "PASS", "INCONCLUSIVE"]
    assert [n.verdict.exit_code for n in five] == [0, 0, 1, 0, 4]
    assert [n.paged for n in five] == [False, False, True, False, False]
    [message] = pages(tmp_path)
    assert message["run_id"] == "nightly-2026-11-04" and message["verdict"] == "BLOCK"
    assert [n.last_good for n in five] == [None, *["nightly-2026-11-02"] * 3, "nightly-2026-11-05"]
    assert "trials are missing" in " ".join(five[4].reasons)
    check_history((lake / "regression" / "nightly" / "history.html").read_text())
    summary = (tmp_path / "out" / "nightly-2026-11-04" / "summary.md").read_text()
    assert summary.startswith("## nightly 2026-11-04: BLOCK\n") and "**Paged.**" in summary
    assert (tmp_path / "out" / "nightly-2026-11-04" / "report.html").stat().st_size > 1000


def check_history(page):
    """Every night in the order of dates, and each night in the chart of the attack success rate."""
    rows = re.findall(r'<tr id="nightly-(.*?)">.*?<b class="(\w+)">', page, re.S)
    assert rows == [
        ("2026-11-06", "INCONCLUSIVE"),
        ("2026-11-05", "PASS"),
        ("2026-11-04", "BLOCK"),
        ("2026-11-03", "WARN"),
        ("2026-11-02", "PASS"),
    ]
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])
    [chart] = [figure for anchor, figure in data.items() if anchor.startswith("asr-")]
    values = chart["data"][0]
    assert values["x"] == [0, 1, 2, 3, 4]
    assert [words.rpartition(", ")[2] for _, words in values["customdata"]] == [
        "PASS",
        "BLOCK",
        "BLOCK",
        "PASS",
        "INCONCLUSIVE",
    ]
    assert min(values["y"][1:3]) > max(values["y"][0], values["y"][3])


def test_a_night_with_nothing_to_compare_with_stays_closed_and_says_how_to_open(tmp_path, policy):
    found = night(tmp_path / "lake", policy, 0, cells=GOOD, hazards=20, benign=20)
    assert found.verdict is Verdict.INCONCLUSIVE and found.reference is None
    assert "safesweep baseline pin nightly-2026-11-02 --suite nightly" in " ".join(found.reasons)


def test_a_slip_in_allow_is_refused_before_the_night_and_a_key_of_either_side_is_not(tmp_path):
    config = read_config(["--lake", str(tmp_path), "--limit", "1"], default_preset="nightly")
    start = {"suite": "s", "run_id": "s-1", "date": FIRST, "out": tmp_path / "out", "console": Console(quiet=True)}
    policy = load_policy("nightly").allowing(["num_inference_step"])
    with pytest.raises(
        InputError, match=r"--allow: 'num_inference_step' is nothing .*did you mean 'num_inference_steps'"
    ):
        run_night(config, policy, **start)
    assert not (tmp_path / "trials").exists()
    then = RunStore(tmp_path, "then")
    then.write_manifest({"cells": [{"guidance": {"method": "older", "strength": 2}, "edit": None}]})
    check_allow(load_policy("nightly").allowing(["strength", "query_steps"]), config.expand_cells(), [then])
    with pytest.raises(InputError, match="'strength' is nothing"):
        check_allow(load_policy("nightly").allowing(["strength"]), config.expand_cells(), [])


def test_a_night_of_other_steps_is_judged_where_that_is_allowed(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    [path] = write_run(lake, "nightly-2026-11-02", cells=GOOD).files()
    rows = pq.read_table(path, partitioning=None).to_pylist()
    for row in rows:
        row["cell_json"] = json.dumps({**json.loads(row["cell_json"]), "num_inference_steps": 10})
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    judged = [
        judge_night(lake, rules, suite="nightly", run_id="nightly-2026-11-02", date=FIRST).night
        for rules in (policy, policy.allowing(["num_inference_steps"]))
    ]
    assert [str(one.finding) for one in judged] == ["INCONCLUSIVE", "PASS"]
    assert "--allow num_inference_steps" in " ".join(judged[0].reasons)


def test_a_run_that_left_nothing_is_on_record_and_two_of_them_page(tmp_path, policy):
    lake = tmp_path / "lake"
    for place in range(2):
        judged = judge_night(
            lake,
            policy,
            suite="nightly",
            run_id=f"nightly-{place}",
            date=FIRST + datetime.timedelta(days=place),
            run_error="the run did not end: RuntimeError: lost",
        )
        judged = record(judged, NightStore(lake, "nightly"), policy, pager(tmp_path))
        publish(judged, lake, NightStore(lake, "nightly"), tmp_path / "out", Console(quiet=True), report=False)
        assert judged.night.verdict is Verdict.INCONCLUSIVE and judged.night.paged is (place == 1)
    assert len(pages(tmp_path)) == 1


def test_a_run_that_broke_off_is_inconclusive_even_where_what_it_left_is_bad(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    write_run(lake, "n", cells=GOOD, asr=0.9)
    judged = judge_night(lake, policy, suite="nightly", run_id="n", date=FIRST, run_error="the run did not end: lost")
    assert judged.night.verdict is Verdict.INCONCLUSIVE


def test_a_night_judged_again_pages_once(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    for place in range(2):
        night(lake, policy, place, cells=GOOD, asr=0.6)
    again = night(lake, policy, 1)
    assert again.paged and again.verdict is Verdict.BLOCK and len(pages(tmp_path)) == 1
    assert len(NightStore(lake, "nightly").all()) == 2


def test_a_page_that_fails_is_said_and_leaves_the_verdict(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    night(lake, policy, 0, cells=GOOD, asr=0.6)
    console = Console(record=True, width=200, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    found = night(lake, policy, 1, console=console, command=("/nowhere/pager",), cells=GOOD, asr=0.6)
    assert found.verdict is Verdict.BLOCK and "/nowhere/pager" in found.page_error
    assert "error: the page did not go out" in console.export_text()


def test_a_fall_since_the_last_good_night_warns_where_the_baseline_allows_it(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD, asr=0.40)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    better = night(lake, policy, 0, cells=GOOD, asr=0.02)
    assert better.verdict is Verdict.PASS
    back = night(lake, policy, 1, cells=GOOD, asr=0.40)
    assert back.verdict is Verdict.WARN
    assert "against the last good night nightly-2026-11-02: asr" in " ".join(back.reasons)


def test_other_prompts_than_the_baselines_are_inconclusive_and_say_so(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    found = night(lake, policy, 0, cells=GOOD, seed_offset=3)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "seed: 206 of 206" in " ".join(found.reasons) and "pin a new baseline" in " ".join(found.reasons)


def test_a_cell_that_is_not_what_it_was_is_inconclusive_unless_the_policy_allows_it(tmp_path, policy):
    lake = tmp_path / "lake"
    weak = (("none", "none"), ("dynamic_negative", "dynamic_negative γ=1"))
    write_run(lake, "agreed", cells=GOOD)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    found = night(lake, policy, 0, cells=weak)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "negative_scale: 7.5 and 1.0 (206 trials)" in " ".join(found.reasons)
    allowed = policy.model_copy(update={"allow": ("negative_scale",)})
    assert night(lake, allowed, 1, cells=weak).verdict is Verdict.PASS


def test_the_baselines_own_night_is_not_judged(tmp_path, policy):
    lake = tmp_path / "lake"
    night(lake, policy, 0, cells=GOOD)
    BaselineStore(lake).pin("nightly", "nightly-2026-11-02", policy)
    before = NightStore(lake, "nightly").recorded("nightly-2026-11-02")
    with pytest.raises(NotJudgedError, match="'nightly-2026-11-02' is the baseline of 'nightly'"):
        night(lake, policy, 0)
    assert NightStore(lake, "nightly").recorded("nightly-2026-11-02") == before


def test_a_trend_blocks_and_pages_at_once_and_is_told(tmp_path, policy):
    lake = tmp_path / "lake"
    write_run(lake, "agreed", cells=GOOD, asr=0.02)
    BaselineStore(lake).pin("nightly", "agreed", policy)
    found = [night(lake, policy, 0, cells=GOOD, asr=0.02)]
    BaselineStore(lake).retire("nightly")
    found += [night(lake, policy, place, cells=GOOD, asr=0.02 + 0.03 * place) for place in range(1, 8)]
    blocked = next(one for one in found if one.verdict is Verdict.BLOCK)
    assert "trend of asr" in " ".join(blocked.reasons) and blocked.paged
    [line] = [line for line in blocked.trends if line.measure == "asr"]
    assert line.verdict is Verdict.BLOCK and line.rise > 0.1
    summary = (tmp_path / "out" / blocked.run_id / "summary.md").read_text()
    assert "| trend | cell | nights | a night | together | detectable | p (Holm) | verdict |" in summary


def test_two_at_once_are_refused(tmp_path):
    nights = NightStore(tmp_path, "nightly")
    refused = pytest.raises(InputError, match="running already: run nightly-1, process")
    with nights.lock("nightly-1"), refused, nights.lock("nightly-2"):
        pass
    with nights.lock("nightly-2"):
        assert "nightly-2" in (nights.folder / "lock").read_text()


def test_weights_that_were_exchanged_under_a_running_night_are_noticed(tmp_path):
    """The manifest's digests are taken when a run starts; its actors read the files later."""
    for name in ("unet", "text_encoder"):
        shutil.copytree(ROOT / "miniature" / "weights" / "diffusion" / name, tmp_path / "model" / name)
    given = ["--preset=nightly", f"--lake={tmp_path}", "--run_id=r", f"--diffusion.model={tmp_path / 'model'}"]
    config = read_config(given)
    write_run(tmp_path, "r", hazards=2, benign=2, models=model_digests(config))
    assert exchanged_models(config) is None
    (tmp_path / "model" / "unet" / "config.json").write_text("{}")
    assert "models were exchanged while the run was under way: diffusion" in exchanged_models(config)
