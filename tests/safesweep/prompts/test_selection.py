"""Ranges, categories, samples and shards of a file's rows."""

from pathlib import Path

import pytest

from safesweep.errors import InputError
from safesweep.prompts.reader import PromptSet, read_prompts
from safesweep.prompts.selection import make_selection
from tests.safesweep.prompts.writing import write_csv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_csv(
        tmp_path, "many.csv", ["prompt", "class"], [[f"a {n}", "odd" if n % 2 else "Even"] for n in range(40)]
    )


def rows(found: PromptSet) -> list[int]:
    return [prompt.row for prompt in found.prompts]


def test_a_range_and_categories(path: Path) -> None:
    assert rows(read_prompts(path, rows="5:8")) == [5, 6, 7]
    assert rows(read_prompts(path, rows=":2")) == [0, 1]
    assert rows(read_prompts(path, rows="38:", categories=["EVEN"])) == [38]
    report = read_prompts(path, rows="5:8", limit=2).report
    assert report.taken() == "2 of 40 rows (limit, selection)"


def test_shards_are_all_rows_once(path: Path) -> None:
    shards = [rows(read_prompts(path, shard=f"{n}/8")) for n in range(1, 9)]
    assert sorted(row for shard in shards for row in shard) == list(range(40))
    assert shards[1] == [1, 9, 17, 25, 33]
    assert rows(read_prompts(path, shard="2/8", categories=["odd"])) == [3, 19, 35]


def test_a_sample_is_drawn_by_its_seed(path: Path) -> None:
    first = rows(read_prompts(path, sample=10))
    assert len(first) == 10 and first == sorted(first) != list(range(10))
    assert first == rows(read_prompts(path, sample=10)) != rows(read_prompts(path, sample=10, sample_seed=1))
    assert all(row % 2 for row in rows(read_prompts(path, sample=10, categories=["odd"])))
    assert len(rows(read_prompts(path, sample=100))) == 40


def test_a_part_has_the_seeds_of_the_whole(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "same.csv", ["prompt", "x"], [["a", 1], ["b", 1], ["a", 2], ["a", 3]])
    whole = {prompt.row: prompt.seed for prompt in read_prompts(path).prompts}
    assert whole == {0: 1, 1: 1, 2: 2, 3: 3}
    for options in ({"rows": "2:"}, {"shard": "2/2"}, {"sample": 2}):
        part = read_prompts(path, **options).prompts  # type: ignore[arg-type]
        assert len(part) == 2 and all(prompt.seed == whole[prompt.row] for prompt in part)


def test_nothing_left(path: Path) -> None:
    with pytest.raises(InputError, match="no row is left by rows, categories, sample and shard"):
        read_prompts(path, categories=["none"])


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"rows": "5-8"}, "rows is '5-8'; a range such as 100:200"),
        ({"rows": "8:8"}, "the end must lie behind"),
        ({"shard": "9/8"}, "shard is '9/8'; one of several is wanted, such as 2/8"),
        ({"shard": "0/8"}, "shard is '0/8'"),
        ({"sample": 0}, "sample is 0; at least 1"),
    ],
)
def test_wrong_selections(options: dict[str, str], wanted: str) -> None:
    with pytest.raises(InputError, match=wanted):
        make_selection(**options)  # type: ignore[arg-type]
