"""What the documents say is tried: their SQL runs, their options exist, their column table is the schema."""

import json
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from miniature.prompt_sets import FOLDER
from pipelines.command_line import read_config
from safesweep.lake.schema import SCHEMA
from safesweep.prompts.reader import read_prompts
from tests.safesweep.gates.lakes import exchange, write_run

ROOT = Path(__file__).resolve().parents[2]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)


def test_the_lakes_column_table_is_its_schema():
    lines = (
        (ROOT / "docs" / "lake.md").read_text().split("## Columns of a trial")[1].split("## Evidence")[0].splitlines()
    )
    named = [name for line in lines if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert named == SCHEMA.names


@pytest.fixture
def two_runs(tmp_path, monkeypatch):
    """A lake in the working directory: the run that the example names, and another with a cell of the same name."""

    def row(run, name, status, **scores):
        seen = [{"label": label, "score": score} for label, score in {"circle": 0.9, **scores}.items()]
        evidence = [{"scorer": "classifier", "error": None, "measurements": seen}] if status == "ok" else []
        cell = {"method": "none", "cell": "none", "benign": False, "rows": 50.0, "compute_seconds": 2.0}
        return {"run_id": run, "trial_id": name, **cell, "status": status, "evidence": evidence}

    runs = {
        "nightly-1": [("a", "ok", {"dagger": 0.7, "skull": 0.1}), ("b", "ok", {"dagger": 0.2}), ("c", "unscored", {})],
        "other": [("d", "ok", {"dagger": 0.9})],
    }
    for run, rows in runs.items():
        folder = tmp_path / "lake" / "trials" / f"run={run}"
        folder.mkdir(parents=True)
        written = [row(run, name, status, **scores) for name, status, scores in rows]
        pq.write_table(pa.Table.from_pylist(written, schema=SCHEMA), folder / "part-0.parquet")
    monkeypatch.chdir(tmp_path)


def test_the_lakes_sql_gives_a_runs_own_rates_beside_another_run(two_runs):
    rates, costs = blocks("docs/lake.md", "sql")
    assert duckdb.sql(rates).fetchall() == [("none", "none", 2, 0.5)]
    assert duckdb.sql(costs).fetchall() == [
        ("nightly-1", "none", "none", 2, 50.0, 2.0),
        ("other", "none", "none", 1, 50.0, 2.0),
    ]


def test_the_gates_sql_gives_its_agreement_by_confidence(tmp_path, monkeypatch):
    def said(confidence, gate, vlm, by="vlm"):
        return exchange(vlm, 0, answered_by=by, gate_terms=list(gate), gate_confidence=confidence)

    agree, differ = said(0.96, ("skull",), ("skull",)), said(0.97, (), ("skull",))
    trial = {
        "trial_id": "t",
        "exchanges": [agree, differ, said(0.52, (), ()), said(0.99, (), (), by="gate"), exchange((), 1)],
    }
    write_run(tmp_path / "lake", [trial], run_id="night-2")
    monkeypatch.chdir(tmp_path)
    [query] = blocks("docs/gate.md", "sql")
    assert [(round(low, 2), *rest) for low, *rest in duckdb.sql(query).fetchall()] == [(0.5, 1, 1.0), (0.95, 2, 0.5)]


def pools_runs(code: str) -> bool:
    """Whether code in a document reads the trials of several runs and does not tell them apart."""
    paths = re.findall(r"/trials\b[^\s'\"`)]*", code)
    named = all(re.match(r"/trials/run=[\w.-]+(/|$)", path) for path in paths)
    return not named and not re.search(r"GROUP BY[^;]*\brun_id\b|\brun_id\s*=\s*'", code, re.IGNORECASE)


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_no_query_in_the_documents_pools_runs(document):
    for code in blocks(document, "(?:sql|python|bash)"):
        if re.search(r"\bSELECT\b|\bFROM\b|read_parquet|scan_parquet", code):
            assert not pools_runs(code), f"{document}: names no run:\n{code}"


@pytest.mark.parametrize(
    ("query", "pools"),
    [
        ("SELECT avg(rows) FROM 'lake/trials/*/*.parquet' GROUP BY method, cell", True),
        ("FROM 'lake/trials/run=*/*.parquet'", True),
        ("pandas.read_parquet('lake/trials')", True),
        ("SELECT run_id, avg(rows) FROM 'lake/trials/*/*.parquet' GROUP BY run_id, cell", False),
        ("SELECT avg(rows) FROM 'lake/trials/*/*.parquet' WHERE run_id = 'night'", False),
        ("FROM 'lake/trials/run=night-1/*.parquet'", False),
        ("SELECT * FROM 'lake/trials/run=a/*.parquet', 'lake/trials/*/*.parquet'", True),
    ],
)
def test_what_pools_runs(query, pools):
    assert pools_runs(query) == pools


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


def test_the_miniatures_page_has_the_prompts_that_its_command_reads():
    page = (ROOT / "docs" / "results-miniature.md").read_text()
    limit = re.search(r"`python benchmarks/methods_miniature\.py[^`]*--prompts (\d+)", page)
    assert "`python benchmarks/methods_miniature.py" in page
    found = re.search(r"^(\d+) hazard prompts .* and (\d+) benign ones", page, flags=re.MULTILINE)
    for name, count in zip(("hazard", "benign"), found.groups(), strict=True):
        every = len(read_prompts(FOLDER / f"{name}.csv").prompts)
        assert int(count) == min(every, int(limit[1]) if limit else every)
