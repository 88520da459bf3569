"""The figures of the peers, for people."""

from collections.abc import Iterator

from tests.benchmarks.report import Peers
from tests.benchmarks.table import Table, spread


def in_short(found: Peers) -> Iterator[tuple[str, str]]:
    """The service's throughput in theirs."""
    for peer in found.services[1:]:
        yield (
            f"HTTP, {found.clients} clients: times the throughput of {peer.name}",
            spread(peer.times, 2),
        )


def tables(found: Peers) -> Iterator[Table]:
    """One."""
    rows = [
        (
            one.name,
            spread(one.times, 2),
            spread(one.per_second, 1),
            *(spread(value, 1) for value in (one.p50, one.p99, one.computed)),
            f"{one.memory:.0f}",
            str(one.errors),
            f"{one.recognised} of {found.people}",
        )
        for one in found.services
    ]
    head = (
        *("", "face-api's throughput in its", "a second", "p50 ms", "p99 ms", "processor ms an answer"),
        *("MB", "errors", "recognised"),
    )
    title = (
        f"Recognition over HTTP beside others' services, {found.clients} clients,"
        f" photos of {found.people} people, {found.cores} cores"
    )
    yield Table(title, head, rows)
