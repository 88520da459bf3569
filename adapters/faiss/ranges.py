"""Ranges of one large index, for as many cores to scan."""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from adapters.system.machine import usable_cores

_WORTH_A_THREAD = 1 << 17
"""Vectors that are scanned in 0.2 ms; waking a thread takes a tenth of that."""

_BLOCK = 32
"""Vectors whose codes are beside each other."""


def ranges(whole: faiss.IndexPQFastScan) -> list[faiss.IndexPQFastScan]:
    """As many as there are cores, if it is large enough; otherwise itself."""
    count = min(usable_cores(), whole.ntotal // _WORTH_A_THREAD)
    if count < 2:  # noqa: PLR2004
        return [whole]
    codes, blocks = _codes(whole), -(-whole.ntotal // _BLOCK)
    step, size = -(-blocks // count), whole.codes.size() // blocks
    return [
        _like(
            whole,
            codes[start * size : (start + step) * size],
            min(step * _BLOCK, whole.ntotal - start * _BLOCK),
        )
        for start in range(0, blocks, step)
    ]


def together(parts: Sequence[faiss.IndexPQFastScan]) -> faiss.Index:
    """One index of all, which searches each in a thread of its own; searches take turns there.

    That is faster even when as many search as there are cores, for a thread then scans the same memory again.
    """
    if len(parts) == 1:
        return parts[0]
    shards = faiss.IndexShards(parts[0].d, True, True)  # type: ignore[call-arg]  # noqa: FBT003 - as threads, in order
    for part in parts:
        shards.add_shard(part)
    return shards


def joined(parts: Sequence[faiss.IndexPQFastScan]) -> faiss.IndexPQFastScan:
    """What they are ranges of."""
    if len(parts) == 1:
        return parts[0]
    return _like(
        parts[0], np.concatenate([_codes(part) for part in parts]), sum(part.ntotal for part in parts)
    )


def _codes(index: faiss.IndexPQFastScan) -> NDArray[np.uint8]:
    codes: NDArray[np.uint8] = faiss.rev_swig_ptr(index.codes.get(), index.codes.size())
    return codes


def _like(index: faiss.IndexPQFastScan, codes: NDArray[np.uint8], count: int) -> faiss.IndexPQFastScan:
    """One with other codes, whole blocks of them."""
    made = faiss.IndexPQFastScan(index.d, index.M, index.nbits, index.metric_type)
    made.pq, made.is_trained = index.pq, True
    faiss.copy_array_to_AlignedTable(codes, made.codes)
    made.ntotal = count
    made.ntotal2 = -(-count // _BLOCK) * _BLOCK  # type: ignore[attr-defined]
    return made
