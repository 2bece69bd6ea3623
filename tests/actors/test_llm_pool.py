"""actors/llm_pool.py on Ray's own LLMConfig, build_llm_deployment and LLMServer; in vLLM's place stands tests/actors/llm_engine.py.

The packages that Ray imports of vLLM are tests/actors/vllm_double, so far as they are asked for.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from safesweep.files import ROOT
from safesweep.vlm.backends.transformers import TransformersVlm
from tests.actors.llm_pool_run import PICTURES, QUESTION, WEIGHTS
from tests.marks import STARTS_RAY

pytestmark = [
    pytest.mark.timeout(300),
    STARTS_RAY,
    pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed"),
]


def test_a_pool_of_rays_llm_server_answers_as_any_pool_does():
    doubles = [ROOT / "tests/actors/vllm_double", *([] if find_spec("httpx") else [ROOT / "tests/actors/httpx_double"])]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "SAFESWEEP_"))}
    environment = {
        **kept,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *doubles))),
        "RAYLLM_VLLM_ENGINE_CLS": "tests.actors.llm_engine.Engine",
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.actors.llm_pool_run"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    [line] = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")] or [done.stderr[-4000:]]
    found = json.loads(line.removeprefix("FOUND "))
    model = TransformersVlm(model=str(WEIGHTS / "vlm"), max_new_tokens=12).load()
    wanted = model.answer(PICTURES, [QUESTION] * len(PICTURES))
    assert found["answers"] == [[str(one), one.finish_reason, one.completion_tokens] for one in wanted]
    where = f"1 × {WEIGHTS / 'vlm'} by vLLM on Ray Serve"
    assert found["refuse"] == f"VlmError: {where}: status 400: bad request"
    assert found["break"] == f"VlmGaveUpError: 1 attempts, the last: {where}: status 500: engine dead"
    assert found["deployments"] == ["LLMServer:safesweep-vlm", "VlmReplica"] and found["left"] == []
    assert found["broken"].endswith("cannot be started: ValueError: Unknown engine argument: max_num_seqs")
    assert found["logging kept"]
