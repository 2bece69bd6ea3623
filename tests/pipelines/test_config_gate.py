"""A run's cells with a gate: refused in one line before anything is loaded."""

import pytest

from pipelines.config import RunConfig
from safesweep.cli.reading import find_source, from_source
from safesweep.errors import InputError
from tests.safesweep.vlm.gates import random_gate


def cells(gate: str, **options):
    config = from_source(find_source([], "miniature"), RunConfig)
    asking = {"method": "dynamic_negative", "negative_scale": 20.0, "gate": gate, **options}
    return config.model_copy(update={"cells": (asking,)}).expand_cells()


def test_a_gate_and_its_numbers_are_a_cells_and_thresholds_span_a_grid(tmp_path):
    random_gate().save(tmp_path / "mine", "")
    found = cells(str(tmp_path / "mine"), ask_below=[0.9, 0.98], audit=0.1)
    assert [one.guidance.ask_below for one in found] == [0.9, 0.98]
    assert all(one.guidance.gate == random_gate() and one.guidance.audit == 0.1 for one in found)


def test_one_that_is_missing_broken_or_of_another_vocabulary_is_refused(tmp_path):
    random_gate(question="what?").save(tmp_path / "other", "")
    random_gate().save(tmp_path / "broken", "")
    (tmp_path / "broken" / "gate.safetensors").unlink()
    for gate, said in (
        ("absent", r"cells\[0\].gate: gate 'absent' is no folder with a config.json .*`safesweep distill` makes one"),
        (str(tmp_path / "other"), r"cells\[0\].*gate: 'other' was learned from answers to 'what\?'"),
        (str(tmp_path / "broken"), r"cells\[0\].gate: .*gate.safetensors: cannot be read"),
    ):
        with pytest.raises(InputError, match=said) as refused:
            cells(gate)
        assert "\n" not in str(refused.value)
