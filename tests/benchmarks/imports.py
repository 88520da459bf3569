"""How fast an archive of embeddings is imported, and whether that grows with what is there already.

    python -m tests.benchmarks.imports [--faces 100000] [--kind kept|new|digests]

A synthetic archive is written as `face-api export` writes one, and imported into the embedded server of a temporary
folder. Printed for each tenth of the faces: faces a second, the processor time of a face here and in the database,
and the resident memory of this process. `kept` keeps the archive's ids; `new` gives new ones, as there is somebody
already; `digests` is `new` with the digest of a photo for each face, by which it is recognised.
"""

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import click
import uvloop
from dependency_injector import providers

from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from application.bulk.export import PAGE
from application.ports.archive import ArchivedFace, ArchivedPerson
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION, Face, FaceId, ProfileId
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.start import storing
from tests.benchmarks.bulk import Meter
from tests.benchmarks.simulation import faces as simulated

KINDS = ("kept", "new", "digests")
_MODEL, _DETECTOR = "sface", "yunet"
_BLOCK = 50_000


def write(path: Path, count: int, dimensions: int, *, digests: bool) -> None:
    """An archive of so many people with one face each."""
    now = datetime.now(UTC)
    with writing(path, "benchmark") as archive:
        archive.section(DEFAULT_COLLECTION)
        for first in range(0, count, PAGE):
            ids = range(first + 1, min(first + PAGE, count) + 1)
            archive.people([ArchivedPerson(ProfileId(i), f"person {i:09}", {}, now) for i in ids])
        for start in range(0, count, _BLOCK):
            vectors = simulated(min(_BLOCK, count - start), dimensions, seed=start)
            for first in range(0, len(vectors), PAGE):
                archive.faces(
                    [
                        ArchivedFace(
                            Face(
                                FaceId(i),
                                ProfileId(i),
                                f"person {i:09}",
                                _MODEL,
                                _DETECTOR,
                                DEFAULT_COLLECTION,
                            ),
                            Embedding(vector, _MODEL, 10.0),
                            hashlib.sha256(str(i).encode()).digest() if digests else None,
                            None,
                            now,
                        )
                        for i, vector in enumerate(vectors[first : first + PAGE], start + first + 1)
                    ]
                )
        archive.finish()


def resident_mb() -> float:
    """Of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class _Clock:
    """Seconds, and those of the processor that this process and the database have used."""

    wall: float
    own: float
    database: float

    @classmethod
    def now(cls, meter: Meter) -> Self:
        own = time.process_time()
        return cls(time.perf_counter(), own, meter.used() - own)

    def since(self, earlier: Self, count: int) -> str:
        """The rate of so many, and what one took."""
        here, there = (1e6 * (self.own - earlier.own), 1e6 * (self.database - earlier.database))
        return (
            f"{count / (self.wall - earlier.wall):,.0f} a second,"
            f" {here / count:.0f} us here and {there / count:.0f} us in the database each"
        )


async def measure(path: Path, settings: Settings, count: int, kind: str) -> None:
    """Import, and print."""
    container = Container(settings=providers.Object(settings))
    async with storing(container):
        use_case = container.import_people()
        if kind != "kept":
            await container.profiles().create(DEFAULT_COLLECTION, "somebody", {})
        with reading(path) as reader:
            sections = use_case.chosen(reader, None)
            began = time.perf_counter()
            async for _ in use_case.check(reader, sections):
                pass
            click.echo(f"checked: {time.perf_counter() - began:.1f} s, {resident_mb():.0f} MB")
            with Meter(settings.data_dir / "postgres") as meter:
                begun = lap = _Clock.now(meter)
                people, reported = begun, 0
                async for done in use_case.execute(reader, sections):
                    if done.faces == 0:
                        people = lap = _Clock.now(meter)
                    elif done.faces - reported >= count // 10:
                        now = _Clock.now(meter)
                        click.echo(
                            f"{done.faces:9,} faces: {now.since(lap, done.faces - reported)}, {resident_mb():.0f} MB"
                        )
                        reported, lap = done.faces, now
                ended = _Clock.now(meter)
            click.echo(f"people: {people.since(begun, count)}")
            click.echo(f"their faces: {ended.since(people, count)}")
            click.echo(
                f"both: {ended.since(begun, count)}, {resident_mb():.0f} MB; {done.new_faces:,} new faces"
            )


@click.command()
@click.option("--faces", type=click.IntRange(10), default=100_000, show_default=True)
@click.option("--dimensions", type=click.IntRange(1, 2000), default=128, show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default="kept", show_default=True)
def main(faces: int, dimensions: int, kind: str) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="face-import-") as folder:
        Path(folder).chmod(0o755)  # the database has an account of its own
        archive, data = Path(folder) / "archive.zip", Path(folder) / "data"
        data.mkdir()
        began = time.perf_counter()
        write(archive, faces, dimensions, digests=kind == "digests")
        size = archive.stat().st_size
        click.echo(f"archive: {size / 1e6:.0f} MB, {time.perf_counter() - began:.1f} s")
        settings = load_settings({**os.environ, "FACE_DATA_DIR": str(data), "FACE_DATABASE_URL": "embedded"})
        uvloop.run(measure(archive, settings, faces, kind))


if __name__ == "__main__":
    main()
