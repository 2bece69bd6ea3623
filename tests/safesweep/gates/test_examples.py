"""What is learned from: the VLM's own answers to the vocabulary's question, each preview once, in an order of their own."""

import json

import numpy as np
import pyarrow as pa
import pytest

from safesweep.errors import InputError
from safesweep.gates.examples import NOT_THE_VLM, OTHER_QUESTION, TWICE, read_examples
from safesweep.lake.schema import SCHEMA
from tests.safesweep.gates.lakes import VLM, VOCABULARY, drawing, exchange, rows, write_run

BEFORE = {
    "answered_by",
    "audited",
    "gate_terms",
    "gate_confidence",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
}


def read(lake, *runs, most=1000):
    return read_examples(lake, runs or ["r"], VOCABULARY, 32, most)


def test_each_preview_has_the_terms_that_the_vlm_named(tmp_path):
    found = read(write_run(tmp_path, rows(6)))
    assert found.pixels.shape == (24, 32, 32, 3) and found.vlm == VLM and not found.left_out
    wanted = {number: exchange["terms"] for number, row in enumerate(rows(6)) for exchange in row["exchanges"]}
    for pixels, named, step, prompt in zip(found.pixels, found.named, found.steps, found.prompts, strict=True):
        number = int(prompt.split()[1])
        assert [term for term, there in zip(VOCABULARY.all_terms(), named, strict=True) if there] == wanted[number]
        drawn = [drawing(tuple(wanted[number]), 4 * number + place) for place in range(4) if 3 + place % 2 == step]
        assert min(np.abs(pixels.astype(int) - one).mean() for one in drawn) < 25


def test_the_order_of_files_and_rows_changes_nothing_and_of_many_some_are_drawn(tmp_path):
    there = write_run(tmp_path / "a", rows(4), rows(4, first=4))
    back = write_run(tmp_path / "b", rows(4, first=4)[::-1], rows(4)[::-1])
    one, other = read(there), read(back)
    assert (one.pixels == other.pixels).all() and (one.prompts == other.prompts).all()
    few = read(there, most=10)
    assert (
        len(few.steps) == 10
        and (few.pixels == one.pixels[:10]).all()
        and (read(back, most=10).pixels == few.pixels).all()
    )


def test_what_the_vlm_did_not_say_of_this_question_is_left_out(tmp_path):
    odd = [
        exchange((), 90, answered_by="gate", gate_terms=[], gate_confidence=0.99),
        exchange((), 91, answered_by="reuse"),
        exchange((), 92, question="what else?"),
        exchange((), 93),
        exchange((), 93),
    ]
    trial = {**rows(1)[0], "exchanges": odd}
    repeat = {**rows(1)[0], "trial_id": "again", "repeat_of": "t0"}
    found = read(write_run(tmp_path, [trial, repeat]))
    assert len(found.steps) == 1 and found.left_out == {NOT_THE_VLM: 2, OTHER_QUESTION: 1, TWICE: 1}


def test_a_lake_of_before_is_read_and_an_answer_taken_again_known_by_its_time(tmp_path):
    old = pa.struct([field for field in SCHEMA.field("exchanges").type.value_type if field.name not in BEFORE])
    place = SCHEMA.get_field_index("exchanges")
    schema = SCHEMA.set(place, pa.field("exchanges", pa.list_(old))).remove(SCHEMA.get_field_index("repeat_of"))
    trial = {**rows(1)[0], "exchanges": [exchange((), 90), exchange((), 91, seconds=0.0)]}
    found = read(write_run(tmp_path, [trial], schema=schema))
    assert len(found.steps) == 1 and found.left_out == {NOT_THE_VLM: 1}


def test_runs_that_say_nothing_or_are_of_two_vlms_are_refused(tmp_path):
    other = [{**row, "models": json.dumps({"vlm": "b@2"})} for row in rows(1, first=9)]
    write_run(tmp_path, rows(1))
    write_run(tmp_path, other, run_id="s")
    write_run(tmp_path, [{**rows(1)[0], "exchanges": []}], run_id="silent")
    with pytest.raises(InputError, match="2 VLMs answered: a VLM@1 in run r; b@2 in run s; a gate is learned from one"):
        read(tmp_path, "r", "s")
    with pytest.raises(InputError, match="runs: silent: no exchange answers .*the runs asked nothing"):
        read(tmp_path, "silent")
    with pytest.raises(InputError, match="no run 'absent'"):
        read(tmp_path, "absent")
