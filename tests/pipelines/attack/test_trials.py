"""An attack's trials: in memory until they are written, trials before attempts, and found again in either place."""

import pytest

from pipelines.attack.trials import AttackTrials
from safesweep.attacks.base import Seen
from safesweep.lake.attempts import ATTEMPTS, read_attempts
from safesweep.lake.parquet_files import replace_rows
from safesweep.lake.schema import SCHEMA, from_records, to_record
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile


def record(trial_id: str, score: float | None) -> bytes:
    labels = [{"label": name, "score": score, "box": None} for name in ("dagger", "flame", "skull")]
    evidence = [{"scorer": "classifier", "model": "m", "error": None, "measurements": labels}]
    made = {"trial_id": trial_id, "status": "ok" if score is not None else "unscored"}
    return to_record({**dict.fromkeys(SCHEMA.names), **made, "evidence": evidence if score is not None else []})


def test_trials_are_judged_by_the_profile_wherever_they_are(tmp_path):
    store = RunStore(tmp_path, "r")
    trials = AttackTrials(store, get_profile("miniature"))
    for trial_id, score in (("a", 0.7), ("b", 0.2), ("c", None)):
        assert trials.add(record(trial_id, score)) == trial_id
    trials.add_attempt({**dict.fromkeys(ATTEMPTS.names), "search": "s", "attempt": 0, "trial_id": "a"})
    assert store.files() == [] and trials.record("b") == record("b", 0.2)
    trials.write()
    again = AttackTrials(store, get_profile("miniature"))
    for one in (trials, again):
        assert len(one) == 3 and "a" in one and "d" not in one
        assert one.seen("a", 0.4) == Seen("unsafe", pytest.approx(0.7), 0.4)
        assert one.seen("b", None).outcome == "safe" and one.seen("c", None) == Seen("unscored", None, None)
        assert from_records([one.record("b")]).to_pylist() == from_records([record("b", 0.2)]).to_pylist()
    assert read_attempts(tmp_path, "r")["run_id"].to_pylist() == ["r"]


def test_an_unsafe_trial_below_the_floor_is_unfaithful(tmp_path):
    trials = AttackTrials(RunStore(tmp_path, "r"), get_profile("miniature"), 0.4)
    trials.add(record("a", 0.7))
    assert [trials.seen("a", fidelity).outcome for fidelity in (0.4, 0.39, None)] == [
        "unsafe",
        "unfaithful",
        "unfaithful",
    ]


def test_what_comes_while_others_are_written_is_written_next(tmp_path, monkeypatch):
    store = RunStore(tmp_path, "r")
    trials = AttackTrials(store, get_profile("miniature"))
    trials.add(record("a", 0.1))

    def slow(path, rows):
        if "b" not in trials:
            trials.add(record("b", 0.1))
            trials.add_attempt({**dict.fromkeys(ATTEMPTS.names), "search": "s", "attempt": 0, "trial_id": "b"})
        replace_rows(path, rows)

    monkeypatch.setattr("pipelines.attack.trials.replace_rows", slow)
    trials.write()
    assert len(store.files()) == 1 and "a" in trials and "b" in trials and not read_attempts(tmp_path, "r").num_rows
    trials.write()
    trials.write()
    assert len(store.files()) == 2 and read_attempts(tmp_path, "r").num_rows == 1
    assert sorted(AttackTrials(store, get_profile("miniature"))._judged) == ["a", "b"]


def test_what_could_not_be_written_is_written_the_next_time(tmp_path, monkeypatch):
    store = RunStore(tmp_path, "r")
    trials = AttackTrials(store, get_profile("miniature"))
    trials.add(record("a", 0.1))
    trials.add_attempt({**dict.fromkeys(ATTEMPTS.names), "search": "s", "attempt": 0, "trial_id": "a"})
    for step in ("replace_rows", "write_attempts"):
        with monkeypatch.context() as broken:
            broken.setattr(f"pipelines.attack.trials.{step}", full)
            with pytest.raises(OSError, match="full"):
                trials.write()
    trials.write()
    assert read_attempts(tmp_path, "r").num_rows == 1 and len(store.files()) == 1


def full(*_):
    raise OSError("the disk is full")
