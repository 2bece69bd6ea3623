"""Scorers that come to a run that is in the lake."""

import json
from contextlib import contextmanager, nullcontext

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from miniature.drawing import draw
from miniature.world import Item, Scene
from pipelines.command_line import read_config
from pipelines.rescore import FileScorer, _record, check_rescore, lacking, rescore
from pipelines.resume import check_resume, scorers_of
from safesweep.errors import InputError
from safesweep.lake.pictures import png
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore
from safesweep.scorers.judge import QUESTION
from tests.safesweep.vlm.chat_server import ChatServer

CLASSIFIER = {"kind": "classifier", "model": "miniature/weights/classifier"}
AGAIN = {**CLASSIFIER, "name": "again"}


def config_of(lake, *scorers):
    return read_config(
        ["--lake", str(lake), "--run_id", "r", "--safety.scorers", json.dumps(scorers), "--profile=miniature"]
    )


@pytest.fixture
def store(tmp_path):
    """A run of three pictures, scored by the miniature's classifier and CLIP, with one of them failed on, and a failed trial."""
    config = config_of(tmp_path, CLASSIFIER)
    rng = np.random.default_rng(3)
    pictures = [png(draw(Scene((Item(glyph, "red"),)), rng)) for glyph in ("circle", "dagger", "skull")]
    evidence = [
        {
            "scorer": one.evidence_name,
            "model": one.model_id(),
            "error": None,
            "measurements": [{"label": "l", "score": 0.5}],
        }
        for one in scorers_of(config)
    ]
    rows = [
        {"trial_id": f"t{place}", "prompt": "a", "status": "ok", "picture": picture, "evidence": evidence}
        for place, picture in enumerate(pictures)
    ]
    rows[1] = {**rows[1], "evidence": [{**evidence[0], "error": "ValueError: no", "measurements": []}, evidence[1]]}
    rows.append({"trial_id": "t3", "prompt": "a", "status": "unscored", "error": "why", "evidence": []})
    made = RunStore(tmp_path, "r")
    made.folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), made.folder / "part-a-000000.parquet")
    made.write_manifest({"run_id": "r", "config": config.model_dump(mode="json"), "models": {"clip": "x"}})
    return made


def test_a_scorer_is_added_to_every_picture_and_what_is_there_stays(store, tmp_path):
    [path] = store.files()
    before = pq.read_table(path, partitioning=None)
    config = config_of(tmp_path, CLASSIFIER, AGAIN)
    with pytest.raises(InputError, match="3 of its 3 pictures have not been scored by 'again'"):
        check_resume(config, store)
    scorer = FileScorer(config.safety.scorers, threads=1)
    assert scorer.score(str(path)) == 3
    after = pq.read_table(path, partitioning=None)
    assert after.schema == before.schema == SCHEMA
    assert after.drop_columns(["evidence"]).equals(before.drop_columns(["evidence"]))
    old, new = before["evidence"].to_pylist(), after["evidence"].to_pylist()
    for place in (0, 2):
        assert new[place][:2] == old[place]
        assert (new[place][2]["scorer"], new[place][2]["error"]) == ("again", None) and new[place][2]["measurements"]
    found = {one["scorer"]: one for one in new[1]}
    assert len(new[1]) == 3 and found["classifier"]["error"] is None, "a scorer that failed is asked again"
    scores = [[one["score"] for one in found[name]["measurements"]] for name in ("classifier", "again")]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert new[3] == []
    assert scorer.score(str(path)) == 0 and pq.read_table(path, partitioning=None).equals(after)
    _record(config, store)
    assert set(store.manifest()["models"]) == {"clip", "classifier", "again"}
    check_resume(config, store)
    with pytest.raises(InputError, match="scored by 'again' too, which this configuration has not"):
        check_resume(config_of(tmp_path, CLASSIFIER), store)


def test_what_lacks_a_scorer(store):
    rows = pq.read_table(store.files()[0], partitioning=None)
    assert lacking(rows, ["clip"]) == [] and lacking(rows, ["clip", "classifier"]) == [1]
    assert lacking(rows, ["q16"]) == [0, 1, 2]


def test_other_weights_need_another_name_and_a_run_must_be_there(store, tmp_path):
    check_rescore(config_of(tmp_path, CLASSIFIER, AGAIN))
    [path] = store.files()
    rows = pq.read_table(path, partitioning=None).to_pylist()
    rows[0]["evidence"][0]["model"] = f"c@sha256:{'0' * 64}"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    with pytest.raises(InputError, match="'classifier' was c@sha256:0.*give the new one a name of its own"):
        check_rescore(config_of(tmp_path, CLASSIFIER))
    high = config_of(tmp_path, CLASSIFIER, {"kind": "nudenet", "threshold": 0.3})
    with pytest.raises(InputError, match=r"nudenet-3@0\.2 asks for scores from 0\.2 on, scorer 'nudenet'"):
        check_rescore(high.model_copy(update={"profile": "nudenet-3@0.2"}))
    with pytest.raises(InputError, match="run_id: run 'r' in .* holds nothing to score"):
        check_rescore(config_of(tmp_path / "other", CLASSIFIER))
    with pytest.raises(InputError, match="run_id: which run"):
        check_rescore(read_config(["--lake", str(tmp_path)]))


def judge(**vlm):
    return {"kind": "judge", "vlm": {"app": "judge", **vlm}}


def test_a_judge_behind_an_endpoint_is_asked_its_question_before_anything_is_scored(store, tmp_path):
    server = ChatServer(
        lambda picture, question: '{"rating": "Safe", "category": "NA", "rationale": "A square."}', model="guard"
    )
    try:
        config = config_of(tmp_path, CLASSIFIER, judge(backend="openai", url=server.url, model="guard"))
        check_rescore(config)
        assert [body["messages"][-1]["content"][1]["text"] for body in server.bodies] == [QUESTION]
        server.answer = lambda picture, question: "A blue square."
        with pytest.raises(InputError, match="^VLM guard at http://127.0.0.1.*: the judge gave no verdict"):
            check_rescore(config)
    finally:
        server.close()


def test_a_judges_pool_is_asked_its_question_before_anything_is_scored(store, tmp_path, monkeypatch):
    """With the pool's replicas and Ray left out: what is asked, under which name, after which are swept up, and what a bad answer stops."""
    config = config_of(tmp_path, CLASSIFIER, judge(model="miniature/weights/vlm", max_new_tokens=12))
    done: list[object] = []

    def asks(interviews, scope):
        done.append([(one.vlm, one.question) for one in interviews])
        done.append(scope)
        raise InputError("VLM: the judge gave no verdict")

    @contextmanager
    def pools(wanted, scope):
        done.append(list(wanted))
        yield

    monkeypatch.setattr("pipelines.rescore.cluster", lambda *_: nullcontext())
    monkeypatch.setattr("pipelines.rescore.require_nodes", lambda *_: None)
    monkeypatch.setattr("actors.vlm.pools", pools)
    monkeypatch.setattr("actors.vlm.interview_pools", asks)
    monkeypatch.setattr("actors.vlm.sweep_up", lambda scopes: done.append(list(scopes)))
    before = [path.read_bytes() for path in store.files()]
    with pytest.raises(InputError, match="the judge gave no verdict"):
        rescore(config, check_rescore(config), Console(quiet=True))
    vlm = config.safety.scorers[1].vlm
    assert done[:3] == [[], [vlm], [(vlm, QUESTION)]] and str(done[3]).startswith("r-")
    assert [path.read_bytes() for path in store.files()] == before
