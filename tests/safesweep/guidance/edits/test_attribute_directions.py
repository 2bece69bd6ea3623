"""One of several directions for each picture: which, and what it does."""

import numpy as np
import pytest
import torch

from safesweep.guidance.edits.attribute_directions import AttributeDirections
from tests.safesweep.directions import random_direction
from tests.safesweep.guidance.edits.test_region import START, cell, latents, slow


def test_each_picture_is_edited_along_the_direction_of_its_own_seed(model):
    values = [random_direction(seed=1, name="hat"), random_direction(seed=2, name="no-hat")]
    written = {"edit": "attribute_directions", "directions": values, "start_step": START}
    drawn = AttributeDirections.model_validate(written)
    seeds = {drawn.drawn(seed).name: seed for seed in range(8)}
    assert set(seeds) == {"hat", "no-hat"}
    for name, seed in seeds.items():
        [made] = latents(model, cell(written), seed=seed)
        own = next(direction for direction in values if direction.name == name)
        assert torch.allclose(made, slow(model, own, 1.0, START, seed=seed), rtol=0, atol=1e-4)
    assert cell(written).label() == "attribute_directions hat|no-hat β=1 g=4"


@pytest.mark.parametrize("count", [2, 3])
def test_directions_are_drawn_uniformly_and_apart_from_the_noise(count):
    directions = [random_direction(seed=seed) for seed in range(count)]
    edit = AttributeDirections(directions=directions)
    seeds = range(3000)
    draws = np.array([directions.index(edit.drawn(seed)) for seed in seeds])
    assert (draws == [directions.index(edit.drawn(seed)) for seed in seeds]).all()
    expected = len(seeds) / count
    chi_square = ((np.bincount(draws, minlength=count) - expected) ** 2 / expected).sum()
    assert chi_square < 12
    noise = [torch.randn(1, generator=torch.Generator().manual_seed(seed)).item() for seed in seeds]
    assert abs(np.corrcoef(draws, noise)[0, 1]) < 0.06
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.06


def test_the_draw_is_the_one_that_pictures_in_the_lake_were_made_with():
    def draws(count: int) -> list[int]:
        directions = [random_direction(seed=seed) for seed in range(count)]
        edit = AttributeDirections(directions=directions)
        return [directions.index(edit.drawn(seed)) for seed in range(12)]

    assert draws(2) == [1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0]
    assert draws(3) == [1, 0, 1, 1, 1, 0, 0, 0, 2, 2, 0, 0]


def test_the_default_start_step_is_the_papers_counted_from_0():
    assert AttributeDirections(directions=[random_direction(), random_direction(seed=1)]).start_step == 10 - 1


@pytest.mark.parametrize(("count", "message"), [(1, "at least 2"), (2, "the same numbers")])
def test_what_cannot_work_is_refused(count, message):
    with pytest.raises(ValueError, match=message):
        cell({"edit": "attribute_directions", "directions": [random_direction()] * count, "start_step": 0})
