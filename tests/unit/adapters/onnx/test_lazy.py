from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from adapters.onnx.lazy import LazyValues


def test_concurrent_threads_get_the_same_value() -> None:
    made: list[str] = []
    together = Barrier(8)

    def make(name: str) -> object:
        made.append(name)
        return object()

    values = LazyValues(make)

    def ask(_: int) -> object:
        together.wait()
        return values.get("a")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert made == ["a"]
    assert values.has("a")


def test_a_failed_value_is_tried_again() -> None:
    failures = [ValueError("not now")]

    def make(_: str) -> int:
        if failures:
            raise failures.pop()
        return 42

    values = LazyValues(make)
    with pytest.raises(ValueError, match="not now"):
        values.get("a")
    assert not values.has("a")
    assert values.get("a") == 42
