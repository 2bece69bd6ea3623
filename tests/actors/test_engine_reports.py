"""What an engine tells of itself: Ray's metrics go up by what is new."""

import pytest

from actors.engine_reports import COUNTERS, GAUGES, TAGS, Metrics, report_engine, spent_before
from safesweep.engine.counters import Counters
from safesweep.engine.status import EngineStatus


class Told:
    """A metric of Ray's class that keeps what it is told."""

    made: dict[str, "Told"]

    def __init__(self, name, description, tag_keys):
        assert description and tag_keys == TAGS
        self.values: list[float] = []
        Told.made[name] = self

    def set_default_tags(self, tags):
        assert set(tags) == set(TAGS)

    def inc(self, value):
        assert value > 0, "Ray refuses others"
        self.values.append(value)

    set = lambda self, value: self.values.append(value)  # noqa: E731


def status(**counted) -> dict[str, float]:
    given = {"seconds": 1.0, "in_flight": 3, "parked": 1, "waiting": 7, "steps_in_flight": 30}
    levels = {name: counted.pop(name, value) for name, value in given.items()}
    return EngineStatus.of(Counters(**counted), **levels).as_dict()


def test_counters_go_up_by_what_is_new_and_gauges_are_as_they_are(monkeypatch):
    Told.made = {}
    monkeypatch.setattr("ray.util.metrics.Counter", Told)
    monkeypatch.setattr("ray.util.metrics.Gauge", Told)
    metrics = Metrics({"run_id": "night", "worker": "a"})
    metrics.publish(status(rows=10))
    metrics.publish(status(rows=25, parked=0))
    metrics.publish(status(rows=25, seconds=3.0))
    assert Told.made["safesweep_rows_total"].values == [10, 15]
    assert Told.made["safesweep_engine_seconds_total"].values == [1.0, 2.0]
    assert Told.made["safesweep_parked"].values == [1, 0, 1] and Told.made["safesweep_failed_total"].values == []


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, (field, _) in (COUNTERS | GAUGES).items()])
def test_every_metric_is_a_field_of_the_status(name, field):
    assert field in status() and name.startswith("safesweep_") and name.endswith("_total") == (name in COUNTERS)


def test_outside_a_run_nothing_is_told():
    report_engine(lambda: pytest.fail("nobody asked"), "night", "")


def test_a_worker_that_begins_anew_counts_what_those_before_it_spent(monkeypatch):
    assert spent_before("") == (0, 0.0), "outside a run nobody spent anything"
    told = [status(requests=7, money=0.5), status(requests=5, money=0.25)]
    monkeypatch.setattr("actors.engine_reports.collector_of", lambda scope: scope)
    monkeypatch.setattr("actors.engine_reports.engines_of", lambda collector: told if collector == "run" else [])
    assert spent_before("run") == (12, 0.75) and spent_before("other") == (0, 0.0)
