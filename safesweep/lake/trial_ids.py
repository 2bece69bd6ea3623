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
        self._first, self._second = (
            np.concatenate([_pack(())[:, i], *(part[:, i] for part in packed)]) for i in (0, 1)
        )
        packed.clear()
        order = np.lexsort((self._second, self._first))
        self._first, self._second = self._first[order], self._second[order]
        self.rows = len(order)
        """How many were given; more of them than are different is a defect of a lake."""
        new = np.ones(len(order), dtype=np.bool_)
        new[1:] = (self._first[1:] != self._first[:-1]) | (self._second[1:] != self._second[:-1])
        if not new.all():
            self._first, self._second = self._first[new], self._second[new]

    def __len__(self) -> int:
        return len(self._first)

    def contains(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Of each id, whether it is among these."""
        asked = _pack(ids)
        return self._contains(asked[:, 0], asked[:, 1])

    def less(self, others: "TrialIds") -> "TrialIds":
        """These without the others."""
        left, kept = TrialIds(), ~others._contains(self._first, self._second)
        left._first, left._second, left.rows = self._first[kept], self._second[kept], int(kept.sum())
        return left

    def _contains(self, first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = np.zeros(len(first), dtype=np.bool_)
        # in their order they are found several times as fast
        left = np.argsort(first)
        places = np.empty(len(first), dtype=np.intp)
        places[left] = np.searchsorted(self._first, first[left])
        # several of one first half are next to each other
        while len(left):
            left = left[places[left] < len(self._first)]
            left = left[self._first[places[left]] == first[left]]
            hit = self._second[places[left]] == second[left]
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
