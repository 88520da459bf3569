"""Values that are expensive to make: made on first use, once, however many threads ask for them."""

from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=str)
T = TypeVar("T")


class LazyValues(Generic[K, T]):
    """Values by name; `make(name)` is called once for each, and again if it raised."""

    def __init__(self, make: Callable[[K], T]) -> None:
        self._make = make
        self._values: dict[K, T] = {}
        self._locks: defaultdict[K, Lock] = defaultdict(Lock)

    def get(self, name: K) -> T:
        """The value of that name."""
        if name not in self._values:
            with self._locks[name]:
                if name not in self._values:
                    self._values[name] = self._make(name)
        return self._values[name]

    def has(self, name: K) -> bool:
        """Whether the value has been made."""
        return name in self._values
