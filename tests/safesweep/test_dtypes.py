"""Names of dtypes against torch's own."""

from typing import get_args

import torch

from safesweep.dtypes import DTYPES
from safesweep.settings import Dtype


def test_every_dtype_that_a_configuration_may_name_is_torchs_of_that_name():
    assert set(DTYPES) == set(get_args(Dtype))
    assert all(dtype is getattr(torch, name) for name, dtype in DTYPES.items())
