"""Files that one alone can make."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from safesweep.lake.exclusive import create, read, remove
from safesweep.lake.folder import lake_folder
from safesweep.lake.stores import store_of


@pytest.fixture(params=["folder", "memory", "s3", "google", "azure"])
def place(request, tmp_path):
    """A file that is not there yet."""
    lakes = {
        "folder": lambda: tmp_path / "lake",
        "memory": lambda: f"memory://exclusive-{time.monotonic_ns()}",
    }
    lake = lakes[request.param]() if request.param in lakes else request.getfixturevalue(f"{request.param}_lake")
    return lake_folder(lake) / "runs" / "r.lease"


def test_of_many_one_makes_it_and_it_can_be_made_again_when_it_is_gone(place):
    start = threading.Barrier(6)

    def try_it(number):
        start.wait()
        return create(place, f"process {number}")

    with ThreadPoolExecutor(6) as threads:
        tries = list(threads.map(try_it, range(6)))
    made = [number for number, alone in enumerate(tries) if alone]
    assert len(made) == 1 and read(place) == f"process {made[0]}"
    remove(place)
    remove(place)
    assert read(place) is None and create(place, "another")


def test_a_put_whose_answer_was_lost_finds_its_own_file(s3_lake, s3_server):
    place = lake_folder(s3_lake) / "x.lease"
    store, name = store_of(place)
    store.pipe_file(name, b"mine")
    assert create(place, "mine") and not create(place, "another's") and read(place) == "mine"
