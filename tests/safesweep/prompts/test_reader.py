"""Which rows become prompts: limits, empty ones, and any text that there is."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.errors import InputError
from safesweep.prompts.reader import read_prompts
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


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(
    lambda text: text.strip() != ""
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
    assert calls(many) < 100 * 2000
