"""What a discovery checks before it starts and what it says at its end."""

import io
import json

import pytest
import torch
from rich.console import Console

from pipelines.discovery import Discovered, DiscoveryConfig, show_found
from safesweep.guidance.direction import Direction
from safesweep.guidance.discovery import Update


@pytest.fixture
def config(tmp_path):
    recipe = {"kind": "shift", "target": "fire", "neutral": ["a red circle"]}
    return DiscoveryConfig.model_construct(name="fire", out=tmp_path, banner=None, recipe=recipe)


@pytest.mark.parametrize(("kind", "edit"), [("shift", "safe_region"), ("conditional", "conditional_region")])
def test_the_end_tells_the_loss_and_the_cell_that_uses_what_was_found(config, tmp_path, kind, edit):
    log = io.StringIO()
    updates = [Update(0, 0, 1.0, 0.0), Update(0, 1, 0.5, 0.0), Update(1, 2, 0.25, 0.0)]
    direction = Direction("fire", kind, (torch.ones(24, 1), torch.ones(96, 1)))
    show_found(Discovered(direction, tmp_path, updates, 3.0), config, Console(file=log, width=400))
    printed = log.getvalue()
    assert "0.7500 in the first round, 0.2500 in the last, 3 updates" in printed
    used = json.loads(printed.split("cell ", 1)[1])
    assert used == {"method": "none", "edit": {"edit": edit, "direction": str(tmp_path)}}
