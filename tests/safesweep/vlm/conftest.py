"""Models that several tests of this folder ask."""

from typing import Any

import pytest

from tests.safesweep.vlm.random_vlms import FAMILIES


@pytest.fixture(scope="module", params=list(FAMILIES))
def family(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    model, processor = FAMILIES[request.param]()
    return model.eval(), processor
