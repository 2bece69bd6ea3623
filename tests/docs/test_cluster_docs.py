"""docs/cluster.md and docs/models.md are tried: their options, presets, queries and files exist."""

import datetime
import re
import shlex
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.command_line import read_config
from safesweep.cli.presets import read_preset
from safesweep.lake.schema import SCHEMA

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("docs/cluster.md", "docs/models.md")
JOBS = [
    (name, line.split("#")[0].strip())
    for name in DOCUMENTS
    for line in re.findall(
        r"^.*(?:python jobs/eval_i2p\.py|safesweep eval) (--.*)", (ROOT / name).read_text(), re.MULTILINE
    )
]


@pytest.mark.parametrize(("document", "line"), JOBS)
def test_every_job_that_is_shown_has_options_that_exist(document, line):
    arguments = shlex.split(line)
    if "mine.yaml" in arguments:
        pytest.skip("tried below")
    assert read_config(arguments).diffusion.device == "cuda"


def test_the_preset_of_ones_own_is_valid_on_both_its_cards(tmp_path):
    [written] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/models.md").read_text(), flags=re.DOTALL)
    path = tmp_path / "mine.yaml"
    path.write_text(written)
    small, large = (read_config(["--preset", str(path), "--hardware", name]) for name in ("24gb", "80gb"))
    assert len(small.expand_cells()) == 4
    assert (small.diffusion.max_rows, large.diffusion.max_rows) == (16, 96)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_it_tells_to_fetch_is_what_the_presets_name(document):
    named = set()
    for path in (ROOT / "jobs" / "presets").glob("*.yaml"):
        for hardware in (None, *(yaml.safe_load(path.read_text()).get("hardware") or {})):
            options, own = read_preset(path.stem, hardware)[1:3]
            for part in (options, own):
                for section in (part.get("diffusion") or {}, part.get("vlm") or {}):
                    named.add((section.get("model"), section.get("revision")))
    for model, revision in re.findall(
        r"hf download (\S+) --revision ([0-9a-f]{40})\b(?! --include)", (ROOT / document).read_text()
    ):
        assert (model, revision) in named


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_files_that_it_names_exist(document):
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    shown = re.findall(r"\b((?:deploy|benchmarks|jobs)/[\w./-]+\.(?:py|yaml))", text)
    assert links or shown
    assert all((ROOT / "docs" / link).exists() for link in links)
    assert all((ROOT / path).exists() for path in shown)


def test_the_query_gives_the_speeds_of_a_run(tmp_path, monkeypatch):
    end = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def trial(name, finished_after, shared_by):
        asked = [
            {"step": 3, "seconds": 2.0, "shared_by": shared_by},
            {"step": 5, "seconds": 4.0, "shared_by": shared_by},
        ]
        return {
            "trial_id": name,
            "status": "ok",
            "rows": 50.0,
            "compute_seconds": 2.5,
            "seconds": 6.0,
            "finished_at": end + datetime.timedelta(seconds=finished_after),
            "exchanges": asked,
        }

    folder = tmp_path / "lake" / "trials" / "run=speed"
    folder.mkdir(parents=True)
    rows = [trial("a", 0, 2), trial("b", 0, 2), trial("c", 4, 1), {"trial_id": "d", "status": "unscored"}]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "part-0.parquet")
    monkeypatch.chdir(tmp_path)
    [query] = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/models.md").read_text(), flags=re.DOTALL)
    # four questions in the ten seconds from the first submission to the last end
    assert duckdb.sql(query).fetchall() == [(20.0, 0.4, 3.0)]
