"""Trial ids in little memory: sixteen bytes each, sorted, so that whole batches are looked up at once."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

DIGITS = 32
"""Hexadecimal digits of an id."""


class TrialIds:
    """A set of trial ids."""

    def __init__(self, parts: Iterable[Sequence[str]] = ()) -> None:
        """``parts``: ids in any order; one that stands twice is kept once."""
        packed = [_pack(part) for part in parts]
        self._set(np.concatenate(packed) if packed else _pack(()))

    def _set(self, packed: NDArray[np.uint64]) -> None:
        self.rows = len(packed)
        """How many were given; more of them than are different is a defect of a lake."""
        packed = packed[np.lexsort((packed[:, 1], packed[:, 0]))]
        new = np.ones(len(packed), dtype=np.bool_)
        new[1:] = (packed[1:] != packed[:-1]).any(axis=1)
        self._ids = packed[new]
        self._first = np.ascontiguousarray(self._ids[:, 0])

    def __len__(self) -> int:
        return len(self._ids)

    def contains(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Of each id, whether it is among these."""
        return self._contains(_pack(ids))

    def less(self, others: "TrialIds") -> "TrialIds":
        """These without the others."""
        left = TrialIds()
        left._set(self._ids[~others._contains(self._ids)])
        return left

    def _contains(self, asked: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = np.zeros(len(asked), dtype=np.bool_)
        # in their order they are found several times as fast
        left = np.argsort(asked[:, 0])
        places = np.empty(len(asked), dtype=np.intp)
        places[left] = np.searchsorted(self._first, asked[left, 0])
        # several of one first half are next to each other
        while len(left):
            left = left[places[left] < len(self._first)]
            left = left[self._first[places[left]] == asked[left, 0]]
            hit = self._ids[places[left], 1] == asked[left, 1]
            found[left[hit]] = True
            left = left[~hit]
            places[left] += 1
        return found


def _pack(ids: Sequence[str]) -> NDArray[np.uint64]:
    """Two halves an id; what is not ``DIGITS`` lower-case hexadecimal digits, of a lake that another program wrote, by its hash."""
    packed = _digits("".join(ids)) if all(len(one) == DIGITS for one in ids) else None
    if packed is None:
        packed = b"".join(_sixteen_bytes(one) for one in ids)
    return np.frombuffer(packed, dtype=np.uint64).reshape(len(ids), 2)


def _sixteen_bytes(one: str) -> bytes:
    packed = _digits(one) if len(one) == DIGITS else None
    return blake2b(one.encode(), digest_size=DIGITS // 2).digest() if packed is None else packed


def _digits(text: str) -> bytes | None:
    try:
        packed = bytes.fromhex(text)
    except ValueError:
        return None
    return packed if packed.hex() == text else None
