"""Which rows become prompts: limits, empty ones, and any text that there is."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.errors import InputError
from safesweep.prompts.reader import read_prompts
from safesweep.prompts.rows import RowReader
from safesweep.prompts.values import is_invisible
from safesweep.types import Prompt
from tests.safesweep.prompts.writing import refusal, texts, write, write_csv


def test_a_limit_counts_prompts(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "l.csv", ["prompt", "seed"], [["a", 1], ["", 1], ["b", 1], ["", 1], ["c", "bad"]])
    assert texts(read_prompts(path, limit=1)) == ["a"]
    prompts, report = read_prompts(path, limit=2, on_empty="skip")
    assert ([p.row for p in prompts], report.rows, len(report.skipped)) == ([0, 2], 5, 1)


def test_empty_prompts_are_named_together(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "e.csv", ["prompt", "x"], [["", 1]] * 6 + [["a", 1]] + [[" \t", 1]] * 6)
    assert "rows 0, 1, 2, 3, 4, 5, 7, 8, 9, 10 and 2 more" in refusal(path)
    assert read_prompts(path, on_empty="skip").report.kept == 1
    assert "row 1" in refusal(write(tmp_path, "e.jsonl", '{"prompt": "a"}\n{"prompt": null}\n'))
    assert "row 1" in refusal(write(tmp_path, "e2.jsonl", '{"prompt": "a"}\n{"text": "b"}\n'))
    all_empty = write_csv(tmp_path, "all.csv", ["prompt", "x"], [["", 1]])
    assert "all 1 rows are empty" in refusal(all_empty, on_empty="skip")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"limit": 0}, "limit is 0; at least 1"),
        ({"on_empty": "drop"}, "on_empty is 'drop'; allowed are 'refuse' and 'skip'"),
        ({"default_seed": -1}, "default_seed is -1"),
        ({"guidance_cap": 0.0}, "guidance_cap is 0.0"),
        ({"guidance_cap": float("nan")}, "guidance_cap is nan"),
        ({"size_multiple": 0}, "size_multiple is 0"),
    ],
)
def test_wrong_arguments(tmp_path: Path, options: dict[str, object], wanted: str) -> None:
    path = write(tmp_path, "a.csv", "prompt\na\n")
    with pytest.raises(InputError, match=wanted):
        read_prompts(path, **options)  # type: ignore[arg-type]


PROMPT = RowReader.prompt
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(
    lambda text: not is_invisible(text)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, st.integers(0, 2**63 - 1)), min_size=1, max_size=8))
def test_any_text_survives_csv_and_json(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]) -> None:
    folder = tmp_path_factory.mktemp("any")
    paths = [write_csv(folder, "any.csv", ["prompt", "seed"], [list(row) for row in rows])]
    paths.append(write(folder, "any.jsonl", "".join(json.dumps({"prompt": t, "seed": s}) + "\n" for t, s in rows)))
    for path in paths:
        assert [(p.text, p.seed) for p in read_prompts(path).prompts] == rows


def calls(path: Path) -> int:
    """Python and C functions that reading a file calls."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        read_prompts(path)
    finally:
        sys.setprofile(None)
    return count


def test_work_grows_as_the_rows_do(tmp_path: Path) -> None:
    few, many = (
        write_csv(
            tmp_path, f"{rows}.csv", ["prompt", "categories", "sd_seed"], [[f"a {n}", "x, y", n] for n in range(rows)]
        )
        for rows in (200, 2000)
    )
    calls(few)  # what is imported and cached the first time
    assert calls(many) < 11 * calls(few)
    assert calls(many) < 200 * 2000


def test_rows_behind_a_limit_are_counted_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    path = write_csv(tmp_path, "l.csv", ["prompt", "seed"], [[f"a {n}", n if n < 5 else "bad"] for n in range(4703)])
    monkeypatch.setattr(RowReader, "prompt", lambda self, row, *rest: read.append(row) or PROMPT(self, row, *rest))
    prompts, report = read_prompts(path, limit=5)
    assert read == [0, 1, 2, 3, 4] and len(prompts) == 5
    assert report.taken() == "5 of 4,703 rows (limit)" and report.notes() == ["5 of 4,703 rows (limit)"]
    assert read_prompts(write_csv(tmp_path, "all.csv", ["prompt", "seed"], [["a", 1]]), limit=1).report.notes() == []


def test_rows_of_one_text_without_seeds_have_seeds_of_their_own(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "same.csv", ["prompt", "seed"], [["a", ""], ["b", ""], ["a", ""], ["a", 9], ["a", ""]])
    prompts, report = read_prompts(path)
    assert [p.seed for p in prompts] == [1, 1, 2, 9, 3]
    assert (report.default_seeds, report.moved_seeds) == (4, 2)
    assert "2 rows repeat a text and have no seed: each has a seed of its own" in report.notes()
    assert [p.seed for p in read_prompts(path, samples=4, default_seed=10).prompts] == [10, 10, 14, 9, 18]


def test_a_report_alone_keeps_no_prompts(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, "r.csv", ["prompt", "guidance", "width"], [["a", 255, 64], ["b", 2.5, 512], ["a", "", ""]]
    )
    given: list[Prompt] = []
    kept, alone = read_prompts(path), read_prompts(path, take=given.append)
    assert alone.report == kept.report and alone.prompts == [] and given == kept.prompts
    assert alone.report.duplicates == 1
    assert alone.report.ranges == {"guidance": (2.5, 255), "width": (64, 512)}


def test_no_error_shows_a_prompt(tmp_path: Path) -> None:
    secret = "a secret wish"
    shifted = write(tmp_path, "shifted.csv", f"seed,prompt\n{secret},1\n")
    assert "row 0 (counted from 0), column 'seed': found a text of 13 characters" in refusal(shifted)
    wide = write(tmp_path, "wide.csv", f"prompt,seed\n{secret}, and more,1\n")
    for path in (shifted, wide, write(tmp_path, "b.csv", f'prompt,seed\n"{secret}" x,1\n')):
        assert "secret" not in refusal(path)
    long = write(tmp_path, "long.jsonl", json.dumps({"prompt": [secret] * 3000, "seed": 1}) + "\n" + "{}\n")
    assert refusal(long).endswith("found a list of 3,000; a text is wanted, not list")
