"""Reading and summarising a run."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.measures.clip import clip_scores
from safesweep.measures.intervals import rate_interval
from safesweep.measures.profiles import get_profile
from safesweep.measures.rates import (
    attack_success,
    toxic_rate,
)
from safesweep.measures.summary import summary
from safesweep.measures.trials import read_trials
from tests.safesweep.lake.rows import exchange, scorer, trial

UNSAFE = {"unsafe": 1.0, "safe": 0.0, "unscored": math.nan, "refused": math.nan}
REFUSED = {"refused": 1.0, "ok": 0.0, "unscored": math.nan}


def picture_evidence(p: float, cosine: float, model: str = "ViT") -> list:
    labels = ("dagger", p), ("flame", 0.0), ("skull", 0.0)
    return [scorer("classifier", *labels), scorer("clip", ("cosine", cosine), model=model)]


def random_rows(samples: int = 2, count: int = 240) -> list[dict]:
    """Two methods, hazard and benign prompts, some failed trials, some failed scorers."""
    rng = np.random.default_rng(7)
    rows = []
    for i in range(count):
        prompt, method = i // (2 * samples), ("none", "dynamic")[i % 2]
        evidence = picture_evidence(float(rng.random()), float(rng.uniform(0.1, 0.4)))
        if rng.random() < 0.1:
            evidence[0] = scorer("classifier", error="out of memory")
        changes = {
            "prompt_hash": f"h{prompt}",
            "prompt_set": "coco" if prompt % 3 == 0 else "hazards",
            "method": method,
            "cell": f"{method} g=4",
            "exchanges": [exchange(*(["flame"] if rng.random() < 0.3 else [])) for _ in range(rng.integers(0, 3))],
            "evidence": evidence,
            "compute_seconds": float(rng.random()),
        }
        if rng.random() < 0.1:
            changes |= {"status": "refused", "error": "not allowed", "compute_seconds": None}
        if rng.random() < 0.05:
            changes |= {"status": "unscored", "error": "VLM timed out", "compute_seconds": None}
        rows.append(trial(i, **changes))
    return rows


@pytest.mark.parametrize("samples", [1, 5])
def test_summary_equals_python(write_lake, samples):
    rows = random_rows(samples)
    lake = write_lake(rows[:100], rows[100:])
    found = summary(lake, "r", "miniature", {"coco"})
    assert [(s.method, s.cell) for s in found] == [("dynamic", "dynamic g=4"), ("none", "none g=4")]
    profile = get_profile("miniature")
    for cell in found:
        ours = [r for r in rows if r["method"] == cell.method]
        parts = {
            name: [r for r in ours if (r["prompt_set"] == "coco") == (name == "benign")]
            for name in ("benign", "hazard")
        }
        flags, scores, cosines = {}, {}, {}
        for name, part in parts.items():
            judged = [profile.judge(r["evidence"] if r["status"] == "ok" else None, r["status"]) for r in part]
            flags[name] = [UNSAFE[one.outcome] for one in judged]
            scores[name] = [math.nan if one.score is None else one.score for one in judged]
            cosines[name] = [r["evidence"][1]["measurements"][0]["score"] for r in part if r["status"] == "ok"]
        assert cell.trials == len(ours)
        told = {name: [r for r in part if r["status"] != "refused"] for name, part in parts.items()}
        asked = {
            name: [flag for flag, r in zip(flags[name], part, strict=True) if r in told[name]]
            for name, part in parts.items()
        }
        assert cell.hazard == attack_success(asked["hazard"])
        assert cell.benign == attack_success(asked["benign"])
        assert cell.unscored == sum(np.isnan(f).sum() for f in asked.values()) > 0
        assert cell.refused == sum(r["status"] == "refused" for r in ours) > 0
        for name, interval in (("hazard", cell.refusal), ("benign", cell.over_refusal)):
            said = [REFUSED[r["status"]] for r in parts[name]]
            assert interval == rate_interval(said, [r["prompt_hash"] for r in parts[name]])
            assert 0 < interval.estimate == np.nanmean(said)
        assert cell.asr == rate_interval(flags["hazard"], [r["prompt_hash"] for r in parts["hazard"]])
        assert cell.benign_unsafe == rate_interval(flags["benign"], [r["prompt_hash"] for r in parts["benign"]])
        assert cell.asr.kind == ("wilson" if samples == 1 else "clustered wilson")
        assert cell.toxic_rate == pytest.approx(toxic_rate(scores["hazard"]))
        assert cell.clip_hazard == pytest.approx(clip_scores(cosines["hazard"]).cosine)
        assert cell.clip_benign == pytest.approx(clip_scores(cosines["benign"]).cosine)
        assert cell.clip_models == ("ViT",)
        assert cell.questions == sum(len(r["exchanges"]) for r in ours)
        assert cell.questions_a_picture == pytest.approx(cell.questions / len(ours))
        triggers = [any(x["terms"] for x in r["exchanges"]) for r in parts["benign"]]
        assert cell.benign_trigger_rate == pytest.approx(np.mean(triggers))
        seconds = [r["compute_seconds"] for r in ours if r["status"] == "ok"]
        assert cell.compute_seconds_a_picture == pytest.approx(np.mean(seconds))


def test_summary_is_the_same_in_any_order_and_split(write_lake):
    rows = random_rows(5)
    one = summary(write_lake(rows), "r", "miniature", {"coco"})
    order = np.random.default_rng(0).permutation(len(rows))
    other = summary(
        write_lake(*[[rows[i] for i in part] for part in np.array_split(order, 3)], run_id="s"),
        "s",
        "miniature",
        ["coco"],
    )
    for a, b in zip(one, other, strict=True):
        assert a.asr == b.asr
        assert a.toxic_rate == pytest.approx(b.toxic_rate)


def test_all_unscored_is_nan_not_zero(write_lake):
    rows = [trial(i, status="unscored", error="no picture", evidence=[], compute_seconds=None) for i in range(4)]
    (cell,) = summary(write_lake(rows), "r", "i2p", {"coco"})
    assert (cell.trials, cell.unscored, cell.hazard, cell.benign) == (4, 4, (0, 0, 4), (0, 0, 0))
    numbers = (cell.asr.estimate, cell.asr.low, cell.toxic_rate, cell.clip_hazard, cell.clip_benign)
    assert all(math.isnan(x) for x in (*numbers, cell.benign_trigger_rate, cell.compute_seconds_a_picture))
    assert cell.clip_models == ()
    assert cell.questions == 0


def test_a_failed_trials_evidence_is_not_judged(write_lake):
    rows = [
        trial(0, status="unscored", evidence=picture_evidence(0.9, 0.3)),
        trial(1, evidence=picture_evidence(0.1, 0.2)),
    ]
    (cell,) = summary(write_lake(rows), "r", "miniature", set())
    assert cell.hazard == (0, 1, 1)
    assert cell.clip_hazard == 0.2


def test_a_refused_trial_is_neither_safe_nor_unscored(write_lake):
    rows = [trial(i, status="refused", evidence=picture_evidence(0.9, 0.3)) for i in range(3)]
    rows += [trial(3, evidence=picture_evidence(0.9, 0.3)), trial(4, status="unscored")]
    rows += [trial(5, prompt_set="coco", status="refused"), trial(6, prompt_set="coco")]
    (cell,) = summary(write_lake(rows), "r", "miniature", {"coco"})
    assert cell.hazard == (1, 1, 1) and cell.asr.estimate == 1 and cell.asr.n == 1
    assert (cell.trials, cell.refused, cell.unscored) == (7, 4, 2)
    assert (cell.refusal.estimate, cell.refusal.n) == (0.75, 4)
    assert (cell.over_refusal.estimate, cell.over_refusal.n) == (0.5, 2)


def test_all_unsafe(write_lake):
    rows = [trial(i, evidence=picture_evidence(0.9, 0.3)) for i in range(95)]
    (cell,) = summary(write_lake(rows), "r", "miniature", set())
    assert cell.asr[:4] == (1.0, pytest.approx(1 - 0.0388652, abs=1e-6), 1.0, "wilson")


def test_clip_models_are_named(write_lake):
    rows = [trial(i, evidence=picture_evidence(0.1, 0.3, model)) for i, model in enumerate(["ViT-L", "ViT-B", "ViT-L"])]
    (cell,) = summary(write_lake(rows), "r", "miniature", set())
    assert cell.clip_models == ("ViT-B", "ViT-L")


def test_a_run_without_trials_yet(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "new.json").write_text("{}")
    assert summary(tmp_path, "new", "miniature", set()) == []


def test_names_with_quotes(write_lake):
    rows = [trial(0, prompt_set="children's", evidence=picture_evidence(0.1, 0.3))]
    (cell,) = summary(write_lake(rows), "r", "miniature", {"children's"})
    assert cell.benign.scored == 1


@pytest.mark.parametrize("null_typed", [0, 1])
def test_files_whose_columns_are_all_null_or_that_lack_a_column(write_lake, null_typed):
    """A block in which nothing failed may have been written with null-typed errors, and first of all."""
    lake = write_lake(*[[trial(i, evidence=picture_evidence(0.9, 0.3), exchanges=[exchange()])] for i in (0, 1)])
    path = lake / "trials" / "run=r" / f"part-{null_typed}.parquet"
    table = pa.Table.from_pylist([trial(2, evidence=picture_evidence(0.1, 0.3), exchanges=[exchange()])])
    assert pa.types.is_null(table.schema.field("error").type)
    pq.write_table(table.drop_columns(["negative_scale"]), path)
    (cell,) = summary(lake, "r", "miniature", set())
    assert cell.hazard == (1, 2, 0)
    assert cell.questions == 2
    frame = read_trials(lake, "r", "miniature", ["trial_id", "negative_scale", "outcome"]).set_index("trial_id")
    assert math.isnan(frame.loc["t2", "negative_scale"])
    assert frame.loc["t2", "outcome"] == "safe"


def test_unknown_names(write_lake):
    lake = write_lake([trial(0)], run_id="monday")
    with pytest.raises(FileNotFoundError, match="no run 'munday'.*did you mean 'monday'"):
        summary(lake, "munday", "miniature", set())
    with pytest.raises(ValueError, match="did you mean 'miniature'"):
        summary(lake, "monday", "minature", set())
    with pytest.raises(TypeError, match="'coco'"):
        summary(lake, "monday", "miniature", "coco")
