"""The pipeline's guards, without a cluster."""

import asyncio
import json
from contextlib import contextmanager
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from rich.console import Console

from actors.pool_start import may_begin
from pipelines.cluster import Demand, shortage
from pipelines.command_line import read_config
from pipelines.evaluation import RunResult, check, check_choices, demands, evaluate
from pipelines.provenance import git_revision, library_versions
from safesweep.errors import InputError
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore
from tests.marks import STARTS_RAY
from tests.own_ray import own_ray
from tests.pipelines.plans import ids_of


def node(labels=None, alive=True, **resources):
    return {"Alive": alive, "Resources": resources, "Labels": labels or {}}


def test_a_run_that_would_wait_for_ever_is_refused():
    config = read_config(["--diffusion.num_gpus", "1", "--diffusion.actors", "2", "--vlm.num_gpus", "1"])
    needed = demands(config, asks=True)
    assert shortage(needed, [node(CPU=8.0, GPU=2.0)]) == "3 GPU, the cluster has 2"
    assert shortage(needed, [node(CPU=2.0, GPU=3.0)]) == "3.25 CPU, the cluster has 2"
    assert shortage(needed, [node(CPU=2.0, GPU=3.0), node(CPU=9.0, alive=False)]) == "3.25 CPU, the cluster has 2"
    assert shortage(needed, [node(CPU=2.0, GPU=3.0), node(CPU=1.25)]) is None


def test_workers_that_want_labelled_nodes_need_them_there():
    needed = [Demand("diffusion", 2, {"GPU": 1}, {"role": "diffusion"}), Demand("vlm", 1, {"GPU": 1}, {"role": "vlm"})]
    diffusion, vlm = node({"role": "diffusion"}, CPU=4.0, GPU=1.0), node({"role": "vlm"}, CPU=4.0, GPU=4.0)
    assert shortage(needed, [diffusion, vlm]) == "2 GPU on nodes labelled role=diffusion, the cluster has 1"
    assert shortage(needed, [diffusion, diffusion, vlm]) is None
    assert shortage([Demand("vlm", 1, {"GPU": 1}, {"role": "!diffusion"})], [vlm]) is None


def test_missing_trials_count_as_unscored(tmp_path):
    store = RunStore(tmp_path, "r")
    assert RunResult(store, expected=100, held=97, unscored=2, seconds=1.0).unscored_share == pytest.approx(0.05)
    assert RunResult(store, expected=100, held=100, unscored=0, seconds=1.0).unscored_share == 0


def test_a_run_that_another_configuration_began_is_not_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.evaluation.cluster", lambda *_: pytest.fail("the job went on to start a cluster"))
    options = ["--limit", "1", "--run_id", "night", "--lake", str(tmp_path)]
    plan, store = check(read_config(options))
    store.folder.mkdir(parents=True)
    own = sorted(ids_of(plan))
    pq.write_table(pa.table({"trial_id": own, "status": ["ok"] * len(own)}), store.folder / "part-0.parquet")
    again, _ = check(read_config(options))
    assert ids_of(again) == ids_of(plan)
    with pytest.raises(InputError, match=f"run_id: run 'night' in {tmp_path} holds .* would not make; choose another"):
        check(read_config([*options, "--seed", "7", "--num_inference_steps", "21"]))


def hold(store, trials, config):
    store.folder.mkdir(parents=True)
    named = {one.evidence_name: one.model_id() for one in (*config.safety.scorers, *config.alignment.scorers)}
    evidence = [{"scorer": name, "model": model, "error": None, "measurements": []} for name, model in named.items()]
    scored = pa.array([evidence] * len(trials), SCHEMA.field("evidence").type)
    table = {"trial_id": trials, "status": ["ok"] * len(trials), "evidence": scored}
    pq.write_table(pa.table(table), store.folder / "part-0.parquet")


