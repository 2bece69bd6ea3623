"""safesweep/quality/broken.py: the farthest pictures, against a plain loop."""

import random
from pathlib import Path

import numpy as np
import pytest

from safesweep.lake.pictures import unpack_picture
from safesweep.lake.reader import run_files
from safesweep.quality.broken import Change, breakage, farthest
from safesweep.reports.facts import gather
from tests.safesweep.reports.lake import BENIGN, RUN, picture, png, rows, write_lake


def plain(changes: list[Change], most: int) -> list[str]:
    """Trial ids: each prompt's farthest, then the farthest of these."""
    best: dict[str, Change] = {}
    for one in sorted(changes, key=lambda one: one.candidate):
        if one.distance > 0 and (one.prompt not in best or one.distance > best[one.prompt].distance):
            best[one.prompt] = one
    ordered = sorted(best.values(), key=lambda one: one.candidate)
    return [one.candidate for one in sorted(ordered, key=lambda one: one.distance, reverse=True)[:most]]


def test_the_order_is_a_plain_loop_s() -> None:
    draw = random.Random(3)
    changes = [Change(f"p{draw.randrange(30)}", f"b{n}", f"c{n:03}", draw.randrange(6) / 8) for n in range(200)]
    wanted = plain(changes, 10)
    assert len(wanted) == 10
    for seed in range(3):
        random.Random(seed).shuffle(changes)
        assert [one.candidate for one in farthest(changes, 10)] == wanted
    distances = [one.distance for one in farthest(changes, 10)]
    assert distances == sorted(distances, reverse=True) and min(distances) > 0


def test_equal_pictures_are_not_broken() -> None:
    assert farthest([Change("p", "b", "c", 0.0), Change("q", "b", "d", 0.0)], 3) == []


def shifted(row: dict) -> dict:
    """Static pictures of benign prompts are darker by ten levels a number."""
    if row["method"] != "static_negative" or not row["benign"]:
        return row
    number = int(row["prompt_id"])
    return row | {"picture": png(np.clip(picture(number).astype(int) - 10 * number, 0, 255).astype(np.uint8))}


def test_each_cell_of_a_run_has_its_own(tmp_path: Path) -> None:
    lake = write_lake(tmp_path, change=shifted)
    facts = gather(lake, RUN, draws=100)
    found = breakage(lake, facts, most=2)
    static, dynamic = ("static_negative", "static_negative γ=7.5"), ("dynamic_negative", "dynamic_negative γ=7.5")
    held = {row["trial_id"]: shifted(row) for row in rows()}
    assert [held[one.candidate]["prompt_id"] for one in found.most[static]] == [str(BENIGN - 1), str(BENIGN - 2)]
    for one in found.most[static]:
        without, guided = held[one.baseline], held[one.candidate]
        assert (without["cell"], without["prompt"], without["seed"]) == ("none", guided["prompt"], guided["seed"])
        pixels = [unpack_picture(side["picture"]).astype(int) for side in (without, guided)]
        assert one.distance == pytest.approx(np.abs(pixels[0] - pixels[1]).mean())
    assert found.most[dynamic] == [] and found.measure.startswith("the mean difference of their colours")
    assert run_files(lake, RUN).complete


def test_lpips_decides_where_it_is_given(tmp_path: Path) -> None:
    lake = write_lake(tmp_path, change=shifted)

    def look(left: list[np.ndarray], right: list[np.ndarray]) -> list[float]:
        """The less they differ, the farther."""
        return [1 / (1 + float(np.abs(a.astype(int) - b).mean())) for a, b in zip(left, right, strict=True)]

    found = breakage(lake, gather(lake, RUN, draws=100), most=1, look=look)
    held = {row["trial_id"]: row for row in rows()}
    [one] = found.most["static_negative", "static_negative γ=7.5"]
    assert held[one.candidate]["prompt_id"] == "0" and one.distance == 1 and found.measure == "LPIPS"
