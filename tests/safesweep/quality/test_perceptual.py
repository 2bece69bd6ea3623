"""LPIPS from a file of weights is the library's own with these weights in its place."""

import numpy as np
import pytest
import torch
from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
from torchvision.models import squeezenet1_1

from safesweep.errors import InputError
from safesweep.quality.perceptual import LpipsSettings, load_lpips

RNG = np.random.default_rng(0)
LEFT, RIGHT = (list(RNG.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)) for _ in range(2))


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Random ones, where torchvision would have put what it fetched."""
    torch.manual_seed(0)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(squeezenet1_1(weights=None).state_dict(), folder / "squeezenet1_1-b8a52dc0.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return folder / "squeezenet1_1-b8a52dc0.pth"


def test_it_is_the_library_s(weights):
    library = LearnedPerceptualImagePatchSimilarity("squeeze", reduction="none", normalize=True)
    tensors = [torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float() / 255 for side in (LEFT, RIGHT)]
    expected = [float(library(*(one[n : n + 1] for one in tensors))) for n in range(3)]
    look = load_lpips(LpipsSettings(net="squeeze", weights=weights))
    assert look(LEFT, RIGHT) == pytest.approx(expected, rel=1e-4)
    assert min(expected) > 0 and look(LEFT, LEFT) == [0.0, 0.0, 0.0]


def test_other_files_are_refused(weights, tmp_path):
    for path, said in ((tmp_path / "none.pth", "is no file"), (weights, "no weights of torchvision's alex")):
        with pytest.raises(InputError, match=f"lpips_weights: .*{said}"):
            load_lpips(LpipsSettings(net="alex", weights=path))
