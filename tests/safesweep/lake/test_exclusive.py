"""Files that one alone can make."""

import threading
import time

import pytest

from safesweep.lake.exclusive import create, read, remove
from safesweep.lake.folder import lake_folder
from safesweep.lake.stores import store_of


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request, tmp_path):
    """A file that is not there yet."""
    lakes = {
        "folder": lambda: tmp_path / "lake",
        "memory": lambda: f"memory://exclusive-{time.monotonic_ns()}",
        "s3": lambda: request.getfixturevalue("s3_lake"),
    }
    return lake_folder(lakes[request.param]()) / "runs" / "r.lease"


def test_of_many_one_makes_it_and_it_can_be_made_again_when_it_is_gone(place):
    start, made = threading.Barrier(6), []

    def try_it(number):
        start.wait()
        if create(place, f"process {number}"):
            made.append(number)

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and read(place) == f"process {made[0]}"
    remove(place)
    remove(place)
    assert read(place) is None and create(place, "another")


def test_a_put_whose_answer_was_lost_finds_its_own_file(s3_lake, s3_server):
    place = lake_folder(s3_lake) / "x.lease"
    store, name = store_of(place)
    store.pipe_file(name, b"mine")
    assert create(place, "mine") and not create(place, "another's") and read(place) == "mine"
