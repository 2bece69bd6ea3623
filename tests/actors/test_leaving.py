"""An actor leaves as soon as its own node is told to go, and tells first what it hands back; on a cluster benchmarks/chaos.py shows it."""

import subprocess
import sys
import time

import pytest
from ray.exceptions import GetTimeoutError

from actors.leaving import EXIT_CODE, handed_back, leave_with_node, watch_node
from safesweep.engine.counters import Counters
from safesweep.engine.status import EngineStatus
from safesweep.files import ROOT

OWN, OTHER = "a" * 56, "b" * 56


def test_it_stays_while_others_go_and_leaves_once_after_telling():
    looks, done = [[], [OTHER], [OTHER, OWN]], []
    watch_node(OWN, lambda: looks.pop(0), lambda: done.append("told"), done.append, period_s=0)
    assert done == ["told", EXIT_CODE] and not looks


def test_a_head_out_of_reach_is_asked_again():
    looks, done = [GetTimeoutError("no answer"), RuntimeError("the head is gone"), [OWN]], []

    def going():
        look = looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return look

    watch_node(OWN, going, lambda: None, done.append, period_s=0)
    assert done == [EXIT_CODE]


def test_it_leaves_also_when_nobody_can_be_told():
    done = []
    with pytest.raises(ZeroDivisionError):
        watch_node(OWN, lambda: [OWN], lambda: 1 / 0, done.append)
    assert done == [EXIT_CODE]


def test_the_process_ends_at_once_whatever_its_other_threads_do():
    code = f"""
import threading, time
from actors.leaving import watch_node
threading.Thread(target=time.sleep, args=(60,)).start()
threading.Thread(target=watch_node, args=({OWN!r}, lambda: [{OWN!r}], lambda: None)).start()
time.sleep(60)
"""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=50)
    assert done.returncode == EXIT_CODE and time.monotonic() - began < 50


def test_what_is_handed_back_is_said_in_numbers():
    status = EngineStatus.of(Counters(), 1.0, in_flight=3, parked=1, waiting=7, steps_in_flight=30)
    assert handed_back(OWN, status) == (
        "node aaaaaaaa is told to go: 3 trajectories and 7 prompts that wait are handed back, 30 steps will be made again"
    )


def test_a_model_that_is_being_loaded_has_nothing_to_hand_back():
    assert handed_back(OWN, None) == "node aaaaaaaa is told to go while the model is being loaded"


def test_outside_a_run_nothing_happens():
    leave_with_node(lambda: pytest.fail("nobody asked"), "")
