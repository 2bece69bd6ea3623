"""Training: the same numbers again, and the same where it was killed on the way."""

import numpy as np
import pytest
import torch

from safesweep.gates.examples import read_examples
from safesweep.gates.parts import split
from safesweep.gates.recipe import GateRecipe
from safesweep.gates.training import STATE, forget, moved, train
from tests.safesweep.gates.lakes import VOCABULARY, rows, write_run

RECIPE = GateRecipe(side=16, channels=(8,), epochs=3, batch=16)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    found = read_examples(write_run(tmp_path_factory.mktemp("lake"), rows(18)), ["r"], VOCABULARY, 16, 1000)
    return [found.of(part) for part in split(found.prompts, RECIPE)]


class KilledError(Exception):
    """Stands for what ends a process."""


def learned(parts, folder, stop_after=None, recipe=RECIPE):
    rounds = []

    def told(epoch, loss, fits):
        rounds.append(epoch)
        if epoch == stop_after:
            raise KilledError

    return train(recipe, parts[0], parts[1], folder, told).state_dict(), rounds


def test_a_killed_training_goes_on_and_ends_with_the_same_numbers(parts, tmp_path):
    whole, rounds = learned(parts, tmp_path / "whole")
    with pytest.raises(KilledError):
        learned(parts, tmp_path / "killed", stop_after=2)
    again, left = learned(parts, tmp_path / "killed")
    assert rounds == [1, 2, 3] and left == [3]
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    forget(tmp_path / "killed")
    assert not (tmp_path / "killed" / STATE).exists()


def test_a_state_of_another_recipe_or_a_broken_one_is_not_gone_on_with(parts, tmp_path):
    learned(parts, tmp_path)
    other, rounds = learned(parts, tmp_path, recipe=RECIPE.model_copy(update={"seed": 1}))
    assert rounds == [1, 2, 3] and (other["head.weight"] != learned(parts, tmp_path / "x")[0]["head.weight"]).any()
    (tmp_path / STATE).write_bytes(b"half of it")
    assert learned(parts, tmp_path)[1] == [1, 2, 3]


def test_pictures_are_mirrored_and_moved_and_nothing_else():
    picture = np.zeros((6, 8, 8, 3), dtype=np.uint8)
    picture[:, 3, 2] = 200
    found = moved(torch.from_numpy(picture), 1, torch.Generator().manual_seed(0))
    places = {tuple(map(int, np.argwhere(one[..., 0].numpy() == 200)[0])) for one in found}
    assert len(places) == 2 and len({row for row, _ in places}) == 1
    (_, left), (_, right) = sorted(places)
    assert right - left == 3 and found.dtype == torch.uint8
    assert torch.equal(moved(found, 0, torch.Generator().manual_seed(3)).sum(dim=(1, 2, 3)), found.sum(dim=(1, 2, 3)))
