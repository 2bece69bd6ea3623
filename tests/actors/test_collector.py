"""actors/collector.py without a cluster; tests/actors/test_vlm.py has it on one."""

from actors.collector import Collector, collector_of


def test_each_different_notice_is_taken_once_in_its_order():
    collector = Collector()
    for stage, text in (("diffusion", "b"), ("scoring", "a"), ("diffusion", "b"), ("vlm", "b")):
        collector.add(stage, text)
    assert collector.take() == ["diffusion: b", "scoring: a", "vlm: b"]
    collector.add("scoring", "a")
    collector.add("scoring", "c")
    assert collector.take() == ["scoring: c"] and collector.take() == []


def test_a_workers_last_status_counts_and_stays():
    collector = Collector()
    for worker, steps in (("a", 1.0), ("b", 5.0), ("a", 3.0)):
        collector.report(worker, {"steps": steps})
    assert collector.engines() == [{"steps": 3.0}, {"steps": 5.0}] == collector.engines()


def test_outside_a_run_there_is_none():
    assert collector_of("") is None and collector_of("nobody-collects") is None
