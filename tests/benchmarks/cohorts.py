"""What it costs to know what the impostors of a gallery are like.

    python -m tests.benchmarks.cohorts [--least 20] [--most 1000000]

Galleries of several sizes, of random vectors of 128 numbers, are made in an embedded server in a temporary folder.
For each is printed how long a draw of the cohort takes (with its statistics), loading it, and asking whether it is
still the same; the time of the processor of both sides; and the share of an enrolment, if the cohort is drawn as
often as application.gallery_calibration has it.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.postgres.cohorts import PostgresCohorts
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from application.gallery_calibration import changes_before_redraw
from tests.benchmarks.bulk import Meter

MODEL = "sface"
_BLOCK = 10_000
_FILL = """
    WITH person AS (
        INSERT INTO profile (collection, name)
        SELECT :name, 'person ' || i
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS i
        RETURNING id
    )
    INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding)
    SELECT id, :name, 'sface', 'yunet', (
        SELECT l2_normalize(array_agg(random() + random() + random() - 1.5)::real[]::vector)
        FROM generate_series(1, 128) WHERE person.id > 0
    )
    FROM person
"""


async def filled(engine: AsyncEngine, name: str, people: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO collection (name) VALUES (:name)"), {"name": name})
    for first in range(0, people, _BLOCK):
        block = {"name": name, "first": first + 1, "last": min(people, first + _BLOCK)}
        async with engine.begin() as connection:
            await connection.execute(text(_FILL), block)


async def timed(work: Callable[[], Awaitable[object]], cluster: Path, times: int) -> tuple[float, float]:
    """The median of the seconds that it takes, and the mean of those of the processor, the server's included."""
    await work()
    taken = []
    with Meter(cluster) as meter:
        for _ in range(times):
            start = time.perf_counter()
            await work()
            taken.append(time.perf_counter() - start)
    return statistics.median(taken), meter.cpu / times


async def measure(least: int, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            engine = make_engine(await server.start(), 2)
            await migrate(engine)
            cohorts, cluster = PostgresCohorts(engine), Path(folder) / "postgres"
            for people in [size for size in (20, 50, 1000, 50_000, 1_000_000) if least <= size <= most]:
                name = f"of-{people}"
                await filled(engine, name, people)
                for vacuumed in (False, True):
                    if vacuumed:
                        async with engine.connect() as connection:
                            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
                            await alone.execute(text("VACUUM ANALYZE face"))
                    times = 3 if people > 10_000 else 100
                    draw = await timed(partial(cohorts.draw, name, MODEL), cluster, times)
                    load = await timed(partial(cohorts.load, name, MODEL), cluster, times)
                    known = await cohorts.load(name, MODEL)
                    check = await timed(partial(cohorts.load, name, MODEL, known), cluster, times)
                    steps = draw, load, check
                    share = steps[0][1] / changes_before_redraw(people)
                    told = ", ".join(
                        f"{step} {wall * 1e3:.2f} ms ({cpu * 1e3:.2f} ms CPU)"
                        for step, (wall, cpu) in zip(("draw", "load", "check"), steps, strict=True)
                    )
                    state = "vacuumed" if vacuumed else "just written"
                    click.echo(f"{people} people, {state}: {told}; {share * 1e3:.3f} ms CPU an enrolment")
            await engine.dispose()
        finally:
            await server.stop()


@click.command()
@click.option("--least", default=20, help="leave out smaller galleries")
@click.option("--most", default=1_000_000, help="leave out larger galleries")
def main(least: int, most: int) -> None:
    """Print the figures."""
    asyncio.run(measure(least, most))


if __name__ == "__main__":
    main()
