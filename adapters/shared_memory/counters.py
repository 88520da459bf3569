"""LimitCounters in a table of shared memory (docs/decisions/0014-limits.md).

A file without a name, which the parent of the service's processes makes and they inherit. A holder has a slot in the
set of slots that its hash chooses. A lock on that set's bytes lets processes take turns; the kernel gives it back
when a process is killed. Photos are counted by process, so that those of a killed one can be given back.
"""

import fcntl
import hashlib
import math
import mmap
import os
import secrets
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from typing_extensions import override

from application.ports.limits import LimitCounters
from domain.limits import WINDOW_S, Quota

MAX_PROCESSES = 16
HOLDERS = 8192
"""Clients that are counted at once; beyond them, those that were seen longest ago are forgotten."""

_WAYS = 8
"""Slots of a set."""
_SETS = HOLDERS // _WAYS
_STEP_S = 5
"""Requests are counted by so many seconds."""
_STEPS = WINDOW_S // _STEP_S + 1
"""The last 60 seconds begin within the first of these."""
_LOCK_S = 0.02
"""The longest wait for a lock: a process that is stopped while it has one must not stop the others."""
_PAUSE_S = 0.0005

_ID_BYTES = 16
_SLOT = struct.Struct(f"<{_ID_BYTES}sq{_STEPS}I{MAX_PROCESSES}I")
"""A holder's hash, the step of its last request, requests by step, photos by process."""
_COUNTS_AT, _PHOTOS_AT = _ID_BYTES + 8, _ID_BYTES + 8 + 4 * _STEPS
_SALT_BYTES = 16
_HEAD_BYTES = _SALT_BYTES
_SIZE = _HEAD_BYTES + HOLDERS * _SLOT.size


class SharedCounters(LimitCounters):
    """Strict: never more than the limit in any 60 seconds. The price is that requests count for up to 65."""

    def __init__(self, file: int, place: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Use a table.

        Args:
            file: descriptor of the table; it must stay open.
            place: which of MAX_PROCESSES this process is: no two that run have the same.
            clock: in seconds, the same in all processes.
        """
        self.file = file
        self._place = place
        self._clock = clock
        self._table = mmap.mmap(file, _SIZE)
        self._salt = self._table[:_SALT_BYTES]

    @classmethod
    def create(cls, clock: Callable[[], float] = time.monotonic) -> "SharedCounters":
        """A new table, used as its first process."""
        file = os.memfd_create("face-limits")
        os.ftruncate(file, _SIZE)
        # So that nobody can choose addresses whose slots are in one set.
        os.pwrite(file, secrets.token_bytes(_SALT_BYTES), 0)
        return cls(file, 0, clock)

    def close(self) -> None:
        """Close the table."""
        self._table.close()
        os.close(self.file)

    @override
    def count_request(self, holder: str, limit: int) -> tuple[bool, Quota]:
        with self._slot(holder) as at:
            now = self._clock()
            step = int(now // _STEP_S)
            counts = self._counts(at, step)
            used = sum(counts)
            counted = used < limit
            if counted:
                counts[step % _STEPS] += 1
                used += 1
                struct.pack_into(f"<q{_STEPS}I", self._table, at + _ID_BYTES, step, *counts)
        remaining = max(0, limit - used)
        return counted, Quota(limit, remaining, _reset_s(counts, used, limit, now))

    @override
    def take_photo(self, holder: str, limit: int) -> bool:
        with self._slot(holder) as at:
            photos = struct.unpack_from(f"<{MAX_PROCESSES}I", self._table, at + _PHOTOS_AT)
            if sum(photos) >= limit:
                return False
            self._set_photos(at, photos[self._place] + 1)
            return True

    @override
    def give_back_photos(self, holder: str, number: int) -> None:
        with self._slot(holder) as at:
            (photos,) = struct.unpack_from("<I", self._table, at + _PHOTOS_AT + 4 * self._place)
            self._set_photos(at, max(0, photos - number))

    def give_back_all(self, place: int) -> None:
        """Give the photos of a process back that has ended."""
        kind = np.dtype(
            {
                "names": ["photos"],
                "formats": [f"{MAX_PROCESSES}<u4"],
                "offsets": [_PHOTOS_AT],
                "itemsize": _SLOT.size,
            }
        )
        slots = np.frombuffer(self._table, kind, HOLDERS, _HEAD_BYTES)
        slots["photos"][:, place] = 0

    def _set_photos(self, at: int, number: int) -> None:
        struct.pack_into("<I", self._table, at + _PHOTOS_AT + 4 * self._place, number)

    def _counts(self, at: int, step: int) -> list[int]:
        """Requests by step, without those that are older than the window."""
        last, *counts = struct.unpack_from(f"<q{_STEPS}I", self._table, at + _ID_BYTES)
        for past in range(max(last, step - _STEPS) + 1, step + 1):
            counts[past % _STEPS] = 0
        return counts

    @contextmanager
    def _slot(self, holder: str) -> Iterator[int]:
        """Where a holder's slot begins, while no other process uses it."""
        wanted = hashlib.blake2b(holder.encode(), digest_size=_ID_BYTES, key=self._salt).digest()
        number = int.from_bytes(wanted[:4], "little") % _SETS
        start, size = _HEAD_BYTES + number * _WAYS * _SLOT.size, _WAYS * _SLOT.size
        locked = self._lock(start, size)
        try:
            at = self._table.find(wanted, start, start + size)
            yield self._replace(start, wanted) if at < 0 else at
        finally:
            if locked:
                fcntl.lockf(self.file, fcntl.LOCK_UN, size, start)

    def _lock(self, start: int, size: int) -> bool:
        deadline = None
        while True:
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, size, start)
            except BlockingIOError:
                now = time.monotonic()
                deadline = deadline or now + _LOCK_S
                if now > deadline:
                    return False
                time.sleep(_PAUSE_S)
            else:
                return True

    def _replace(self, start: int, holder: bytes) -> int:
        """A new slot: a free one, or that of the holder without photos who was counted longest ago."""
        slots = [start + way * _SLOT.size for way in range(_WAYS)]
        idle = [at for at in slots if not any(self._table[at + _PHOTOS_AT : at + _SLOT.size])]
        at = min(idle or slots, key=lambda each: struct.unpack_from("<q", self._table, each + _ID_BYTES))
        self._table[at : at + _SLOT.size] = holder + bytes(_SLOT.size - _ID_BYTES)
        return at


def _reset_s(counts: list[int], used: int, limit: int, now: float) -> int:
    """Seconds until a request is given back; where there is none left, until one is."""
    step = int(now // _STEP_S)
    most = min(limit, used)
    for past in range(step - _STEPS + 1, step + 1):
        used -= counts[past % _STEPS]
        if used < most:
            return math.ceil((past + _STEPS) * _STEP_S - now)
    return WINDOW_S
