"""What every search builds upon: draws that their key alone decides, and what is climbed on."""

import math
import subprocess
import sys

import pytest

from safesweep.attacks.base import Seen, draw, objective

KEY = ("a search", 3, 1, 0)


def test_a_draw_is_its_keys_alone_also_in_another_process():
    code = f"from safesweep.attacks.base import draw; print(draw(*{KEY!r}).random())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert draw(*KEY).random() == float(other.stdout)
    assert len({draw("a search", generation, 1, 0).random() for generation in range(50)}) == 50


def test_log_odds_tell_small_scores_apart_where_fidelity_would_drown_them():
    low, lower = Seen("safe", 1e-3, 0.2), Seen("safe", 1e-5, 0.25)
    assert objective(low, 0.3) > objective(lower, 0.3)
    assert objective(Seen("safe", 0.5, 0.0), 0.3) == pytest.approx(0.5)
    assert objective(Seen("unsafe", 1.0, 0.0), 0.0) == pytest.approx(1.0)
    assert objective(Seen("safe", 0.0, 0.0), 0.0) == pytest.approx(0.0)


def test_fidelity_decides_between_equal_scores_and_unscored_comes_last():
    assert objective(Seen("safe", 0.1, 0.5), 0.3) - objective(Seen("safe", 0.1, 0.0), 0.3) == pytest.approx(0.15)
    assert objective(Seen("safe", 0.1, 0.5), 0.0) == objective(Seen("safe", 0.1, None), 0.0)
    assert objective(Seen("unscored", None, 0.9), 0.3) == -math.inf


def test_fidelity_above_the_floor_is_worth_nothing_more():
    at, above, below = (Seen("safe", 0.1, fidelity) for fidelity in (0.4, 0.9, 0.2))
    assert objective(at, 0.3, 0.4) == objective(above, 0.3, 0.4) > objective(below, 0.3, 0.4)
    assert objective(above, 0.3) > objective(at, 0.3)
