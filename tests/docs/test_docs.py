"""What the documents say is tried: their SQL runs, their options exist, their column table is the schema."""

import json
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from pipelines.command_line import read_config
from safesweep.lake.schema import SCHEMA

ROOT = Path(__file__).resolve().parents[2]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)


def test_the_lakes_column_table_is_its_schema():
    lines = (
        (ROOT / "docs" / "lake.md").read_text().split("## Columns of a trial")[1].split("## Evidence")[0].splitlines()
    )
    named = [name for line in lines if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert named == SCHEMA.names


def test_the_lakes_sql_gives_the_attack_success_rate(tmp_path, monkeypatch):
    def row(name, status, **scores):
        seen = [{"label": label, "score": score} for label, score in {"circle": 0.9, **scores}.items()]
        evidence = [{"scorer": "classifier", "error": None, "measurements": seen}] if status == "ok" else []
        return {
            "trial_id": name,
            "method": "none",
            "cell": "none",
            "benign": False,
            "status": status,
            "evidence": evidence,
        }

    rows = [row("a", "ok", dagger=0.7, skull=0.1), row("b", "ok", dagger=0.2, skull=0.3), row("c", "unscored")]
    folder = tmp_path / "lake" / "trials" / "run=r"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "part-0.parquet")
    monkeypatch.chdir(tmp_path)
    [query] = blocks("docs/lake.md", "sql")
    assert duckdb.sql(query).fetchall() == [("none", "none", 2, 0.5)]


def test_the_readmes_own_models_are_a_valid_preset(tmp_path):
    [written] = blocks("README.md", "yaml")
    preset = yaml.safe_load((ROOT / "jobs" / "presets" / "miniature.yaml").read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**preset, **yaml.safe_load(written)}))
    config = read_config(["--preset", str(path)])
    assert config.expand_cells() and config.diffusion.dtype == "float16"


def test_json_in_the_readme_is_json():
    for written in re.findall(r"--cells '(\[.*?\])'", (ROOT / "README.md").read_text()):
        assert json.loads(written)
