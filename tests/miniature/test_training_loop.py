"""A training that is stopped and resumed ends with the same bits as one that is not."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from miniature.training.loop import LossFn, fit

STEPS = 12


def make_module() -> nn.Module:
    """Weights and a buffer that training moves."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


class PowerCutError(Exception):
    """The power went off."""


def loss_of(module: nn.Module, stop_at_call: int | None = None) -> LossFn:
    """Batches from the numpy generator, noise from torch's; gives up at the call with that number, counted from 0."""
    calls = 0

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        nonlocal calls
        if calls == stop_at_call:
            raise PowerCutError
        calls += 1
        given = torch.from_numpy(rows.normal(size=(16, 4))).float() + 0.1 * torch.randn((16, 4), generator=noise)
        return torch.as_tensor(((module(given)[:, 0] - given.sum(dim=1)) ** 2).mean())

    return loss_fn


def train(folder: Path, decay: float, stops: tuple[int, ...] = ()) -> nn.Module:
    """Trains to the end, each stop being the number of a process's steps after which it dies."""
    for stop in (*stops, None):
        module = make_module()  # a new process knows nothing but the checkpoint
        options = {
            "name": "m",
            "folder": folder,
            "steps": STEPS,
            "learning_rate": 0.05,
            "decay": decay,
            "save_every": 4,
        }
        try:
            fit(module, loss_of(module, stop), **options)
        except PowerCutError:
            continue
    return module


@pytest.mark.parametrize("decay", [0.0, 0.9])
@pytest.mark.parametrize("stops", [(4,), (5,), (7, 2), (1, 4, 3)], ids=str)
def test_resumed_training_is_bitwise_the_same(tmp_path, decay, stops):
    wanted = train(tmp_path / "whole", decay).state_dict()
    got = train(tmp_path / "stopped", decay, stops).state_dict()
    assert got.keys() == wanted.keys()
    assert all(torch.equal(got[key], wanted[key]) for key in wanted)


def test_a_finished_training_is_only_loaded(tmp_path):
    wanted = train(tmp_path, 0.9).state_dict()
    module = make_module()
    fit(module, loss_of(module, 0), name="m", folder=tmp_path, steps=STEPS, learning_rate=0.05, decay=0.9)
    assert all(torch.equal(value, wanted[key]) for key, value in module.state_dict().items())
    assert not module.training


def test_the_moving_average_differs_from_the_last_weights(tmp_path):
    last, average = train(tmp_path / "last", 0.0), train(tmp_path / "average", 0.9)
    assert not torch.equal(last[0].weight, average[0].weight)
    assert torch.equal(last[1].num_batches_tracked, average[1].num_batches_tracked)


def test_an_early_stop_ends_as_the_first_part_of_the_whole_training(tmp_path):
    wanted = train(tmp_path / "whole", 0.9).state_dict()
    options = {
        "name": "m",
        "folder": tmp_path / "m",
        "steps": STEPS,
        "learning_rate": 0.05,
        "decay": 0.9,
        "save_every": 5,
    }
    early = make_module()
    fit(early, loss_of(early), **options, stop=7)
    stored = torch.load(tmp_path / "m" / "m.pt", weights_only=True)
    assert stored["step"] == 7 and torch.equal(early[0].weight, stored["average"]["0.weight"])
    late = make_module()
    fit(late, loss_of(late), **options)
    assert all(torch.equal(value, wanted[key]) for key, value in late.state_dict().items())
    assert not torch.equal(early[0].weight, late[0].weight)
