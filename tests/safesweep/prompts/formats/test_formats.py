"""What all formats have in common: the same rows, and files that are not what their ending says."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, write


@pytest.mark.parametrize("name", ["all.csv", "all.tsv", "all.jsonl", "all.ndjson", "all.json", "all.parquet"])
def test_formats_agree(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, Any]] = [
        {
            "prompt": ' a "red" circle,\nand\ta key ',
            "evaluation_seed": 2**63 - 1,
            "guidance": 7.5,
            "width": 512,
            "case_number": "01",
        },
        {"prompt": "ein Schlüssel 🔑", "evaluation_seed": None, "guidance": None, "width": None, "case_number": None},
    ]
    path = tmp_path / name
    suffix = path.suffix
    if suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="," if suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".json":
        path.write_text(json.dumps(rows, indent=1))
    else:
        path.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows), encoding="utf-8", newline=""
        )
    prompts, report = read_prompts(path)
    seen = [(p.text, p.seed, p.guidance_scale, p.width, p.height, p.prompt_id) for p in prompts]
    assert seen == [
        (rows[0]["prompt"], 2**63 - 1, 7.5, 512, None, "01"),
        (rows[1]["prompt"], 1, None, None, None, "1"),
    ]
    assert report.default_seeds == 1


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("empty.csv", "", "is empty"),
        ("bare.csv", "prompt,seed\n", "has no rows"),
        ("empty.txt", "\n\n", "has no rows"),
        ("empty.jsonl", "", "has no rows"),
        (
            "other.csv",
            "promt,seed\na,1\n",
            "no prompt column among 'promt', 'seed'; accepted are 'adv_prompt', ",
        ),
        ("other.csv", "promt,seed\na,1\n", "did you mean 'prompt'?"),
        ("twice.csv", "prompt,Prompt \na,b\n", "2 columns named 'prompt'"),
        (
            "wide.csv",
            "prompt,seed\na,1\nb, c,2\n",
            "row 1 (counted from 0) has 3 fields where the header has 2; put quotes",
        ),
        ("short.csv", "prompt,seed\na\n", "row 0 (counted from 0) has 1 fields where the header has 2"),
        ("open.csv", 'prompt,seed\n"a,1\nb,2\n', "near line 3"),
        ("latin.csv", b"prompt\ncaf\xe9\n", "is not UTF-8: byte 10 is 0xe9"),
        ("marked.csv", b"\xef\xbb\xbfprompt\ncaf\xe9\n", "is not UTF-8: byte 13 is 0xe9"),
        ("wide.txt", "a".encode("utf-16"), "is UTF-16"),
        ("not.parquet", b"PAR1", "is not a readable Parquet file"),
        ("prompts.docx", b"", "cannot tell the format from the ending '.docx'; allowed are .csv, .tsv"),
        ("prompts", b"", "cannot tell the format from the ending ''"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: str | bytes, wanted: str) -> None:
    assert wanted in refusal(write(tmp_path, name, content))
