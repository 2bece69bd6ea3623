"""actors/vlm.py on a real cluster: pools answer while they are there, and are gone afterwards, however the block ends."""

import numpy as np
import pytest
from ray import serve

from actors.vlm import make_client, pools
from miniature import WEIGHTS
from pipelines.cluster import cluster
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.backends.transformers import TransformersVlm
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(300), STARTS_RAY]
QUESTION = HarmVocabulary.from_yaml("miniature").question()
PICTURE = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
GUIDE = TransformersVlm(model=str(WEIGHTS / "vlm"), max_new_tokens=12, app="guide")
JUDGE = TransformersVlm(model=str(WEIGHTS / "vlm"), mode="score", app="judge")
ENDPOINT = OpenAiVlm(model="m", url="http://127.0.0.1:9/v1")


@pytest.fixture(scope="module", autouse=True)
def running():
    with cluster():
        yield


@pytest.fixture(autouse=True)
def nothing_left_over():
    yield
    for app in applications():
        serve.delete(app)


def applications() -> set[str]:
    return set(serve.status().applications)


def test_each_pool_is_started_once_answers_and_is_deleted_at_the_end():
    with pools([GUIDE, ENDPOINT, JUDGE, GUIDE]):
        assert applications() == {"guide", "judge"}
        plain = GUIDE.load().answer([PICTURE], [QUESTION])[0]
        assert make_client(GUIDE).ask(PICTURE, QUESTION).result(timeout=60) == plain
        assert make_client(JUDGE).ask(PICTURE, QUESTION).result(timeout=60)
    assert applications() == set()


def test_a_pool_is_deleted_after_an_exception():
    def stopped():
        raise RuntimeError(f"stopped beside {applications()}")

    with pytest.raises(RuntimeError, match="stopped beside {'guide'}"), pools([GUIDE]):
        stopped()
    assert applications() == set()


def test_those_that_run_are_deleted_when_another_cannot_be_started():
    broken = TransformersVlm(model="nowhere", app="broken")
    with pytest.raises(RuntimeError, match="broken"), pools([GUIDE, broken]):
        pytest.fail("a pool without its model was taken for one that runs")
    assert applications() == set()
