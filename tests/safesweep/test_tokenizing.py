"""Two threads at one tokenizer: neither gets the other's padding. The engine encodes prompts while a worker thread counts lost tokens."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

from safesweep.models.text import TextEncoder
from tests.random_models import random_pipeline

CALLS = 3000


def test_padding_is_that_of_the_own_call_whatever_other_threads_ask():
    pipe = random_pipeline()
    encoder = TextEncoder(pipe.tokenizer, pipe.text_encoder, torch.device("cpu"))
    alone = encoder.ids("a red circle")
    begin, before = threading.Barrier(3), sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def encode() -> int:
        begin.wait()
        return sum(torch.equal(encoder.ids("a red circle"), alone) for _ in range(CALLS))

    def count() -> int:
        begin.wait()
        return sum(encoder.lost("a red circle and a blue key " * 9) for _ in range(CALLS))

    try:
        with ThreadPoolExecutor(3) as pool:
            encoding, *counting = [pool.submit(work) for work in (encode, count, count)]
            assert encoding.result() == CALLS
            assert {one.result() for one in counting} == {CALLS * encoder.lost("a red circle and a blue key " * 9)}
    finally:
        sys.setswitchinterval(before)
