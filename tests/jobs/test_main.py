"""``safesweep COMMAND``: every job is one, its help waits for nothing heavy, and what help shows is so."""

import re
import subprocess
import sys

import pytest

from jobs.__main__ import JOBS, SAFESWEEP
from safesweep.cli.command import Command
from safesweep.cli.options import options_of
from safesweep.cli.presets import read_preset
from safesweep.cli.settings import PresetChoice
from tests.jobs.conftest import ROOT, call, environment
from tests.safesweep.reports.lake import RUN, write_lake

HEAVY = ("torch", "diffusers", "transformers", "ray")
COMMANDS = {word: give() for word, give in SAFESWEEP.words.items()}
RUNS = {word: command for word, command in COMMANDS.items() if isinstance(command, Command)}


def modules_after(folder, *words):
    """Exit code, output, and which heavy libraries the command imported."""
    start = (
        "import sys; from jobs.__main__ import main; sys.argv[0] = 'safesweep'; code = main(); "
        f"print('imported', [name for name in {HEAVY} if name in sys.modules]); sys.exit(code)"
    )
    command = [sys.executable, "-c", start, *words]
    done = subprocess.run(
        command, cwd=folder, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def test_every_file_of_jobs_is_a_command():
    assert set(JOBS.values()) == {path.stem for path in (ROOT / "jobs").glob("*.py")} - {"__init__", "__main__"}


@pytest.mark.parametrize(
    "words", [["--help"], *([word, "--help"] for word in JOBS), ["eval", "--help", "all"]], ids=" ".join
)
def test_help_waits_for_nothing_heavy(tmp_path, words):
    code, out, error = modules_after(tmp_path, *words)
    assert (code, error) == (0, "") and out.endswith("imported []\n")
    assert out.startswith("usage: safesweep")


@pytest.mark.parametrize(
    "words",
    [
        ["report", "lake", "--run", RUN, "--pictures", "0", "--draws", "100"],
        ["compare", f"{RUN}/none", f"{RUN}/none"],
        ["baseline", "list"],
        ["baseline", "pin", RUN],
        ["prompts", "inspect", "mine.csv"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_reads_numbers_or_prompts_waits_for_nothing_heavy(tmp_path, words):
    write_lake(tmp_path / "lake")
    (tmp_path / "mine.csv").write_text("prompt\na circle\n")
    code, out, error = modules_after(tmp_path, *words)
    assert code in (0, 2, 4) and "Traceback" not in error
    assert out.endswith("imported []\n")


@pytest.mark.parametrize("word", RUNS)
def test_every_option_has_a_sentence(word):
    nameless = [option.name for option in options_of(RUNS[word].settings) if not option.sentence]
    assert nameless == []


@pytest.mark.parametrize("word", [word for word, command in RUNS.items() if command.default_preset])
def test_the_first_screen_is_a_dozen_examples_of_options_that_exist(word):
    command = RUNS[word]
    known = {option.name: option for option in (*options_of(PresetChoice), *options_of(command.settings))}
    assert 10 <= len(command.examples) <= 16 and set(command.examples) <= set(known)
    first, every = (call(command, "--help", *more).stdout for more in ([], ["all"]))
    shown = re.findall(r"^  --([\w.]+)", first, re.MULTILINE)
    assert shown == list(command.examples)
    assert set(re.findall(r"^  --([\w.]+)", every, re.MULTILINE)) == set(known)


@pytest.mark.parametrize("preset", ["miniature", "sd14", "sdxl"])
def test_help_never_asks_for_what_the_preset_gives(preset):
    text = call(COMMANDS["eval"], "--preset", preset, "--help", "all").stdout
    assert "needed" not in text and "required" not in text
    wide = " ".join(text.split())
    value = read_preset(preset).value
    assert f"(default {value('diffusion.model')})" in wide
    steps = "--num_inference_steps INTEGER Steps from noise to picture, for cells that name none."
    assert f"{steps} (default {value('num_inference_steps')})" in wide


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SAFESWEEP_LIMT", "SAFESWEEP_LIMIT"),
        ("SAFESWEEP_VLM_REPLICAS", "SAFESWEEP_VLM__REPLICAS"),
    ],
)
@pytest.mark.parametrize("word", [word for word, command in RUNS.items() if command.default_preset])
def test_a_variable_that_no_option_knows_is_refused(monkeypatch, word, name, nearest):
    monkeypatch.setenv(name, "1")
    done = call(COMMANDS[word])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"error: {name}: no option knows this environment variable; did you mean {nearest!r}?\n"


def test_an_unknown_word_is_refused_with_the_nearest():
    done = call(SAFESWEEP, "evla")
    assert done.exit_code == 2 and "'evla' is no command" in done.stderr and "did you mean 'eval'?" in done.stderr
