"""A short form of the load: what it promises is held for a hundred answers."""

import pytest

from tests.attacks.load import Load, load

MOST_S, ANSWERS = 300, 100


@pytest.mark.parametrize("slow_senders", [0, 200])
def test_64_clients(slow_senders: int) -> None:
    outcome = load(MOST_S, 64, slow_senders, enough=ANSWERS)
    # Memory settles after a minute only: the long form looks at that.
    assert [each for each in outcome.problems(MOST_S) if each != "memory"] == []
    assert outcome.statuses[200] >= ANSWERS


def test_what_is_not_held_is_said() -> None:
    bad = Load(
        memory_mb=[(float(second), 100.0 + second, 90.0) for second in range(300)], errors=["Traceback"]
    )
    bad.statuses.update([200, 500, 503])
    bad.without_retry_after = 1
    bad.accepted_s = [31.0]
    assert len(bad.problems(300)) == 5
    good = Load(memory_mb=[(float(second), 100.0, 90.0) for second in range(300)], accepted_s=[1.0])
    good.statuses.update([200, 503])
    assert good.problems(300) == []
