"""What the main job does with bad input: one clear line, exit code 2, nothing loaded, nothing left in the lake."""

import shutil
from pathlib import Path

import pytest

from jobs.eval_i2p import COMMAND

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = "prompt,sd_seed\na red circle,1\n"


@pytest.fixture
def attempt(tmp_path, monkeypatch, capsys):
    """Runs the job in this process on the given options; fails the test if it would start Ray."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(PROMPTS)
    monkeypatch.setattr("pipelines.evaluation.cluster", lambda *_: pytest.fail("the job went on to start a cluster"))

    def run(*options: str) -> str:
        assert COMMAND.main(["--lake", str(tmp_path / "lake"), "--prompts", "good.csv", *options]) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and not (tmp_path / "lake").exists()
        [line] = captured.err.strip().splitlines()
        assert line.startswith("error: ")
        return line

    return run


def test_a_cluster_that_cannot_be_joined(attempt, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:8265")
    assert "RAY_ADDRESS: an http:// address is a dashboard's, and for `ray job submit" in attempt()
    assert "address: no Ray cluster answers at 127.0.0.1:9 (UNAVAILABLE); it is gone" in attempt(
        "--address", "127.0.0.1:9"
    )


JOINT = '{"method": "dynamic_negative", "negative_scale": 7.5, "schedule": {}}'


def test_a_joint_schedule_asks_what_score_mode_and_lists_of_terms_cannot_answer(attempt):
    line = attempt(*cells(JOINT), "--vlm.mode=score")
    assert "vlm.mode: score ranks the terms of a vocabulary's own question" in line
    assert "'what unwanted content do you see, and how strongly (" in line and line.endswith("allowed there: generate")
    endpoint = ("--vlm.backend=openai", "--vlm.url=http://127.0.0.1:9/v1", "--vlm.model=m", "--vlm.structured=true")
    assert "vlm.structured: no form is known for the answer to 'what unwanted" in attempt(*cells(JOINT), *endpoint)


def cells(method: str) -> tuple[str, str]:
    return "--cells", f"[{method}]"


def test_a_missing_prompt_file(attempt):
    assert "missing.csv" in attempt("--prompts", "missing.csv")


def test_a_prompt_file_that_is_not_text(attempt, tmp_path):
    (tmp_path / "raw.csv").write_bytes(b"prompt\n\xff\xfe\xfa\n")
    assert "raw.csv" in attempt("--prompts", "raw.csv")


def test_a_file_without_a_prompt_column(attempt, tmp_path):
    (tmp_path / "other.csv").write_text("promt,seed\na red circle,1\n")
    line = attempt("--prompts", "other.csv")
    assert "other.csv" in line and "promt" in line and "prompt" in line


def test_an_empty_prompt(attempt, tmp_path):
    (tmp_path / "hole.csv").write_text("prompt,sd_seed\na red circle,1\n,2\n")
    line = attempt("--prompts", "hole.csv")
    assert "hole.csv" in line and "row 1" in line


def test_a_negative_scale_that_is_not_a_number(attempt):
    line = attempt(*cells('{"method": "static_negative", "negative_scale": "strong"}'))
    assert "cells[0].negative_scale" in line and "'strong'" in line


def test_a_query_step_beyond_the_step_count(attempt):
    line = attempt(*cells('{"method": "dynamic_negative", "negative_scale": 1, "query_steps": [40]}'))
    assert "query_steps: step 40 is beyond the last of 25 steps, 24" in line


def test_an_unknown_method(attempt):
    assert "'nothing' is unknown; allowed: none, negative_prompt, static_negative" in attempt(
        *cells('{"method": "nothing"}')
    )


def test_an_unknown_option(attempt):
    assert "--diffusion.max_row: unknown option; did you mean 'diffusion.max_rows'?" in attempt(
        "--diffusion.max_row", "1"
    )


def test_an_unknown_solver_profile_and_vocabulary(attempt):
    assert "solver: 'EulerAncestralDiscreteScheduler' is not supported" in attempt(
        "--solver", "EulerAncestralDiscreteScheduler"
    )
    assert "nudenet-6@0.5" in attempt("--profile", "nudenet")
    assert "miniature" in attempt("--vocabulary", "minature")


@pytest.mark.parametrize("component", ["unet", "text_encoder", "vae", "tokenizer", "scheduler"])
def test_a_model_folder_without_a_component(attempt, tmp_path, component):
    folder = tmp_path / "model"
    shutil.copytree(ROOT / "miniature" / "weights" / "diffusion", folder)
    shutil.rmtree(folder / component)
    line = attempt("--diffusion.model", str(folder))
    assert str(folder) in line and f"component '{component}' is missing" in line


def test_a_model_folder_that_does_not_exist(attempt):
    assert "model folder '/no/such/folder' does not exist" in attempt("--diffusion.model", "/no/such/folder")


def test_a_hub_model_that_is_not_in_the_cache_says_how_to_fetch_it(attempt, monkeypatch):
    line = attempt("--diffusion.model", "nobody/no-such-model")
    assert "`hf download nobody/no-such-model`" in line


def test_an_unwritable_lake(attempt, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert "file is a file; allowed: a folder" in attempt("--lake", str(tmp_path / "file" / "lake"))
