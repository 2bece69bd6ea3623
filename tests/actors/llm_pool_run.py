"""Starts a pool of backend serve_llm, asks it, and prints what came as JSON; test_llm_pool.py runs it in a process of its own."""

import json
import logging

import numpy as np
import ray
from ray import serve

from actors.vlm import interview_pools, make_client, pools
from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.vlm.backends import parse_vlm
from safesweep.vlm.errors import VlmError
from safesweep.vlm.preflight import Interview
from safesweep.vlm.vocabulary import HarmVocabulary

QUESTION = HarmVocabulary.from_yaml("miniature").question()
PICTURES = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in range(3)]


def main() -> None:
    ray.init("local", num_cpus=8, num_gpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    written = {"backend": "serve_llm", "model": str(WEIGHTS / "vlm"), "tries": 1, "app": "llm", "timeout_s": 60}
    pool = parse_vlm({**written, "max_new_tokens": 12})
    pool.check([QUESTION])
    found: dict[str, object] = {}
    with pools([pool], "r-1"):
        interview_pools([Interview(pool, QUESTION, str)], "r-1")
        client = make_client(pool, "r-1")
        replies = [future.result() for future in [client.ask(picture, QUESTION) for picture in PICTURES]]
        found["answers"] = [[str(one), one.finish_reason, one.completion_tokens] for one in replies]
        for question in ("refuse", "break"):
            try:
                client.ask(PICTURES[0], question).result()
            except VlmError as error:
                found[question] = f"{type(error).__name__}: {error}"
        found["deployments"] = sorted(serve.status().applications["llm-r-1"].deployments)
        client.close()
    found["left"] = list(serve.status().applications)
    found["logging kept"] = (list(root.handlers), root.level) == before
    broken = parse_vlm({**written, "engine_kwargs": {"max_num_seqs": 4}})  # not an argument of the tests' engine
    try:
        with pools([broken], "r-2"):
            pass
    except InputError as error:
        found["broken"] = str(error)
    print("FOUND " + json.dumps(found))


if __name__ == "__main__":
    main()
