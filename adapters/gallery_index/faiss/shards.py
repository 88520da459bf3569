"""Splits a large faiss index into shards, one for each core to scan."""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from adapters.system.machine import usable_cores

_MIN_ROWS = 1 << 17
"""Of a shard: scanning so many takes 0.2 ms, waking a thread a tenth of that."""

_BLOCK = 32
"""Vectors whose codes are stored together."""


def split(whole: faiss.IndexPQFastScan) -> list[faiss.IndexPQFastScan]:
    """A shard for each core, if it is large enough; otherwise itself."""
    count = min(usable_cores(), whole.ntotal // _MIN_ROWS)
    if count < 2:  # noqa: PLR2004
        return [whole]
    codes, blocks = _codes(whole), -(-whole.ntotal // _BLOCK)
    step, size = -(-blocks // count), whole.codes.size() // blocks
    return [
        _with_codes(
            whole,
            codes[start * size : (start + step) * size],
            min(step * _BLOCK, whole.ntotal - start * _BLOCK),
        )
        for start in range(0, blocks, step)
    ]


def search_in_threads(shards: Sequence[faiss.IndexPQFastScan]) -> faiss.Index:
    """One index of all shards, each with a thread of its own, for which concurrent searches take turns.

    That is faster than a thread a search even with as many searches as cores: a thread scans the same memory again.
    """
    if len(shards) == 1:
        return shards[0]
    index = faiss.IndexShards(shards[0].d, True, True)  # type: ignore[call-arg]  # noqa: FBT003 - as threads, in order
    for shard in shards:
        index.add_shard(shard)
    return index


def joined(shards: Sequence[faiss.IndexPQFastScan]) -> faiss.IndexPQFastScan:
    """The index that was split into them."""
    if len(shards) == 1:
        return shards[0]
    codes = np.concatenate([_codes(shard) for shard in shards])
    return _with_codes(shards[0], codes, sum(shard.ntotal for shard in shards))


def _codes(index: faiss.IndexPQFastScan) -> NDArray[np.uint8]:
    codes: NDArray[np.uint8] = faiss.rev_swig_ptr(index.codes.get(), index.codes.size())
    return codes


def _with_codes(index: faiss.IndexPQFastScan, codes: NDArray[np.uint8], count: int) -> faiss.IndexPQFastScan:
    """A copy with other codes, which are whole blocks."""
    copy = faiss.IndexPQFastScan(index.d, index.M, index.nbits, index.metric_type)
    copy.pq, copy.is_trained = index.pq, True
    faiss.copy_array_to_AlignedTable(codes, copy.codes)
    copy.ntotal = count
    copy.ntotal2 = -(-count // _BLOCK) * _BLOCK  # type: ignore[attr-defined]
    return copy
