"""Which connections are closed where there are too many."""

import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.http.connection_budget import (
    FILES_BESIDE,
    ConnectionBudget,
    State,
    allow_open_files,
)

HEAD, IDLE, BODY, ANSWER = State


class Connection:
    def __init__(self, budget: ConnectionBudget, state: State = HEAD) -> None:
        self.closed = False
        self.state = state
        self._budget = budget
        budget.enter(self, HEAD)
        self.enter(state)

    def enter(self, state: State) -> None:
        if not self.closed:
            self.state = state
            self._budget.enter(self, state)

    def make_room(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("states", "closed"),
    [
        ([HEAD, HEAD, HEAD], 0),
        ([ANSWER, HEAD, HEAD], 1),
        ([BODY, IDLE, HEAD], 2),
        ([BODY, IDLE, ANSWER], 1),
        ([ANSWER, BODY, BODY], 1),
    ],
)
def test_the_one_that_has_waited_longest_for_its_client(states: list[State], closed: int) -> None:
    budget = ConnectionBudget(3)
    connections = [Connection(budget, state) for state in states]
    newcomer = Connection(budget)
    assert [each.closed for each in connections] == [number == closed for number in range(3)]
    assert not newcomer.closed
    assert len(budget) == 3


def test_requests_that_have_arrived_are_not_given_up() -> None:
    budget = ConnectionBudget(3)
    connections = [Connection(budget, ANSWER) for _ in range(3)]
    assert Connection(budget).closed
    assert not any(each.closed for each in connections)


@settings(deadline=None)
@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 30), st.sampled_from([*State, None]))))
def test_never_more_than_the_limit(limit: int, steps: list[tuple[int, State | None]]) -> None:
    budget = ConnectionBudget(limit)
    connections: list[Connection] = []
    for number, state in steps:
        if number >= len(connections) or connections[number].closed:
            connections.append(Connection(budget))
        elif state is None:
            budget.leave(connections.pop(number))
        else:
            connections[number].enter(state)
        assert len(budget) == sum(not each.closed for each in connections) <= limit


def test_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [300, 1000]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.__setitem__(slice(None), new))
    assert allow_open_files(50) == 50
    assert limits == [300, 1000]
    assert allow_open_files(500) == 500
    assert limits == [500 + FILES_BESIDE, 1000]
    assert allow_open_files(5000) == 1000 - FILES_BESIDE
    assert limits == [1000, 1000]
