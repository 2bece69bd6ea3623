"""cluster.yaml, by Ray's own validator; and that the presets fit on it."""

import copy
from pathlib import Path

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from pipelines.cluster import shortage
from tests.deploy.placement import demands_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "cluster.yaml").read_text())


def check(config):
    prepared = prepare_config(copy.deepcopy(config))
    prepared.setdefault("cluster_synced_files", [])
    validate_config(prepared)
    return prepared


def test_rays_validator_takes_it(config):
    prepared = check(config)
    kinds = prepared["available_node_types"]
    assert {name: kind["labels"]["role"] for name, kind in kinds.items()} == {name: name for name in kinds}
    assert kinds["diffusion"]["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert "GPU" not in kinds["scoring"]["resources"] and kinds["head"]["resources"] == {"CPU": 0}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda config: config.update(max_worker=3),
        lambda config: config.update(head_node_type="boss"),
        lambda config: config["available_node_types"]["vlm"].update(min_workers=50),
        lambda config: config["available_node_types"]["vlm"]["resources"].update(GPU="one"),
        lambda config: config["provider"].update(type="abacus"),
    ],
)
def test_the_validator_finds_mistakes(config, spoil):
    spoil(config)
    with pytest.raises((jsonschema.ValidationError, ValueError, NotImplementedError)):
        check(config)


@pytest.mark.parametrize("preset", ["sd14", "sd14-reference", "responsible-reference", "sdxl"])
def test_the_presets_fit_on_it(config, preset):
    kinds = config["available_node_types"]
    nodes = [
        {"Alive": True, "Resources": kind["resources"], "Labels": kind["labels"]}
        for kind in kinds.values()
        for _ in range(kind.get("max_workers", 1))
    ]
    assert len(nodes) - 1 <= config["max_workers"]
    assert shortage(demands_of(preset), nodes) is None
