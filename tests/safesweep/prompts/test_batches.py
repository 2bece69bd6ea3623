"""Prompts in a file come back as they were."""

import tracemalloc
from itertools import islice

from safesweep.prompts.batches import ROWS, PromptBatches, packed, prompts_of, unpacked
from safesweep.types import Prompt


def prompt(number: int) -> Prompt:
    """The number-th, with and without what may be absent."""
    odd = number % 2 == 1
    return Prompt(
        text=f"a red circle, number {number} 🔑\n",
        seed=2**63 - 1 - number,
        guidance_scale=number / 3 if odd else None,
        width=64 if odd else None,
        height=None if odd else 128,
        prompt_id=f"{number:07}",
        row=number,
        categories=("shape", "ünsafe")[: number % 3],
        prompt_set=f"set {number % 3}",
        source="set.csv",
        source_sha256="0" * 64,
    )


def test_they_come_back_in_their_order_and_equal() -> None:
    count = 2 * ROWS + 5
    kept = PromptBatches()
    for number in range(count):
        kept.add(prompt(number), benign=number % 3 == 0)
    assert len(kept) == count
    assert [batch.num_rows for batch in kept.batches()] == [ROWS, ROWS, 5]
    for number, (found, benign) in enumerate(kept.prompts()):
        assert found == prompt(number) and benign == (number % 3 == 0)
    assert list(islice(kept.prompts(), 3)) == list(islice(kept.prompts(), 3)), "they may be read again and again"
    first, _, last = kept.batches()
    assert unpacked(packed(first)).equals(first) and len(packed(first)) < first.nbytes / 3
    assert list(prompts_of(last.slice(3))) == [(prompt(count - 2), False), (prompt(count - 1), False)]


def test_the_sets_are_counted() -> None:
    kept = PromptBatches()
    for number in range(7):
        kept.add(prompt(number), benign=number % 3 == 0)
    assert {(one.prompt_set, one.benign): count for one, count in kept.sets.items()} == {
        ("set 0", True): 3,
        ("set 1", False): 2,
        ("set 2", False): 2,
    }
    assert not len(PromptBatches()) and not list(PromptBatches().batches())


def test_memory_does_not_grow_with_their_number() -> None:
    kept, peaks = PromptBatches(), []
    tracemalloc.start()
    for number in range(6 * ROWS):
        kept.add(prompt(number), benign=False)
        if number % (2 * ROWS) == 2 * ROWS - 1:
            peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[-1] < 1.3 * peaks[0]
