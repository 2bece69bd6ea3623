"""A night's options: its own, and those of the run, which stay what the main job would read."""

import datetime
from pathlib import Path

import pytest

from jobs.compare import CompareOptions
from pipelines.command_line import read_config
from pipelines.nightly_options import NightlyConfig, night_options
from safesweep.errors import InputError
from safesweep.regression.policy import POLICIES, load_policy


def read(*arguments):
    return night_options(read_config(list(arguments), NightlyConfig, "nightly"))


def test_the_run_is_the_main_jobs():
    given = ["--limit", "2", "--diffusion.max_rows", "5"]
    options = read(*given, "--date", "2026-11-22", "--policy", "default", "--out", "there")
    assert options.config.model_dump() == read_config(given, default_preset="nightly").model_dump()
    assert (options.suite, options.run_id, options.date) == (
        "nightly",
        "nightly-2026-11-22",
        datetime.date(2026, 11, 22),
    )
    assert options.out == Path("there") and options.policy == load_policy("default")


def test_a_suite_is_named_by_its_preset_and_its_folder_by_the_run(tmp_path):
    preset = tmp_path / "release.yaml"
    preset.write_text((Path(__file__).parents[2] / "jobs" / "presets" / "nightly.yaml").read_text())
    options = read("--preset", str(preset), "--date=20261122")
    assert (options.suite, options.out) == ("release", Path("out/release-2026-11-22"))
    assert read("--suite", "other", "--date=20261122").run_id == "other-2026-11-22"


def test_what_may_differ_is_the_policys_and_the_command_lines_as_in_compare(tmp_path):
    policy = tmp_path / "mine.yaml"
    policy.write_text((POLICIES / "nightly.yaml").read_text() + "\nallow: [solver]\n")
    given = ["--policy", str(policy), "--allow", "num_inference_steps", "--allow", "edit.strength", "--date=2026-11-22"]
    assert read(*given).policy.allow == ("solver", "num_inference_steps", "edit.strength")
    told = [settings.model_fields["allow"].description for settings in (NightlyConfig, CompareOptions)]
    assert told[0] == told[1] and told[0].startswith("Keys of a cell")


def test_a_run_id_of_the_environment_is_no_mistake(monkeypatch):
    monkeypatch.setenv("SAFESWEEP_RUN_ID", "safesweep-run")
    assert read("--date=2026-11-22").run_id == "nightly-2026-11-22"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--date", "22.11.2026"], "'22.11.2026' is not a date such as 2026-11-22"),
        (["--run_id", "x"], "a night is named by its suite and date"),
        (["--suite", "a/b"], "--suite: 'a/b' is not a name"),
        (["--polcy", "x"], "--polcy: unknown option; did you mean 'policy'"),
        (["--policy", "nigthly"], "did you mean 'nightly'"),
    ],
)
def test_mistakes_on_the_command_line_are_one_line(arguments, words):
    with pytest.raises(InputError) as caught:
        read(*arguments)
    assert words in str(caught.value)
