"""safesweep/reports/result_table.py on summaries of every kind."""

import json
import re
from typing import Any

import pytest
from rich.console import Console

from safesweep.measures.intervals import Interval
from safesweep.measures.rates import AttackSuccess
from safesweep.measures.summary import CellSummary
from safesweep.reports.result_table import clip_changes, plain_rows, result_table

NAN = float("nan")
NOTHING = Interval(NAN, NAN, NAN, "none", 0, 0, 0.95)


def summary(method: str = "none", settings: str = "g=4", **changes: Any) -> CellSummary:
    return CellSummary(
        method=method,
        cell=f"{method} {settings}".strip(),
        trials=1200,
        unscored=0,
        hazard=AttackSuccess(590, 600, 0),
        asr=Interval(0.9833, 0.9697, 0.9909, "wilson", 600, 600, 0.95),
        toxic_rate=0.9512,
        benign=AttackSuccess(6, 600, 0),
        benign_unsafe=Interval(0.01, 0.0046, 0.0216, "wilson", 600, 600, 0.95),
        clip_hazard=0.2713,
        clip_benign=0.3,
        clip_models=("ViT-B-32/openai",),
        questions=0,
        questions_a_picture=0.0,
        benign_trigger_rate=0.0,
        compute_seconds_a_picture=1.234,
    )._replace(**changes)


def unscored(method: str = "broken") -> CellSummary:
    """A cell of which nothing was scored."""
    return summary(
        method,
        "",
        unscored=1200,
        asr=NOTHING,
        benign_unsafe=NOTHING,
        toxic_rate=NAN,
        clip_hazard=NAN,
        clip_benign=NAN,
        clip_models=(),
        questions_a_picture=NAN,
        benign_trigger_rate=NAN,
        compute_seconds_a_picture=NAN,
    )


def printed(*cells: CellSummary, width: int = 100, banner: str | None = None) -> str:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(result_table(list(cells), profile="nudenet-6@0.5", banner=banner))
    return capture.get()


def lines_of(output: str, name: str) -> tuple[list[str], list[str]]:
    """The words of a row's two lines."""
    lines = output.splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip().startswith(name))
    return lines[at].split(), lines[at + 1].split()


@pytest.mark.parametrize("width", [100, 110, 200])
def test_the_table_holds_the_numbers(width: int) -> None:
    asked = summary(
        "dynamic_negative",
        "γ=7.5 g=4",
        trials=123456,
        unscored=12,
        clip_benign=0.291,
        questions=360000,
        questions_a_picture=2.916,
        compute_seconds_a_picture=12.34,
    )
    output = printed(summary(), asked, width=width)
    first, second = lines_of(output, "dynamic_negative")
    assert first == ["dynamic_negative", "123,456", "98.3", "1.0", "95.1", "27.1", "29.1", "-3.0", "360,000", "12.3"]
    assert second == ["γ=7.5", "g=4", "12", "97.0–99.1", "0.5–2.2", "2.9"]
    assert "…" not in output
    assert max(map(len, output.splitlines())) <= width


def test_nothing_is_a_dash_and_never_zero() -> None:
    first, second = lines_of(printed(summary(), unscored()), "broken")
    assert first == ["broken", "1,200", *"–" * 6, "0", "–"]
    assert second == ["1,200", "–", "–", "–"]


def test_the_banner_stands_first() -> None:
    banner = "Miniature: these numbers are about the miniature, not about any real model."
    assert printed(summary(), banner=banner).splitlines()[0].strip() == banner
    assert "Miniature" not in printed(summary())


def test_the_caption_names_profile_model_and_interval() -> None:
    output = printed(summary())
    assert "profile nudenet-6@0.5" in output
    assert "CLIP (100·cos): ViT-B-32/openai" in output
    assert "95 % intervals: Wilson's, one picture a prompt." in output
    assert "*" not in output


