"""safesweep/reports/result_table.py on summaries of every kind."""

import re

import pytest
from rich.console import Console

from safesweep.measures.intervals import Interval
from safesweep.measures.summary import CellSummary
from safesweep.reports.result_table import result_table
from tests.safesweep.reports.summaries import summary

NAN = float("nan")
NOTHING = Interval(NAN, NAN, NAN, "none", 0, 0, 0.95)


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
    drawn = Interval(0.5, 0.4, 0.6, "clustered wilson", 60, 6, 0.95)
    alike = Interval(0.0, 0.0, 0.4, "wilson", 60, 6, 0.95)
    output = printed(summary(asr=drawn, benign_unsafe=alike), summary("other", asr=alike, benign_unsafe=NOTHING))
    assert "40.0–60.0†" in output
    assert len(re.findall(r"0.0–40.0\*", output)) == 2
    told = "Wilson's, one picture a prompt (*); Wilson's, for the correlation that pictures of one prompt show (†)"
    assert told in " ".join(output.split())


def test_two_clip_models_are_not_compared() -> None:
    cells = [summary(), summary("other", clip_models=("ViT-L-14/openai",))]
    assert lines_of(printed(*cells), "other")[0][7] == "–"
    assert "do not compare across models" in " ".join(printed(*cells).split())
    assert "CLIP (100·cos): not measured" in printed(unscored())


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


def test_a_digest_is_shown_by_its_first_digits_and_different_ones_stay_apart():
    models = [f"local-dir:clip@sha256:{digits}{'0' * 58}" for digits in ("0123ab", "0123ac")]
    output = printed(*(summary(settings=f"g={i}", clip_models=(model,)) for i, model in enumerate(models)))
    shown = "local-dir:clip@sha256:0123ab000000, local-dir:clip@sha256:0123ac000000 (their scales differ"
    assert shown in " ".join(output.split())


def test_refusal_rates_stand_in_the_place_of_costs_where_a_service_refused() -> None:
    refusal, over = (Interval(rate, rate / 2, rate * 1.5, "wilson", 600, 600, 0.95) for rate in (0.4, 0.05))
    output = printed(summary(refused=270, refusal=refusal, over_refusal=over), summary("rewrite", "g=4"))
    first, second = lines_of(output, "none")
    assert first[-2:] == ["40.0", "5.0"] and "20.0" in second[-2] and second[-1].endswith("7.5")
    assert lines_of(output, "rewrite")[0][-2:] == ["0.0", "0.0"]
    assert "VLM asked" not in output and "A refused trial is" in output and max(map(len, output.splitlines())) <= 100
    assert "efused" not in printed(summary())
