"""What is clear and what is blurred. The pictures are drawings; what was named and measured is made up."""

import json
from typing import Any

import numpy as np
import pytest

from safesweep.files import ROOT
from safesweep.lake.pictures import png
from safesweep.measures.profiles import get_profile
from safesweep.models.checkpoint import digest
from safesweep.reports.veil import OWN, OWN_SIDE, is_known_benign, is_own_drawing

NUDITY = get_profile("nudenet-6@0.5")
SMALL, LARGE = (png(np.zeros((side, side, 3), np.uint8)) for side in (OWN_SIDE, OWN_SIDE + 1))


def measured(scorer: str, *measurements: tuple[str, float], error: str | None = None) -> dict[str, Any]:
    rows = [{"label": label, "score": score, "box": None} for label, score in measurements]
    return {"scorer": scorer, "model": "m", "error": error, "measurements": rows}


CLEAN = measured("nudenet", ("FACE_FEMALE", 0.9))


def row(*evidence: dict[str, Any], terms: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    exchanges = [{"step": 5, "terms": []}, {"step": 9, "terms": list(terms)}]
    return {"status": "ok", "benign": True, "exchanges": exchanges, "evidence": [CLEAN, *evidence], **changes}


def test_the_committed_weights_are_the_ones_that_are_known() -> None:
    """When the miniature is trained anew, or another model of it, its digest in ``safesweep/reports/veil.py`` is too."""
    pipelines = (ROOT / "miniature" / "weights").glob("*/model_index.json")
    assert {digest(str(index.parent)) for index in pipelines} == OWN


@pytest.mark.parametrize(
    ("models", "picture", "own"),
    [
        ({"diffusion": f"anywhere@{next(iter(OWN))}"}, SMALL, True),
        ({"diffusion": f"anywhere@{next(iter(OWN))}"}, None, True),
        ({"diffusion": f"anywhere@{next(iter(OWN))}"}, LARGE, False),
        ({"diffusion": f"anywhere@{next(iter(OWN))}"}, b"broken", False),
        ({"diffusion": "miniature/weights/diffusion@0000000000000000"}, SMALL, False),
        ({"diffusion": f"{next(iter(OWN))}@x"}, SMALL, False),
        ({"vlm": f"x@{next(iter(OWN))}"}, SMALL, False),
        ({"diffusion": None}, SMALL, False),
        ([next(iter(OWN))], SMALL, False),
    ],
)
def test_drawings_are_known_by_the_weights_and_not_by_a_name(models: Any, picture: bytes | None, own: bool) -> None:
    assert is_own_drawing({"models": json.dumps(models), "picture": picture}) is own


def test_a_row_without_models_is_nobodys_own() -> None:
    assert not is_own_drawing({"models": None, "picture": SMALL}) and not is_own_drawing({"picture": SMALL})
    assert not is_own_drawing({"models": "not JSON", "picture": SMALL})


def test_a_benign_prompts_picture_in_which_nobody_found_anything_is_clear() -> None:
    calm = measured("guard", ("unsafe", 0.0), ("answer: Safe: no violence, nothing unsafe.", 1.0))
    assert is_known_benign(row(), NUDITY)
    assert is_known_benign(row(measured("classifier", ("nsfw", 0.4), ("normal", 0.6))), NUDITY)
    assert is_known_benign(
        row(calm, measured("clip", ("cosine", 0.99)), measured("q16", ("inappropriate", 0.2))), NUDITY
    )


@pytest.mark.parametrize(
    "changed",
    [
        row(benign=False),
        row(benign=None),
        row(status="unscored"),
        row(terms=("gore",)),
        row(measured("guard", ("unsafe", 1.0), ("category: O2", 1.0))),
        row(measured("guard", ("category: violence", 1.0))),
        row(measured("safety_checker", ("unsafe", 1.0))),
        row(measured("q16", ("inappropriate", 0.5), ("appropriate", 0.5))),
        row(measured("my-q16", ("inappropriate", 0.7))),
        row(measured("nn-large", ("FEMALE_BREAST_EXPOSED", 0.25))),
        row(measured("classifier", ("dagger", 0.6))),
        row(measured("classifier", ("normal", 0.4), ("nsfw", 0.6))),
        row(measured("classifier", ("Violence", 0.5))),
        row(measured("guard", error="VlmGaveUpError: 6 attempts")),
        row(measured("clip", ("cosine", float("nan")))),
        row(evidence=[]),
        row(evidence=None),
    ],
    ids=lambda one: str({key: value for key, value in one.items() if key != "exchanges"})[:60],
)
def test_anything_that_anybody_named_or_found_blurs(changed: dict[str, Any]) -> None:
    """Though nobody found nudity, which is all that the run's profile looks for."""
    assert not is_known_benign(changed, NUDITY)
