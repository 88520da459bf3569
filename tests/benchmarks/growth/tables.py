"""The figures, for people."""

from collections.abc import Iterator, Sequence

from tests.benchmarks.growth.measure import Growth
from tests.benchmarks.growth.pgvector_growth import GraphFigures
from tests.benchmarks.table import Table


def in_short(growth: Sequence[Growth]) -> Iterator[tuple[str, str]]:
    """The service's search beside pgvector's."""
    for row in growth:
        if row.service is None or row.pgvector is None:
            continue
        size, own = f"search among {_size(row)}", row.service.search
        yield f"{size}: p50, p99", f"{own.p50:.1f} ms, {own.p99:.1f} ms"
        parallel = row.pgvector.parallel_scan.search.p50
        yield f"{size}: times as fast as pgvector's parallel scan", f"{parallel / own.p50:.0f}"
        if (graph := row.pgvector.graph) is not None:
            peer = f"pgvector's HNSW, which finds {graph.found:.1%}"
            yield f"{size}: times as fast as {peer}", f"{graph.search.p50 / own.p50:.1f}"


def tables(growth: Sequence[Growth]) -> Iterator[Table]:
    """Of the index, of the service, and of pgvector."""
    yield _index(growth)
    yield _service(growth)
    yield _pgvector(growth)


def _size(row: Growth) -> str:
    return f"{row.faces:,} x {row.dimensions}"


def _index(growth: Sequence[Growth]) -> Table:
    head = (
        *("faces", "p50 ms", "p99 ms", "CPU ms", "ten people ms", "recall@1", "recall@10"),
        *("identified", "by exact search", "read for one", "fill s", "save s", "ready again s"),
        *("disk, bytes a face", "memory", "inserts a second", "p50 ms beside 100 a second"),
    )
    rows = []
    for row in growth:
        own = row.index
        times = own.search.p50, own.search.p99, own.cpu.p50, own.search_ten.p50
        shares = own.recall, own.recall_ten, own.identified, own.identified_exactly
        rows.append(
            (
                _size(row),
                *(f"{value:.2f}" for value in times),
                *(f"{value:.1%}" for value in shares),
                *(f"{own.shortlist:.2f}", f"{own.build_s:.1f}", f"{own.save_s:.2f}", f"{own.open_s:.2f}"),
                *(f"{own.saved_bytes_a_face:.0f}", f"{own.resident_bytes_a_face:.0f}"),
                *(f"{own.inserts_a_second:.0f}", f"{own.search_while_inserting.p50:.2f}"),
            )
        )
    return Table("Search: the index alone", head, rows)


def _service(growth: Sequence[Growth]) -> Table:
    head = (
        *("faces", "p50 ms", "p99 ms", "first time p50 ms", "p99 ms", "identified"),
        *("filled from the database s", "ready again s"),
        *("inserts a second", "p50 ms beside them", "p99 ms"),
    )
    rows = []
    for row in growth:
        if (own := row.service) is not None:
            beside = own.search_while_inserting
            rows.append(
                (
                    _size(row),
                    *(f"{own.search.p50:.2f}", f"{own.search.p99:.2f}"),
                    *(f"{own.first.p50:.2f}", f"{own.first.p99:.2f}", f"{own.identified:.1%}"),
                    *(f"{own.fill_s:.1f}", f"{own.ready_s:.1f}", f"{own.inserts_a_second:.0f}"),
                    *(f"{beside.p50:.2f}", f"{beside.p99:.2f}"),
                )
            )
    return Table("Search: the service, index and database", head, rows)


def _pgvector(growth: Sequence[Growth]) -> Table:
    head = (
        *("faces", "scan ms", "parallel ms", "times the service's"),
        *("HNSW built in s", "ef_search", "HNSW ms", "times the service's", "found"),
    )
    rows = []
    for row in growth:
        if (peer := row.pgvector) is not None and row.service is not None:
            own, parallel = row.service.search.p50, peer.parallel_scan.search.p50
            rows.append(
                (
                    _size(row),
                    *(f"{peer.scan.search.p50:.1f}", f"{parallel:.1f}", f"{parallel / own:.0f}"),
                    *(_graph(peer.graph, own) if peer.graph else ("",) * 5),
                )
            )
    return Table("Search: pgvector without an index of ours, medians", head, rows)


def _graph(graph: GraphFigures, own: float) -> tuple[str, ...]:
    times = f"{graph.search.p50:.1f}", f"{graph.search.p50 / own:.1f}"
    return f"{graph.build_s:.0f}", f"{graph.ef_search}", *times, f"{graph.found:.1%}"
