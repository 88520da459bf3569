"""Values that are expensive to make: made on first use, once, however many threads ask together."""

from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """`make(name)` the first time that a name is asked for; what raises is tried again the next time."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._made: dict[str, T] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def get(self, name: str) -> T:
        """The value of that name."""
        if name not in self._made:
            with self._locks[name]:
                if name not in self._made:
                    self._made[name] = self._make(name)
        return self._made[name]

    def has(self, name: str) -> bool:
        """Whether it has been made."""
        return name in self._made
