"""The figures, for people."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from entrypoints.growth.measure import Growth
from entrypoints.growth.pgvector_growth import GraphFigures


def tables(growth: Sequence[Growth]) -> Iterator[Table]:
    """Of the index; of the service and of pgvector, where they were measured."""
    yield _index(growth)
    if any(row.service for row in growth):
        yield _service(growth)
    if any(row.pgvector for row in growth):
        yield _pgvector(growth)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in ("faces", *columns):
        table.add_column(column)
    return table


def _size(row: Growth) -> str:
    return f"{row.faces:,} x {row.dimensions}"


def _index(growth: Sequence[Growth]) -> Table:
    columns = (
        "p50 ms",
        "p99 ms",
        "CPU ms",
        "10 people",
        "recall@1",
        "@10",
        "identified",
        "exactly",
        "shortlist",
    )
    more = "fill s", "save s", "ready s", "disk B", "RAM B", "inserts/s", "p50 then"
    table = _table("The index alone, one thread", *columns, *more)
    for row in growth:
        own = row.index
        table.add_row(
            _size(row),
            *(f"{value:.2f}" for value in (own.search.p50, own.search.p99, own.cpu.p50, own.search_ten.p50)),
            *(
                f"{value:.1%}"
                for value in (own.recall, own.recall_ten, own.identified, own.identified_exactly)
            ),
            *(f"{value:.1f}" for value in (own.shortlist, own.build_s)),
            *(f"{value:.2f}" for value in (own.save_s, own.open_s)),
            *(f"{value:.0f}" for value in (own.saved_bytes_a_face, own.resident_bytes_a_face)),
            *(f"{own.inserts_a_second:.0f}", f"{own.search_while_inserting.p50:.2f}"),
        )
    return table


def _service(growth: Sequence[Growth]) -> Table:
    columns = "p50 ms", "p99 ms", "identified", "fill s", "ready s", "inserts/s", "p50 then", "p99 then"
    table = _table("Index and database", *columns)
    for row in growth:
        if (own := row.service) is not None:
            beside = own.search_while_inserting
            table.add_row(
                _size(row),
                *(f"{own.search.p50:.2f}", f"{own.search.p99:.2f}", f"{own.identified:.1%}"),
                *(f"{own.fill_s:.1f}", f"{own.ready_s:.1f}", f"{own.inserts_a_second:.0f}"),
                *(f"{beside.p50:.2f}", f"{beside.p99:.2f}"),
            )
    return table


def _pgvector(growth: Sequence[Growth]) -> Table:
    columns = "scan ms", "parallel ms", "ratio", "HNSW build s", "ef_search", "ms", "ratio", "found"
    table = _table("pgvector, medians; ratios to the index", *columns)
    for row in growth:
        if (peer := row.pgvector) is not None:
            own, parallel = row.index.search.p50, peer.parallel_scan.search.p50
            table.add_row(
                _size(row),
                *(f"{peer.scan.search.p50:.1f}", f"{parallel:.1f}", f"{parallel / own:.0f}"),
                *(_graph(peer.graph, own) if peer.graph else ()),
            )
    return table


def _graph(graph: GraphFigures, own: float) -> tuple[str, ...]:
    times = f"{graph.search.p50:.1f}", f"{graph.search.p50 / own:.1f}"
    return f"{graph.build_s:.0f}", f"{graph.ef_search}", *times, f"{graph.found:.1%}"
