import pytest

from adapters.threads.allowance import Allowance


@pytest.mark.parametrize(
    ("typical", "allowed", "too_much"),
    [(0.01, 0.25, 0.26), (0.05, 0.5, 0.51), (5.0, 0.99, 1.01)],
    ids=["at least what an ordinary photo takes", "ten times what is typical", "not more than a second"],
)
def test_the_allowance_follows_what_is_typical(typical: float, allowed: float, too_much: float) -> None:
    allowance = Allowance()
    for number in range(64):
        allowance.note(typical if number % 2 else typical * 0.9)
    allowance.note(typical)
    assert allowance.covers(allowed)
    assert not allowance.covers(too_much)


def test_before_anything_is_known_it_is_the_largest() -> None:
    assert Allowance().covers(0.99)
    assert not Allowance().covers(1.01)


def test_single_exceptions_change_nothing() -> None:
    allowance = Allowance()
    for seconds in [0.01] * 40 + [3.0] * 20:
        allowance.note(seconds)
    assert not allowance.covers(0.3)
