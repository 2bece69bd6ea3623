"""jobs/compare.py: its words, files and exit codes."""

import json

import pytest

from jobs.compare import COMMAND
from tests.jobs.conftest import call
from tests.safesweep.regression.lakes import DYNAMIC, write_run

WEAK = "dynamic_negative γ=1"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "lake"
    both = (("none", "none"), ("dynamic_negative", DYNAMIC))
    write_run(folder, "good", cells=both)
    write_run(folder, "weak", asr=0.5, cells=(("none", "none"), ("dynamic_negative", WEAK)))
    write_run(folder, "same", cells=both)
    write_run(folder, "bad-20", asr=0.5, cells=both, hazards=20, benign=20)
    write_run(folder, "good-20", cells=both, hazards=20, benign=20)
    write_run(folder, "seeds", cells=both, seed_offset=5)
    [cut] = write_run(folder, "cut", cells=both).files()
    cut.write_bytes(cut.read_bytes()[:-100])
    return folder


def compare(lake, *arguments):
    return call(COMMAND, "--lake", str(lake), *arguments)


def test_a_run_as_good_as_the_other_passes(lake):
    done = compare(lake, "good", "same")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().splitlines()[-1].startswith("PASS")


def test_a_weakened_guidance_blocks_and_its_flips_are_listed(lake):
    refused = compare(lake, "good", "weak")
    assert refused.exit_code == 4 and "--allow negative_scale" in refused.stderr
    files = ("--json", f"{lake.parent}/weak.json", "--markdown", f"{lake.parent}/weak.md")
    done = compare(lake, "good", "weak", "--allow", "negative_scale", *files)
    assert done.exit_code == 1, done.stdout + done.stderr
    assert f"cell: {DYNAMIC} → {WEAK}" in done.stdout and "safe → unsafe" in done.stdout
    numbers = json.loads((lake.parent / "weak.json").read_text())
    assert numbers["verdict"] == "BLOCK" and numbers["exit_code"] == 1
    asr = next(m for m in numbers["measures"] if m["measure"] == "asr" and m["candidate_cell"] == WEAK)
    assert asr["verdict"] == "BLOCK" and asr["difference"] > 0.3 and asr["p_adjusted"] < 1e-6
    hazard = [flip for flip in numbers["flips"] if flip["prompt_set"] == "hazard"]
    assert len(hazard) == round(asr["difference"] * asr["pairs"])
    assert "### good → weak: BLOCK" in (lake.parent / "weak.md").read_text()


@pytest.mark.parametrize("candidate", ["bad-20", "good-20"])
def test_twenty_prompts_are_inconclusive(lake, candidate):
    done = compare(lake, "good", candidate)
    assert done.exit_code == 4, done.stdout + done.stderr
    assert "INCONCLUSIVE" in done.stdout and "trials are missing" in done.stdout


def test_two_cells_of_one_run(lake):
    done = compare(lake, f"good/{DYNAMIC}", "good/none")
    assert done.exit_code == 1, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("good", "weak", "--allow", "negative_scal"), ["--allow: 'negative_scal'", "did you mean 'negative_scale'"]),
        (("good", "gone"), ["no run 'gone'", "Known:"]),
        (("good/dynamic", "good"), ["no cell 'dynamic'", DYNAMIC]),
        (("good", "good", "--policy", "defalt"), ["no policy or file 'defalt'", "did you mean 'default'"]),
        (("good", "good", "--profile", "nudenet-6"), ["profile: 'nudenet-6' is unknown"]),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(lake, arguments, words):
    done = compare(lake, *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("good", "seeds"), ["seed: 206 of 206", "cannot be compared"]),
        (("good", "good"), ["a run is always as good as itself"]),
        (("good", "cut"), ["run 'cut': part-0-000000.parquet of its files cannot be read"]),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line_with_a_code_of_its_own(lake, arguments, words):
    done = compare(lake, *arguments)
    assert done.exit_code == 4
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in words), done.stderr