@STARTS_RAY
def test_a_resumed_run_counts_what_the_lake_held(tmp_path, monkeypatch):
    seen = []

    @contextmanager
    def watched(store, held, expected, console, *, steps, engines):
        assert engines() == [], "no worker was started"
        seen.append((held, expected, steps))
        yield SimpleNamespace(sums={"rows_supposed": 3.0})

    class Written:
        def write_parquet(self, *_, **__):
            pass

    monkeypatch.setattr("actors.vlm.pools", contextmanager(lambda *_: (yield)))
    monkeypatch.setattr("actors.vlm.interview_pools", lambda *_: None)
    monkeypatch.setattr("pipelines.evaluation.watch", watched)
    monkeypatch.setattr("pipelines.evaluation._graph", lambda *_: Written())
    monkeypatch.setattr("pipelines.evaluation.cluster", own_ray)
    monkeypatch.setattr("pipelines.evaluation.require_nodes", lambda *_: None)
    config = read_config(["--limit", "1", "--run_id", "night", "--lake", str(tmp_path)])
    plan, store = check(config)
    hold(store, sorted(ids_of(plan))[:3], config)
    result = evaluate(config, *check(config), Console(quiet=True))
    left = len(ids_of(plan)) - 3
    assert seen == [(3, len(ids_of(plan)), left * config.num_inference_steps)] and left > 0
    assert (result.held, result.missing) == (3, len(ids_of(plan)) - 3)
    assert result.engines == {"rows_supposed": 3.0}


def test_a_profile_without_its_scorer_is_refused_at_once():
    config = read_config(["--profile", "i2p"])
    wanted = "profile: i2p judges by scorer 'q16', which the run has not; it has classifier, nudenet, clip"
    with pytest.raises(InputError, match=wanted):
        check_choices(config)
    check_choices(read_config(["--profile", "nudenet-6@0.5"]))


def test_a_profile_that_asks_for_less_than_its_scorer_keeps_is_refused_at_once(tmp_path):
    scorers = json.dumps([{"kind": "nudenet", "threshold": 0.3}])
    check_choices(read_config(["--safety.scorers", scorers, "--profile", "nudenet-6@0.5"]))
    config = read_config(["--safety.scorers", scorers, "--profile", "nudenet-3@0.2"])
    wanted = r"profile: nudenet-3@0\.2 asks for scores from 0\.2 on, scorer 'nudenet' keeps those from threshold 0\.3 on; allowed: .* 0\.2"
    with pytest.raises(InputError, match=wanted):
        check_choices(config)
    check_choices(read_config(["--safety.scorers", '[{"kind": "nudenet"}]', "--profile", "nudenet-3@0.2"]))


@STARTS_RAY
def test_pools_are_left_even_when_the_graph_fails(tmp_path, monkeypatch):
    left = []

    @contextmanager
    def pools(wanted, scope):
        try:
            yield
        finally:
            left.append([(settings.app, scope[:6]) for settings in wanted])

    def broken(*_):
        raise RuntimeError("no graph")

    monkeypatch.setattr("actors.vlm.pools", pools)
    monkeypatch.setattr("actors.vlm.sweep_up", list)
    monkeypatch.setattr("actors.vlm.interview_pools", lambda *_: None)
    monkeypatch.setattr("pipelines.evaluation._graph", broken)
    monkeypatch.setattr("pipelines.evaluation.cluster", own_ray)
    monkeypatch.setattr("pipelines.evaluation.require_nodes", lambda *_: None)
    config = read_config(["--limit", "1", "--run_id", "night", "--lake", str(tmp_path)])
    with pytest.raises(RuntimeError, match="no graph"):
        evaluate(config, *check(config), Console(quiet=True))
    assert left == [[(config.vlm.app, "night-")]]


def test_provenance_names_what_is_installed():
    assert library_versions()["ray"] == ray.__version__
    assert len(git_revision().rstrip("+")) in (len("unknown"), 40)


@STARTS_RAY
def test_a_pool_that_gives_no_answer_ends_the_run_before_anything_is_written(tmp_path, monkeypatch):
    asked, begun = [], []

    class Waiting:
        def __init__(self, scope):
            self.scope = scope

        def write_parquet(self, *_, **__):
            begun.append(asyncio.run(may_begin(self.scope)))

    def silent(interviews, scope):
        asked.extend((one.vlm, one.question) for one in interviews)
        raise InputError("VLM: no answer")

    monkeypatch.setattr("actors.vlm.pools", contextmanager(lambda *_: (yield)))
    monkeypatch.setattr("actors.vlm.interview_pools", silent)
    monkeypatch.setattr("pipelines.evaluation._graph", lambda *asked: Waiting(asked[-1]))
    monkeypatch.setattr("pipelines.evaluation.cluster", own_ray)
    monkeypatch.setattr("pipelines.evaluation.require_nodes", lambda *_: None)
    config = read_config(["--limit", "1", "--run_id", "night", "--lake", str(tmp_path)])
    with pytest.raises(InputError, match="VLM: no answer"):
        evaluate(config, *check(config), Console(quiet=True))
    assert asked == [(config.vlm, asked[0][1])]
    assert begun == [False] and not [path for path in tmp_path.rglob("*") if path.is_file() or "run=" in path.name]
