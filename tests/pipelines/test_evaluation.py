"""The pipeline's guards, without a cluster."""

import pytest
import ray

from guidance.errors import InputError
from pipelines.command_line import read_config
from pipelines.evaluation import Outcome, _check_resources
from pipelines.lake import RunStore
from pipelines.plan import Plan
from pipelines.provenance import git_revision, library_versions


def resources(monkeypatch, **there):
    monkeypatch.setattr(ray, "cluster_resources", lambda: there)


def test_a_run_that_would_wait_for_ever_is_refused(monkeypatch):
    config = read_config(["--diffusion.num_gpus", "1", "--diffusion.actors", "2", "--vlm.num_gpus", "1"])
    plan = Plan(config.expand_cells(), (), 0)
    resources(monkeypatch, CPU=8.0, GPU=2.0)
    with pytest.raises(InputError, match="needs 3 GPU, the cluster has 2; lower actors, replicas, num_gpus"):
        _check_resources(config, plan)
    resources(monkeypatch, CPU=2.0, GPU=3.0)
    with pytest.raises(InputError, match=r"needs 3.25 CPU, the cluster has 2"):
        _check_resources(config, plan)
    resources(monkeypatch, CPU=3.25, GPU=3.0)
    _check_resources(config, plan)


def test_missing_trials_count_as_unscored(tmp_path):
    store = RunStore(tmp_path, "r")
    assert Outcome(store, expected=100, held=97, unscored=2, seconds=1.0).unscored_share == pytest.approx(0.05)
    assert Outcome(store, expected=100, held=100, unscored=0, seconds=1.0).unscored_share == 0


def test_provenance_names_what_is_installed():
    assert library_versions()["ray"] == ray.__version__
    assert len(git_revision().rstrip("+")) in (len("unknown"), 40)
