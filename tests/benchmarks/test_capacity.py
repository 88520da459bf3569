"""The simulation beside what queueing theory knows."""

import pytest

from tests.benchmarks.capacity.chain import Chain, Part, of_a_chain
from tests.benchmarks.capacity.events import Process, Processor, Simulation, Slots
from tests.benchmarks.capacity.service import Request, Topology, by_clients, by_rate, of_a_run


def work(simulation: Simulation, processor: Processor, seconds: float, ended: list[float]) -> Process:
    yield processor.run(seconds)
    ended.append(simulation.now)


@pytest.mark.parametrize(
    ("cores", "jobs", "expected"),
    [
        ([1], [1.0], [1.0]),
        ([1, 2], [1.0, 1.0], [1.0, 1.0]),
        ([1], [1.0, 1.0], [2.0, 2.0]),
        ([1], [1.0, 3.0], [2.0, 4.0]),
        ([0.5], [1.0], [2.0]),
        ([0.5, 0.8], [1.0, 1.0], [2.5, 2.5]),
        ([1, 2], [1.0, 1.0, 1.0], [1.5, 1.5, 1.5]),
    ],
)
def test_jobs_share_the_cores(cores: list[float], jobs: list[float], expected: list[float]) -> None:
    simulation, ended = Simulation(), list[float]()
    processor = Processor(simulation, cores)
    for seconds in jobs:
        simulation.start(work(simulation, processor, seconds, ended))
    simulation.run(10)
    assert ended == pytest.approx(expected)
    assert processor.busy == pytest.approx(sum(jobs))


def test_who_comes_later_slows_those_who_are_there() -> None:
    simulation, ended = Simulation(), list[float]()
    processor = Processor(simulation, [1])
    simulation.start(work(simulation, processor, 2.0, ended))
    simulation.at(1.0, lambda: simulation.start(work(simulation, processor, 0.5, ended)))
    simulation.run(10)
    assert ended == pytest.approx([2.0, 2.5])


def test_slots_are_given_in_the_order_of_the_line() -> None:
    simulation, slots, held = Simulation(), Slots(1), list[int]()

    def one(number: int) -> Process:
        yield slots.take
        held.append(number)
        yield simulation.wait(1)
        slots.leave()

    for number in range(3):
        simulation.start(one(number))
    simulation.run(0.5)
    assert (held, len(slots)) == ([0], 2)
    simulation.run(5)
    assert (held, len(slots)) == ([0, 1, 2], 0)


PHOTO = Request(worker=[0.03], loop=0.0)


def test_one_client_gets_an_answer_each_time_that_one_takes() -> None:
    figures = by_clients(Topology(), PHOTO, 1)
    assert figures.per_second == pytest.approx(1 / 0.03, rel=0.02)
    assert figures.ms(0.5) == pytest.approx(30)


def test_many_clients_get_what_the_cores_give() -> None:
    figures = by_clients(Topology(cores=2, workers=3), PHOTO, 16)
    assert figures.per_second == pytest.approx(2 / 0.03, rel=0.02)
    # Little's law.
    assert sum(figures.latencies) / figures.seconds == pytest.approx(16, rel=0.05)
    assert figures.instances == pytest.approx(1, abs=0.01)


def test_a_short_run_ends_with_its_last_answer() -> None:
    figures = of_a_run(Topology(cores=1, workers=1), PHOTO, 3, 0.05)
    assert figures.latencies == pytest.approx([0.03, 0.06, 0.09, 0.09])
    assert figures.seconds == pytest.approx(0.12)


def test_chance_makes_the_queue_that_theory_says() -> None:
    """One server, Poisson arrivals, constant work: the mean wait is load * work / (2 * (1 - load))."""
    load, seconds = 0.7, 0.03
    figures = by_rate(Topology(cores=1, workers=1), PHOTO, load / seconds, 600)
    mean = sum(figures.latencies) / len(figures.latencies)
    assert mean == pytest.approx(seconds + load * seconds / (2 * (1 - load)), rel=0.1)
    assert figures.instances == pytest.approx(load, rel=0.05)


def test_the_database_of_many_instances_is_the_limit_at_last() -> None:
    request = Request(worker=[0.0], loop=0.001, database=0.001)
    figures = by_rate(Topology(instances=10, database_cores=1), request, 2000, 4)
    assert figures.per_second == pytest.approx(1000, rel=0.05)
    assert figures.database > 0.99
    assert figures.waiting > 1000


def chain(waiting: int = 16) -> Chain:
    """28 ms of a photo in three services, 6 of them in the API."""
    return Chain(
        api=Part(loop=0.002, worker=[0.004], workers=waiting),
        models=[
            Part(loop=0.001, worker=[0.006], workers=3),
            Part(loop=0.001, worker=[0.014], workers=3),
        ],
    )


def test_one_client_of_three_services_waits_for_one_after_the_other() -> None:
    figures = of_a_chain(chain(), 1, 6)
    assert figures.ms(0.5) == pytest.approx(28)
    assert figures.per_second == pytest.approx(1 / 0.028, rel=0.02)


def test_many_clients_of_three_services_get_what_the_cores_give() -> None:
    figures = of_a_chain(chain(), 16, 6)
    assert figures.per_second == pytest.approx(2 / 0.028, rel=0.05)


def test_an_api_with_one_thread_asks_for_one_photo_at_a_time() -> None:
    """Others wait for the thread; only the event loop of the API goes on beside it."""
    figures = of_a_chain(chain(waiting=1), 16, 6)
    assert figures.per_second == pytest.approx(1 / 0.026, rel=0.02)
