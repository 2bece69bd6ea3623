"""actors/notices.py without a cluster; tests/actors/test_vlm.py and tests/jobs/test_vlm_endpoint_runs.py have it on one."""

from actors.notices import Collector, listen


def test_each_different_notice_is_taken_once_in_its_order():
    collector = Collector()
    for stage, text in (("diffusion", "b"), ("scoring", "a"), ("diffusion", "b"), ("vlm", "b")):
        collector.add(stage, text)
    assert collector.take() == ["diffusion: b", "scoring: a", "vlm: b"]
    collector.add("scoring", "a")
    collector.add("scoring", "c")
    assert collector.take() == ["scoring: c"] and collector.take() == []


def test_outside_a_run_nothing_changes(monkeypatch):
    monkeypatch.setattr("actors.notices.hear_libraries", lambda tell: 1 / 0)
    listen("diffusion", "")
    listen("diffusion", "nobody-collects")