def test_kinds_of_intervals_are_told_apart() -> None:
    drawn = Interval(0.5, 0.4, 0.6, "bootstrap", 60, 6, 0.95)
    alike = Interval(0.0, 0.0, 0.4, "wilson over clusters", 60, 6, 0.95)
    output = printed(summary(asr=drawn, benign_unsafe=alike), summary("other", asr=alike, benign_unsafe=NOTHING))
    assert "40.0–60.0*" in output
    assert len(re.findall("0.0–40.0†", output)) == 2
    assert "a bootstrap over prompts (*); Wilson's, each prompt counted once (†)" in output


def test_two_clip_models_are_not_compared() -> None:
    cells = [summary(), summary("other", clip_models=("ViT-L-14/openai",))]
    assert lines_of(printed(*cells), "other")[0][7] == "–"
    assert "do not compare across models" in " ".join(printed(*cells).split())
    assert "CLIP (100·cos): not measured" in printed(unscored())


def test_changes_are_against_the_none_cell_of_the_same_settings() -> None:
    cells = [
        summary("none", "g=4", clip_benign=0.3),
        summary("none", "g=7", clip_benign=0.2),
        summary("static_negative", "γ=5 g=4", clip_benign=0.15),
        summary("static_negative", "γ=5 g=7", clip_benign=0.25),
        summary("static_negative", "γ=5 g=9", clip_benign=0.25),
    ]
    changes = clip_changes(cells)
    assert changes[:4] == pytest.approx([0.0, 0.0, -50.0, 25.0])
    assert clip_changes(cells[4:]) == pytest.approx([NAN], nan_ok=True)
    assert changes[4] != changes[4]
    assert clip_changes([cells[0], cells[4]])[1] == pytest.approx(-100 / 6)
    assert clip_changes([summary(clip_benign=0.0), cells[2]])[1] == pytest.approx(NAN, nan_ok=True)


def test_a_change_too_small_to_print_has_no_sign() -> None:
    output = printed(summary(), summary("dynamic_negative", clip_benign=0.3 * 0.9999))
    assert lines_of(output, "dynamic_negative")[0][7] == "0.0"


def test_long_names_fold_and_numbers_stay_whole() -> None:
    settings = "γ=15 g=7.5 warm_up=7 momentum=0.5 threshold=0.025"
    output = printed(summary("safe_region", settings), summary("m" * 60))
    assert "".join(re.findall(r"\bm+", output)).count("m") >= 60
    for word in settings.split():
        assert word in output
    assert "…" not in output


def test_names_are_text_and_not_markup() -> None:
    assert "[red]x[/red]" in printed(summary("[red]x[/red]"), banner="[bold]y")
    assert "[bold]y" in printed(summary(), banner="[bold]y")


def test_an_empty_run_has_a_table() -> None:
    assert "no trials yet" in printed()
    assert plain_rows([], profile="p") == []


def test_plain_rows_are_json_at_full_precision() -> None:
    cells = [summary(), summary("dynamic_negative", "γ=7.5 g=4", clip_benign=0.27, questions=9), unscored()]
    rows = plain_rows(cells, profile="q16", banner="b")
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    _, dynamic, broken = rows
    assert dynamic["asr"] == cells[1].asr.estimate
    assert (dynamic["asr_low"], dynamic["asr_high"]) == (cells[1].asr.low, cells[1].asr.high)
    assert dynamic["clip_benign"] == pytest.approx(27.0)
    assert dynamic["clip_benign_change_percent"] == pytest.approx(-10.0)
    assert (dynamic["questions"], dynamic["profile"], dynamic["banner"]) == (9, "q16", "b")
    assert broken["asr"] is broken["toxic_rate"] is broken["compute_seconds_a_picture"] is None
    assert broken["unscored"] == 1200


def test_a_digest_is_shown_by_its_first_digits_and_different_ones_stay_apart():
    models = [f"local-dir:clip@sha256:{digits}{'0' * 58}" for digits in ("0123ab", "0123ac")]
    output = printed(*(summary(settings=f"g={i}", clip_models=(model,)) for i, model in enumerate(models)))
    shown = "local-dir:clip@sha256:0123ab000000, local-dir:clip@sha256:0123ac000000 (their scales differ"
    assert shown in " ".join(output.split())
