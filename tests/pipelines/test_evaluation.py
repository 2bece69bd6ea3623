"""The pipeline's guards, without a cluster."""

import pytest
import ray

from pipelines.cluster import Demand, shortage
from pipelines.command_line import read_config
from pipelines.evaluation import Outcome, demands
from pipelines.plan import Plan
from pipelines.provenance import git_revision, library_versions
from safesweep.lake.store import RunStore


def node(labels=None, alive=True, **resources):
    return {"Alive": alive, "Resources": resources, "Labels": labels or {}}


def test_a_run_that_would_wait_for_ever_is_refused():
    config = read_config(["--diffusion.num_gpus", "1", "--diffusion.actors", "2", "--vlm.num_gpus", "1"])
    needed = demands(config, Plan(config.expand_cells(), (), 0))
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
    assert Outcome(store, expected=100, held=97, unscored=2, seconds=1.0).unscored_share == pytest.approx(0.05)
    assert Outcome(store, expected=100, held=100, unscored=0, seconds=1.0).unscored_share == 0


def test_provenance_names_what_is_installed():
    assert library_versions()["ray"] == ray.__version__
    assert len(git_revision().rstrip("+")) in (len("unknown"), 40)
