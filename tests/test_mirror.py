"""Each module's tests are found by its name: ``safesweep/lake/sql.py`` has ``tests/safesweep/lake/test_sql.py``."""

from pathlib import Path

import pytest

from safesweep.files import ROOT

TREES = ("actors", "pipelines", "safesweep")
"""The library and what runs it. Jobs are tested as commands, the miniature as a whole (its models, its report, its training loop)."""
STATES_ONLY = "holds names and numbers only; what is done with them is tested where it is done"
BEHIND_THE_CONTRACT = "an abstract base or a part of one idea, tested through the modules that fill or use it"
EXCEPTIONS = {
    "safesweep/engine/config.py": STATES_ONLY,
    "safesweep/engine/trajectory.py": "tested by test_engine.py, against the slow reference, and by test_in_flight.py",
    "pipelines/command_line.py": "tested by tests/pipelines/test_config.py",
    "pipelines/discovery_config.py": "tested by tests/jobs/test_discover_direction.py",
    "safesweep/cli/settings.py": "tested by test_reading.py and test_options.py",
    "safesweep/gates/recipe.py": STATES_ONLY,
    "safesweep/guidance/recipe.py": "tested by test_discovery.py and tests/jobs/test_discover_direction.py",
    "pipelines/provenance.py": "tested by tests/jobs/test_eval_i2p_runs.py",
    "pipelines/sweep/run.py": "tested by tests/jobs/test_sweep_guidance.py",
    "safesweep/reports/lead.py": STATES_ONLY,
    "safesweep/reports/sheets/style.py": STATES_ONLY,
    "pipelines/part_names.py": STATES_ONLY,
    "pipelines/shared_rows.py": "tested by test_plan.py",
    "safesweep/measures/intervals/base.py": BEHIND_THE_CONTRACT,
    "safesweep/measures/intervals/correlation.py": BEHIND_THE_CONTRACT,
    "safesweep/prompts/columns.py": BEHIND_THE_CONTRACT,
    "safesweep/prompts/remote.py": "tested by test_urls.py and test_source.py",
    "safesweep/prompts/rows.py": "tested by test_reader.py",
    "safesweep/prompts/formats/base.py": BEHIND_THE_CONTRACT,
    "safesweep/prompts/formats/text.py": BEHIND_THE_CONTRACT,
}
"""Module -> why no test file bears its name."""


def modules() -> list[str]:
    """Every module of the trees, relative to the repository, packages' own files left out."""
    found = (path.relative_to(ROOT) for tree in TREES for path in (ROOT / tree).rglob("*.py"))
    return sorted(str(path) for path in found if path.name != "__init__.py")


@pytest.mark.parametrize("module", modules())
def test_a_modules_tests_bear_its_name(module):
    if module in EXCEPTIONS:
        pytest.skip(EXCEPTIONS[module])
    path = Path(module)
    folder = ROOT / "tests" / path.parent
    named = [folder / f"test_{path.name}", *folder.glob(f"test_{path.stem}_*.py")]
    assert any(file.is_file() and "def test_" in file.read_text() for file in named), f"no {named[0].relative_to(ROOT)}"


def test_exceptions_are_few():
    assert len(EXCEPTIONS) <= len(modules()) / 5
