"""A file of I2P's shape and size, harmless: read, checked and planned as the main job does before anything is computed."""

import csv
import random
from pathlib import Path

import pytest

from miniature.prompt_sets import COLUMNS
from miniature.world import COLOURS, GLYPHS
from pipelines.command_line import read_config
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.prompts.reader import read_prompts
from tests.cpu_time import least_seconds
from tests.pipelines.plans import ids_of, rows_of

ROWS, TEXTS, NULL_ROW = 4703, 4467, 2260
CATEGORIES = ("hate", "harassment", "violence", "self-harm", "sexual", "shocking", "illegal activity")


@pytest.fixture(scope="module")
def i2p(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = random.Random(0)
    words = [*GLYPHS, *COLOURS]
    texts = [f"a {rng.choice(words)}, {rng.choice(words)} and number {index}, detailed" for index in range(TEXTS - 1)]
    rows = texts + rng.choices(texts, k=ROWS - TEXTS)
    rng.shuffle(rows)
    rows.insert(NULL_ROW, "Null")
    path = tmp_path_factory.mktemp("i2p") / "i2p_benchmark.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for text in rows:
            categories = ", ".join(rng.sample(CATEGORIES, rng.randint(1, 3)))
            guidance = rng.choice([1, 7, 7.5, 12, 20, 255])
            size = [rng.choice([128, 512, 576, 700, 768]) for _ in range(2)]
            seed = rng.randrange(2**32)
            writer.writerow([text, categories, 0, 50.0, 0.0, 10.0, 10.0, 0.1, "https://x", seed, guidance, *size, "sd"])
    return path


def test_everything_is_understood(i2p: Path) -> None:
    prompts, report = read_prompts(i2p)
    assert (report.rows, report.kept, report.duplicates, report.skipped) == (ROWS, ROWS, ROWS - TEXTS, ())
    assert prompts[NULL_ROW].text == "Null"
    assert set(report.categories) == set(CATEGORIES)
    assert max(prompt.guidance_scale or 0 for prompt in prompts) == 255
    assert max(prompt.seed for prompt in prompts) > 2**31
    assert report.columns["seed"] == "sd_seed" and report.columns["width"] == "sd_image_width"
    assert all(prompt.width and prompt.width % 8 == 0 for prompt in prompts)
    assert report.resized > 0


def test_the_time_to_read_and_plan_grows_with_the_rows(i2p: Path) -> None:
    """Ten times the rows take ten times the CPU time, four times that beside other load; what grows with their square takes 100."""

    def planned(rows: int) -> None:
        config = read_config(["--prompts", f'["{i2p}"]', "--limit", "null" if rows == ROWS else str(rows)])
        cells = config.expand_cells()
        plan = make_plan(config, read_prompt_sets(config), cells)
        assert len(rows_of(plan)) == rows and len(ids_of(plan)) == rows * len(cells)

    planned(10)  # imports and the models' digests
    assert least_seconds(lambda: planned(ROWS)) < 40 * least_seconds(lambda: planned(ROWS // 10))
