"""The graph's benchmark in short: two actors of a network that sleeps, and its figures on work whose figures are known."""

import json
import threading
import time
from collections import Counter
from urllib.request import urlopen

import numpy as np
import pytest

import safesweep.registry
from benchmarks import scaling
from benchmarks.simulation import timed_network
from benchmarks.simulation.timed_network import FORWARD
from benchmarks.simulation.usage import Moment, Usage, kind_of
from safesweep.measures.profiles import PROFILES
from safesweep.models import FAMILIES
from safesweep.scorers import SCORERS
from tests.deploy.test_grafana import PAGE, metrics_of
from tests.marks import STARTS_RAY


def test_the_pace_does_not_depend_on_where_in_a_batch_a_stretch_begins():
    # 12 pictures every 2.5 s, a hair apart
    ended = np.sort(np.concatenate([2.5 * batch + np.linspace(0, 0.02, 12) for batch in range(12)]))
    for begin in (0.0, 0.4, 2.4):
        assert scaling.pace(ended[ended >= begin]) == pytest.approx(12 / 2.5, rel=0.01)


def test_a_stretch_is_from_the_last_actors_first_pictures_to_the_first_ones_last_batches_but_two(tmp_path):
    early = [(100.0 + n, 100.9 + n, scaling.ROWS) for n in range(16)]
    late = [(102.0 + n, 102.9 + n, scaling.ROWS) for n in range(18)]
    for name, forwards in (("a", early), ("b", late)):
        # a worker that is killed leaves a part of a record
        (tmp_path / f"{name}.forwards").write_bytes(b"".join(FORWARD.pack(*one) for one in forwards) + b"\0")
    begin, end, share = scaling.stretch(tmp_path, steps=4)
    assert (begin, end) == (106.0, pytest.approx(107.9))
    assert share == pytest.approx(2 * 0.9 / 1.9)
    with pytest.raises(SystemExit, match="never worked all at once"):
        scaling.stretch(tmp_path, steps=6)


def test_processor_time_is_of_the_stretch_alone():
    usage = Usage()
    usage.moments = [Moment(float(at), Counter(driver=at * 0.5, diffusion=max(0, at - 5))) for at in range(11)]
    assert usage.cores(5, 9.5) == {"diffusion": 1.0, "driver": 0.5}
    assert usage.cores(9.9, 10.2) == {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ray::MapWorker(FlatMap(DiffusionActor)).submit", "diffusion"),
        ("ray::MapWorker(MapBatches(ScoringActor))", "scoring"),
        ("ray::Write", "writing"),
        ("ray::IDLE", "other workers"),
        ("raylet", "raylets"),
        ("python", "agents"),
    ],
)
def test_processes_are_told_apart(name, kind):
    assert kind_of(name) == kind


def test_the_stand_in_takes_time_and_no_processor(tmp_path):
    from benchmarks.simulation.timed_family import TimedModel

    model = TimedModel(0.2, timed_network.Diary(tmp_path))
    latents = model.initial_noise(1, 16, 8)[None]
    begun, busy = time.monotonic(), time.thread_time()
    model.predict(latents, latents[:, 0, 0, 0], [model.embed("a")])
    assert time.monotonic() - begun >= 0.2 and time.thread_time() - busy < 0.1
    assert model.decode(latents, 1)[0].shape == (8, 16, 3)
    [[forward]] = timed_network.read_diaries(tmp_path).values()
    assert forward.rows == 1 and forward.ended - forward.begun >= 0.2


@STARTS_RAY
@pytest.mark.timeout(600)
def test_two_actors_are_in_the_network_at_once_and_prometheus_has_what_grafana_asks_for(monkeypatch):
    monkeypatch.setenv("RAY_metrics_report_interval_ms", "500")
    for registry in (FAMILIES, PROFILES, SCORERS):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr("safesweep.registry._loaded", set(safesweep.registry._loaded))
    told: set[str] = set()
    ended = threading.Event()

    def ask(port: str) -> None:
        while not ended.wait(0.5):
            try:
                lines = urlopen(port, timeout=5).read().decode().splitlines()
            except OSError:  # its server is not there yet
                continue
            told.update(line.partition("{")[0] for line in lines if 'run_id="scaling"' in line and 'worker="' in line)

    with scaling.simulated_nodes(2) as address:
        import ray

        ray.init(address, log_to_driver=False, logging_level="ERROR")
        [node] = ray.nodes()
        ray.shutdown()
        port = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
        asking = threading.Thread(target=ask, args=(port,))
        asking.start()
        try:
            found = scaling.measure(address, 216, 2, 100.0, steps=4)
        finally:
            ended.set()
            asking.join()
    assert found.trials == 216 and found.spilled_bytes == 0
    assert found.actors * found.network_share > 1.2, "one waits for the other"
    assert found.trials_per_second > 0 and {"driver", "diffusion", "scoring"} <= set(found.cores)
    # what has never happened has no metric yet
    may_lack = {f"ray_safesweep_{what}_total" for what in ("failed", "questions", "rows_padded")}
    assert metrics_of(json.loads(PAGE.read_text())) - told <= may_lack
