from collections.abc import Callable

import pytest

from tests.benchmarks.limits import growth, images_per_second
from tests.benchmarks.report import Comparison
from tests.benchmarks.statistics import Spread, interleaved, percentile, ratio


class Clock:
    """Time goes by when work is done."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def work(self, name: str, seconds: float) -> Callable[[], None]:
        def done() -> None:
            self.now += seconds
            self.order.append(name)

        return done


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    assert Spread.of([5, 1, 2, 3, 4]) == Spread(3, 2, 4)
    assert Spread.of([7]) == Spread(7, 7, 7)
    assert Spread.of([1, 2, 3]).times(10) == Spread(20, 15, 25)


def test_contestants_take_turns_and_warm_up() -> None:
    clock = Clock()
    works = {"a": clock.work("a", 0.002), "b": clock.work("b", 0.006)}
    taken = interleaved(works, rounds=2, repeats=2, clock=clock)
    assert "".join(clock.order) == "ab" + "aabb" * 2
    assert taken == {"a": pytest.approx([2, 2]), "b": pytest.approx([6, 6])}


def test_a_ratio_is_taken_round_by_round() -> None:
    # The whole second round was disturbed: the ratio isn't.
    assert ratio([2, 20, 2], [1, 10, 1]) == Spread(2, 2, 2)
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_a_comparison_is_with_the_first() -> None:
    found = Comparison.of("work", {"ours": [1, 2], "theirs": [3, 6]})
    assert [(one.name, one.ratio.median) for one in found.contestants] == [("ours", 1), ("theirs", 3)]
    assert found.contestants[0].ms == Spread(1.5, 1.25, 1.75)


def test_the_limit_is_all_cores_at_the_speed_of_one_thread() -> None:
    assert images_per_second(2, 20) == 100


def test_growth_and_percentiles() -> None:
    assert growth(200, 210) == pytest.approx(0.05)
    assert percentile(range(101), 0.99) == 99
