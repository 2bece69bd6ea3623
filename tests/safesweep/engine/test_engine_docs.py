"""The example in docs/engine.md runs."""

import json
import re
from pathlib import Path

import safesweep.models
from safesweep.models.stable_diffusion import StableDiffusion
from tests.safesweep.tiny import tiny_pipeline

ROOT = Path(__file__).resolve().parents[3]


def test_the_documents_example_runs(tmp_path, monkeypatch, capsys):
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "engine.md").read_text(), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(safesweep.models, "load", lambda folder: StableDiffusion(tiny_pipeline()))
    exec(compile(example, "docs/engine.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and all(line.startswith("None [") for line in lines[:3])
    assert json.loads(Path("trace.json").read_text())["traceEvents"]
