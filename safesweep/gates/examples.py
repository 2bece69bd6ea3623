"""What a gate learns from: the previews that a VLM was asked about in runs of a lake, each with the terms that it named."""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from safesweep.errors import InputError
from safesweep.lake.finished import finished_run
from safesweep.lake.parquet_files import read_schema
from safesweep.lake.pictures import unpack_picture
from safesweep.lake.streaming import stream_rows
from safesweep.vlm.gate_network import gate_pixels
from safesweep.vlm.vocabulary import HarmVocabulary

COLUMNS = ("prompt_hash", "repeat_of", "models", "exchanges")
NOT_THE_VLM, OTHER_QUESTION, TWICE = "not answered by the VLM", "another question", "the same preview again"


class Examples(NamedTuple):
    """N previews, in an order that depends on their content alone."""

    pixels: NDArray[np.uint8]
    """[N, side, side, 3], as a gate sees them."""
    named: NDArray[np.bool_]
    """[N, terms] whether the VLM named the term."""
    steps: NDArray[np.int64]
    """[N] at which it was asked."""
    prompts: NDArray[np.str_]
    """[N] hashes of the prompts' texts."""
    vlm: str
    """Who answered, with its digest."""
    left_out: Mapping[str, int]
    """Why -> how many exchanges."""

    def of(self, keep: NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        return self._replace(
            pixels=self.pixels[keep], named=self.named[keep], steps=self.steps[keep], prompts=self.prompts[keep]
        )


class _Example(NamedTuple):
    named: tuple[bool, ...]
    step: int
    prompt: str
    pixels: NDArray[np.uint8]


def read_examples(lake: str | Path, runs: Sequence[str], vocabulary: HarmVocabulary, side: int, most: int) -> Examples:
    """The exchanges of finished runs in which the VLM itself answered the vocabulary's question.

    Of more than ``most`` those with the smallest hashes are taken, which is a draw that the order of files does not change. An exchange
    that several trials share, and a preview that comes again at the same prompt and step, is one example.

    Raises ``InputError``: a run is not there or not finished, there is no such exchange, or two VLMs answered.
    """
    terms, question = vocabulary.all_terms(), vocabulary.question()
    left_out: Counter[str] = Counter()
    vlms: dict[str, str] = {}
    kept: list[tuple[int, _Example]] = []
    known: set[int] = set()
    for run_id in runs:
        for row, exchange in _exchanges(lake, run_id):
            if not _by_vlm(exchange):
                left_out[NOT_THE_VLM] += 1
                continue
            if exchange["question"] != question or not set(exchange["terms"]) <= set(terms):
                left_out[OTHER_QUESTION] += 1
                continue
            place = _place(row["prompt_hash"], exchange)
            if place in known:
                left_out[TWICE] += 1
                continue
            known.add(place)
            vlms.setdefault(str((json.loads(row["models"] or "{}")).get("vlm")), run_id)
            if len(kept) == most and place > -kept[0][0]:
                continue
            named = tuple(term in exchange["terms"] for term in terms)
            pixels = gate_pixels(unpack_picture(exchange["preview"]), side)
            entry = -place, _Example(named, int(exchange["step"]), row["prompt_hash"], pixels)
            (heapq.heappush if len(kept) < most else heapq.heapreplace)(kept, entry)
    if not kept:
        why = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "the runs asked nothing"
        raise InputError(f"runs: {', '.join(runs)}: no exchange answers {question!r} ({why})")
    if len(vlms) > 1:
        said = "; ".join(f"{vlm} in run {run_id}" for vlm, run_id in vlms.items())
        raise InputError(f"runs: {len(vlms)} VLMs answered: {said}; a gate is learned from one")
    chosen = [example for _, example in sorted(kept, key=lambda entry: -entry[0])]
    return Examples(
        pixels=np.stack([one.pixels for one in chosen]),
        named=np.array([one.named for one in chosen]),
        steps=np.array([one.step for one in chosen]),
        prompts=np.array([one.prompt for one in chosen]),
        vlm=next(iter(vlms)),
        left_out=dict(left_out),
    )


def _exchanges(lake: str | Path, run_id: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for path in finished_run(lake, run_id).files:
        columns = [name for name in COLUMNS if name in read_schema(path).names]
        for batch in stream_rows(path, columns):
            for row in batch.to_pylist():
                if row.get("repeat_of") is None:
                    yield from ((row, exchange) for exchange in row["exchanges"] or ())


def _by_vlm(exchange: Mapping[str, Any]) -> bool:
    said = exchange.get("answered_by")
    # lakes of before do not say it; an answer that was taken again took no time there
    return exchange["preview"] is not None and (said == "vlm" if said else exchange["seconds"] != 0)


def _place(prompt: str, exchange: Mapping[str, Any]) -> int:
    found = hashlib.sha256(f"{prompt} {exchange['step']} ".encode() + exchange["preview"])
    return int.from_bytes(found.digest()[:16])
