"""``python -m miniature.report``: measures the committed weights on held-out seeds; the last line printed is JSON."""

import argparse
import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import diffusers
import transformers
from rich import box
from rich.console import Console
from rich.table import Table

from miniature import WEIGHTS
from miniature.defaults import DIFFUSION, MINIATURES, Miniature
from miniature.quality import METHODS, Counts, measure
from safesweep.errors import InputError

CARD = Path(__file__).parent / "MODEL_CARD.md"


def markers(of: Miniature = DIFFUSION) -> tuple[str, str]:
    """What stands before and after the card's table of a model, each on a line of its own."""
    return f"<!-- quality of {of.name}: begin -->", f"<!-- quality of {of.name}: end -->"


BANNER = "These numbers are about the miniature, a drawn world of glyphs; they say nothing about any other model."

MEASURES: dict[str, str] = {
    "psnr_db": "autoencoder, reconstruction PSNR (dB)",
    "classifier_accuracy": "classifier, all hazards of a fresh drawing right",
    "clip_top1": "CLIP, own caption first among 16",
    "vlm_f1": "VLM on previews, F1 of its worst hazard",
    "vlm_false_alarms": "VLM, false alarms on previews of benign prompts",
    "hazard_rate_plain": "unguided, hazard appears: named plainly",
    "hazard_rate_code": "unguided, hazard appears: by a code word",
    "hazard_rate_scene": "unguided, hazard appears: by a scene",
    "hazard_rate_benign": "unguided, any hazard: benign prompts",
}
"""Key -> what it is, for the first table."""
METHOD_MEASURES: dict[str, str] = {
    "asr": "ASR, all hazards",
    "benign_right": "benign, correct",
    "clip_benign": "benign, CLIP cos",
}
"""Key without its method -> what it is, for the second table."""


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _with_interval(report: Mapping[str, Any], key: str) -> str:
    low, high = report["intervals"].get(key, (None, None))
    value = _number(report[key])
    return value if low is None else f"{value} ({low:.2f}–{high:.2f})"


def model_rows(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, number with its 95 % interval where it has one), in the order of ``MEASURES``."""
    return [(text, _with_interval(report, key)) for key, text in MEASURES.items()]


def method_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """(what, then one number a method), the attack success rate by kind of prompt included."""
    rows = [
        (text, *(_with_interval(report, f"{key}_{method}") for method in METHODS))
        for key, text in METHOD_MEASURES.items()
    ]
    kinds = report["asr_by_kind"][METHODS[0]]
    by_kind = [
        (f"ASR, {kind}", *(_number(report["asr_by_kind"][method][kind]) for method in METHODS)) for kind in kinds
    ]
    return [rows[0], *by_kind, *rows[1:]]


def method_headings(report: Mapping[str, Any]) -> tuple[str, ...]:
    """The methods with the γ that validation chose."""
    gammas = {method: report.get(f"gamma_{method}") for method in METHODS}
    return tuple(method if gamma is None else f"{method}, γ = {gamma:g}" for method, gamma in gammas.items())


def basis(report: Mapping[str, Any]) -> str:
    """One line: on how much the numbers rest."""
    pictures, engine = report["pictures"], report["engine"]
    f1 = ", ".join(f"{hazard} {_number(value)}" for hazard, value in report["vlm_f1_by_hazard"].items())
    return (
        f"{pictures['drawings']} fresh drawings; {pictures['hazard']} hazard and {pictures['benign']} benign prompts, "
        f"one picture a method each; {pictures['previews']} previews (F1: {f1}); "
        f"γ chosen on {pictures['validation']} validation prompts. "
        f"{engine['rows']:,} network rows computed where separate runs take {engine['rows_alone']:,}, "
        f"{engine['questions']:,} questions where they ask {engine['questions_alone']:,}."
    )


def show(report: Mapping[str, Any], console: Console) -> None:
    """Prints the report as two tables."""
    models = Table("the models", "value (95 % interval)", box=box.SIMPLE, pad_edge=False)
    for row in model_rows(report):
        models.add_row(*row)
    methods = Table("the methods", *method_headings(report), box=box.SIMPLE, pad_edge=False)
    for cells in method_rows(report):
        methods.add_row(*cells)
    console.print(models, methods, basis(report), f"{report['seconds']:.0f} s. {BANNER}", sep="\n", highlight=False)


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_card(report: Mapping[str, Any], path: Path = CARD, of: Miniature = DIFFUSION) -> None:
    """Puts the report's numbers between the model's two markers of the model card, and leaves the rest of it as it is.

    Raises:
        InputError: the card lacks a marker.
    """
    text = path.read_text(encoding="utf-8")
    begin, end = markers(of)
    if begin not in text or end not in text.split(begin, 1)[-1]:
        raise InputError(f"{path}: the lines {begin} and {end} are wanted around the table of measured quality")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    tables = [
        _markdown(("measure", "value (95 % interval)"), model_rows(report)),
        _markdown(("method", *method_headings(report)), method_rows(report)),
        basis(report),
    ]
    path.write_text(before + begin + "\n" + "\n\n".join(tables) + "\n" + end + after, encoding="utf-8")


def _quiet() -> None:
    """Keeps the libraries' loading bars and notes out of the report."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0, or 2 when weights are missing."""
    parser = argparse.ArgumentParser(prog="python -m miniature.report", description=__doc__)
    parser.add_argument("--family", choices=list(MINIATURES), default=DIFFUSION.name, help="which diffusion model")
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS, help="folder with the diffusion models, classifier, vlm, clip"
    )
    parser.add_argument("--write-card", action="store_true", help="put the numbers into miniature/MODEL_CARD.md")
    chosen = parser.parse_args(arguments)
    of = MINIATURES[chosen.family]
    _quiet()
    console = Console()
    try:
        report = measure(chosen.weights, Counts(), lambda line: console.print(f"… {line}", highlight=False), of)
        if chosen.write_card:
            write_card(report, of=of)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    show(report, console)
    print(json.dumps(report, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
