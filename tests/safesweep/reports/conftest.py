"""One small run, read and rendered once."""

from pathlib import Path

import pytest

from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.gallery import Gallery, make_gallery
from safesweep.reports.page import render_page
from tests.safesweep.reports.lake import RUN, write_lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="session")
def facts(lake: Path) -> RunFacts:
    return gather(lake, RUN, draws=200)


@pytest.fixture(scope="session")
def gallery(lake: Path, facts: RunFacts) -> Gallery:
    return make_gallery(lake, facts, 20, originals=True)


@pytest.fixture(scope="session")
def page(facts: RunFacts, gallery: Gallery) -> str:
    return render_page(facts, gallery)
