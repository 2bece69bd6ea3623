"""safesweep/vlm/checks.py: which pools a run needs."""

import pytest

from safesweep.errors import InputError
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.backends.transformers import TransformersVlm
from safesweep.vlm.checks import check_pools
from tests.safesweep.scorers.written import written


def test_vlms_of_a_run_are_each_there_once():
    guide = TransformersVlm(model="a")
    judge = TransformersVlm(model="b", app="judge")
    judges = [*written("judge", vlm=judge).vlms(), *written("judge", name="again", vlm=judge).vlms()]
    assert check_pools(guide, [*judges, *written("judge", vlm=guide).vlms()]) == [guide, judge]
    assert check_pools(None, judges) == [judge]


def test_two_pools_have_two_names():
    guide = TransformersVlm(model="a")
    with pytest.raises(InputError, match="'safesweep-vlm' names two different VLMs; give each an app of its own"):
        check_pools(guide, [TransformersVlm(model="b")])
    endpoint = OpenAiVlm(model="a", url="http://x/v1")
    assert check_pools(guide, [endpoint, OpenAiVlm(model="b", url="http://x/v1")])[1] is endpoint
