from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from adapters.onnx.lazy import Once


def test_threads_that_ask_together_get_one_and_the_same() -> None:
    made: list[str] = []
    together = Barrier(8)

    def make(name: str) -> object:
        made.append(name)
        return object()

    once = Once(make)

    def ask(_: int) -> object:
        together.wait()
        return once.get("a")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert made == ["a"]
    assert once.has("a")


def test_what_failed_is_tried_again() -> None:
    failures = [ValueError("not now")]

    def make(_: str) -> int:
        if failures:
            raise failures.pop()
        return 42

    once = Once(make)
    with pytest.raises(ValueError, match="not now"):
        once.get("a")
    assert not once.has("a")
    assert once.get("a") == 42
