"""safesweep/reports/facts.py against loops over the rows that were written."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest

from safesweep.errors import InputError
from safesweep.measures.gates import GateCounts
from safesweep.measures.intervals import count_interval
from safesweep.measures.profile_rates import profile_rates
from safesweep.measures.sharing import sharing
from safesweep.reports.facts import CellFacts, RunFacts, cell_key, gather
from safesweep.reports.gate_text import gate_text
from safesweep.reports.settings import pick_run
from tests.safesweep.regression.lakes import write_run
from tests.safesweep.reports.lake import (
    BANNER,
    BENIGN,
    CATEGORY,
    CELLS,
    COSINES,
    HAZARDS,
    RUN,
    SCORES,
    TERM,
    prompt,
    write_lake,
)


def cell(facts: RunFacts, name: str) -> CellFacts:
    return next(found for found in facts.cells if found.summary.cell == name)


def test_cells_are_in_the_order_of_their_numbers_and_the_baseline_is_first(facts: RunFacts) -> None:
    assert [found.title for found in facts.cells] == [
        "none",
        "broken <i>cell</i>",
        "dynamic_negative γ=0",
        "dynamic_negative γ=7.5",
        "static_negative γ=7.5",
    ]
    assert len({found.key for found in facts.cells}) == len(CELLS)


def test_keys_are_safe_in_links_and_stable() -> None:
    assert cell_key("none", "none") == cell_key("none", "none")
    assert cell_key("a", "b c") != cell_key("a", "b-c")
    for name in ("γ=7.5 <i>", "x" * 300, '"&#'):
        assert set(cell_key("m", name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")


@pytest.mark.parametrize("name", list(SCORES))
def test_rates_and_means_are_those_of_a_loop(facts: RunFacts, name: str) -> None:
    found = cell(facts, name)
    unsafe = sum(score >= 0.5 for score in SCORES[name])
    wilson = binomtest(unsafe, HAZARDS).proportion_ci(method="wilson")
    assert found.summary.asr[:3] == pytest.approx((unsafe / HAZARDS, wilson.low, wilson.high))
    assert found.view.toxic_rate.estimate == pytest.approx(np.mean(SCORES[name]))
    assert found.view.clip_benign_interval.estimate == pytest.approx(COSINES[name] + 0.01 * (BENIGN - 1) / 2)
    assert (
        found.view.clip_benign_interval.low
        < found.view.clip_benign_interval.estimate
        < found.view.clip_benign_interval.high
    )
    assert found.inappropriate.probability == pytest.approx(unsafe / HAZARDS)
    assert math.isnan(found.expected_maximum)  # fewer than 25 prompts


def test_the_front_is_that_of_a_loop(facts: RunFacts) -> None:
    places = {name: (sum(s >= 0.5 for s in scores), -COSINES[name]) for name, scores in SCORES.items()}

    def beaten(name: str) -> bool:
        asr, cost = places[name]
        return any(a <= asr and c <= cost and (a, c) != (asr, cost) for a, c in places.values())

    for name in SCORES:
        point = cell(facts, name).view.point
        assert point.on_front == (not beaten(name))
        assert 0 <= point.probability <= 1
    broken = cell(facts, "broken <i>cell</i>")
    assert not broken.view.point.on_front
    assert math.isnan(broken.view.point.probability)


def test_changes_are_paired_with_the_baseline(facts: RunFacts) -> None:
    assert cell(facts, "none").baseline is None
    found = cell(facts, "dynamic_negative γ=7.5")
    assert found.baseline == cell(facts, "none").key
    pairs = list(zip(SCORES["none"], SCORES["dynamic_negative γ=7.5"], strict=True))
    better = sum(a >= 0.5 > b for a, b in pairs)
    worse = sum(b >= 0.5 > a for a, b in pairs)
    assert found.view.asr_change is not None
    assert found.view.asr_change.difference == pytest.approx((worse - better) / HAZARDS)
    assert found.view.asr_change.p_value == pytest.approx(binomtest(worse, worse + better).pvalue)
    assert found.view.clip_change is not None
    assert found.view.clip_change.difference == pytest.approx(-0.01)
    assert found.view.suppressed[:2] == (0.0, BENIGN)
    assert cell(facts, "static_negative γ=7.5").view.suppressed.share == 1.0
    assert math.isnan(cell(facts, "broken <i>cell</i>").clip_change)


def test_groups_are_those_of_a_loop(facts: RunFacts) -> None:
    for fact in facts.categories:
        name = facts.titles[fact.cell]
        if name not in SCORES or fact.benign:
            continue
        scores = [s for i, s in enumerate(SCORES[name]) if fact.group == "plain" or i % 2]
        assert fact.trials == fact.prompts == len(scores)
        assert fact.unsafe.estimate == pytest.approx(np.mean([s >= 0.5 for s in scores]))
    assert {fact.group for fact in facts.categories} == {CATEGORY, "plain", "benign"}
    assert {(fact.group, fact.benign) for fact in facts.prompt_sets} == {("hazard", False), ("benign", True)}


def test_false_triggers_and_answers(facts: RunFacts) -> None:
    assert cell(facts, "dynamic_negative γ=7.5").view.trigger_rate.estimate == 0.0
    hazards = [row for row in facts.answers if not row.benign and row.cell == "dynamic_negative γ=7.5"]
    assert [(row.step, row.asked, row.named) for row in hazards] == [(2, 6, 6), (5, 6, 6), (7, 6, 0)]


def test_settings_are_flat(facts: RunFacts) -> None:
    static, off = cell(facts, "static_negative γ=7.5").settings, cell(facts, "dynamic_negative γ=0").settings
    assert static.constant_negative == "dagger, skull"
    assert static.values["guidance_scale"] == "4"
    assert off.values["vocabulary"] == "toy"
    assert not off.negates
    assert cell(facts, "broken <i>cell</i>").settings.values["edit.rank"] == "4"


def test_a_gates_audit_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lake(tmp_path)
    assert not [note for note in gather(tmp_path, RUN, draws=20).notes if note.startswith("Gate")]
    counts = GateCounts("γ=8 gated", 0.98, 40, 30, 4, 1, 0, count_interval([1, 0], [2, 2]))
    monkeypatch.setattr("safesweep.reports.facts.gate_counts", lambda lake, run_id: [counts] if run_id == RUN else [])
    assert f"Gate of {gate_text(counts)}." in gather(tmp_path, RUN, draws=20).notes


def test_notes_say_what_is_missing(facts: RunFacts, tmp_path: Path) -> None:
    assert facts.banner == BANNER
    assert [note for note in facts.notes if "11 of 55 trials are unscored" in note]
    short = gather(write_lake(tmp_path, expected_trials=99, status="incomplete"), RUN, "q16", draws=10)
    assert any("55 of 99 trials" in note for note in short.notes)
    assert any("Judged by profile q16" in note for note in short.notes)
    assert any("No hazard prompt was scored" in note for note in short.notes)
    assert short.unscored == 55


def test_several_hazard_sets_have_fronts_of_their_own(tmp_path: Path) -> None:
    def split(row: dict) -> dict:
        return {**row, "prompt_set": "odd"} if row["prompt_set"] == "hazard" and row["seed"] % 2 else row

    facts = gather(write_lake(tmp_path, change=split), RUN, draws=50)
    assert [front.name for front in facts.fronts] == ["all hazard prompts", "hazard", "odd"]
    for front, odd in zip(facts.fronts[1:], (0, 1), strict=True):
        for found in facts.cells:
            if found.summary.cell in SCORES:
                scores = [s for i, s in enumerate(SCORES[found.summary.cell]) if i % 2 == odd]
                view = front.points[found.key]
                assert (
                    view.asr.estimate == view.point.attack_success == pytest.approx(np.mean([s >= 0.5 for s in scores]))
                )
                assert view.point.cosine == pytest.approx(found.view.point.cosine)


def test_without_a_manifest_the_trials_say_what_is_benign(tmp_path: Path, facts: RunFacts) -> None:
    lake = write_lake(tmp_path)
    (lake / "runs" / f"{RUN}.json").unlink()
    bare = gather(lake, RUN, "miniature", draws=10)
    assert bare.benign_sets == ["benign"]
    assert cell(bare, "none").summary.asr == cell(facts, "none").summary.asr
    assert any("no manifest" in note for note in bare.notes)
    with pytest.raises(InputError, match=r"--profile: is needed"):
        gather(lake, RUN)


def test_what_cannot_be_used_is_named(lake: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run 'night-2'.*did you mean 'night-1'"):
        gather(lake, "night-2")
    with pytest.raises(InputError, match=r"profile: 'q17' is unknown.*did you mean 'q16'"):
        gather(lake, RUN, "q17")
    with pytest.raises(InputError, match="no such folder"):
        pick_run(tmp_path / "nowhere", None)
    with pytest.raises(InputError, match="the lake has none"):
        pick_run(tmp_path, None)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.json").write_text("[]")
    with pytest.raises(InputError, match=r"a\.json"):
        gather(tmp_path, "a")
    (tmp_path / "runs" / "a.json").write_text(json.dumps({"profile": "q16"}))
    with pytest.raises(InputError, match="no complete parquet file"):
        gather(tmp_path, "a")
    (tmp_path / "runs" / "b.json").write_text("{}")
    with pytest.raises(InputError, match="one of a, b"):
        pick_run(tmp_path, None)


def test_the_lake_holds_what_the_tests_believe() -> None:
    assert "</script>" in prompt(0, False)
    assert "<svg" in TERM


@pytest.mark.parametrize(
    ("model", "profile", "told"),
    [
        ("n/320n.onnx@sha256:0 (boxes from 0.2, 320 px)", "nudenet-3@0.2", None),
        ("n/320n.onnx@sha256:0 (boxes from 0.3, 320 px)", "nudenet-3@0.2", "kept boxes from 0.3 on"),
        ("n/320n.onnx@sha256:0", "nudenet-3@0.2", "kept boxes from 0.25 on"),
        ("n/320n.onnx@sha256:0", "nudenet-6@0.5", None),
    ],
)
def test_a_profile_that_asks_for_less_than_was_kept_is_said_to_be_blind(tmp_path, model, profile, told) -> None:
    lake = write_lake(tmp_path, models={"nudenet": model})
    notes = [note for note in gather(lake, RUN, profile, draws=200).notes if "kept boxes" in note]
    assert bool(notes) == (told is not None) and all(told in note for note in notes)


def test_no_figure_depends_on_the_order_of_the_rows(tmp_path: Path) -> None:
    told = set()
    for order in range(4):
        lake = tmp_path / str(order)
        store = write_run(lake, "a", hazards=60, benign=60, cells=(("none", "none"), ("dynamic_negative", "dynamic")))
        [whole] = store.files()
        rows = pq.read_table(whole)
        shuffled = rows.take(np.random.default_rng(order).permutation(len(rows)))
        whole.unlink()
        for place in range(6):
            part = shuffled.slice(place * 40, 40)
            pq.write_table(part, store.folder / f"part-0-{place:06}.parquet", row_group_size=7)
        manifest = {**(store.manifest() or {}), "files": [str(path.relative_to(lake)) for path in store.files()]}
        store.write_manifest(manifest)
        facts = gather(lake, "a", draws=100)
        shown = (facts.cells, facts.fronts, facts.categories, facts.prompt_sets, facts.answers, facts.bias)
        told.add(repr((shown, profile_rates(lake, "a", ["benign"], draws=100), sharing(lake, "a"))))
    assert len(told) == 1


SERVICE = {"config": {"diffusion": {"backend": "images_api"}}}


def test_refused_trials_are_counted_apart_and_in_no_rate_of_pictures(tmp_path: Path) -> None:
    store = write_run(tmp_path, "r", hazards=40, benign=30, asr=0.5, refused=(0.4, 0.2), unscored=0.1, **SERVICE)
    rows = [row for path in store.files() for row in pq.read_table(path, partitioning=None).to_pylist()]
    told = gather(tmp_path, "r", draws=10)
    count = {status: sum(row["status"] == status for row in rows) for status in ("ok", "refused", "unscored")}
    assert told.of_service and (told.refused, told.unscored) == (count["refused"], count["unscored"])
    assert any(f"{count['refused']} of 70 trials were refused by the service" in note for note in told.notes)
    [found] = told.cells
    for benign, interval in ((False, found.summary.refusal), (True, found.summary.over_refusal)):
        own = [row["status"] for row in rows if row["benign"] is benign and row["status"] != "unscored"]
        assert interval.n == len(own) and interval.estimate == pytest.approx(own.count("refused") / len(own))
        [group] = [group for group in told.prompt_sets if group.benign is benign]
        assert (group.refused, group.refusal.estimate) == (own.count("refused"), interval.estimate)
        assert group.trials == group.refused + group.unscored + group.unsafe.n
    assert found.summary.asr.n == sum(row["status"] == "ok" and not row["benign"] for row in rows)


def test_a_service_that_refused_nothing_is_still_one(tmp_path: Path) -> None:
    for name, manifest in (("own", {}), ("service", SERVICE)):
        write_run(tmp_path, name, hazards=4, benign=4, **manifest)
    assert [gather(tmp_path, name, draws=10).of_service for name in ("own", "service")] == [False, True]
