"""How much of the rate of bare analysis an enrolment of many photos keeps.

    python -m tests.benchmarks.bulk FOLDER

FOLDER has one folder a person. The photos are cut into blocks. Each block is put through the bare pipeline
(read, decode, detect, align and embed on as many threads as there are cores, nothing stored) and enrolled on the
embedded server of a fresh data directory, in turns, so that a busy machine disturbs both alike. Printed are the
rates of each block and the CPU time of a photo, the database's included; then the median of the ratios of the rates,
the ratio of the whole, and that of the CPU time, which other programs disturb least: where all cores are busy, the
rate is what the CPU time allows.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click
import msgspec
import uvloop
from dependency_injector import providers

from adapters.embedded_postgres.processes import processes_in
from application.analysis.analyser import FaceAnalyser
from application.analysis.selection import FaceSelection
from application.bulk.enrol import EnrolPhotos
from application.enrolment import EnrolmentOptions
from application.photo_folders import PhotoFile, find_photos
from domain.faces import largest
from domain.models import ModelChoice
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.start import storing

BLOCK = 100


@dataclass(frozen=True)
class Cost:
    """Of a block."""

    photos: int
    seconds: float
    cpu: float
    """Of this process and the database's, in seconds."""

    @property
    def rate(self) -> float:
        return self.photos / self.seconds

    def __str__(self) -> str:
        return f"{self.rate:5.1f}/s, {self.cpu / self.photos * 1e3:4.1f} ms CPU"


@dataclass
class Meter:
    """Measures what is done under it."""

    cluster: Path

    def __enter__(self) -> Self:
        self.begun, self.cpu = time.perf_counter(), self.used()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self.begun, self.used() - self.cpu

    def used(self) -> float:
        """CPU seconds so far."""
        return time.process_time() + sum(map(_cpu_of, processes_in(self.cluster)))


def _cpu_of(pid: int) -> float:
    """proc(5): user and system time are fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare(analyser: FaceAnalyser, choice: ModelChoice, threads: int, photos: list[PhotoFile]) -> None:
    def work(photo: PhotoFile) -> None:
        image = analyser.decoder.decode(photo.path.read_bytes())
        faces = analyser.models.detector(choice.detection).detect(image)
        if faces:
            crop = analyser.aligner(choice.recognition).align(image, largest(faces, image))
            analyser.models.embedder(choice.recognition).embed([crop])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, photos))


async def enrolling(use_case: EnrolPhotos, how: EnrolmentOptions, photos: list[PhotoFile]) -> None:
    async for _ in use_case.execute(photos, how):
        pass


async def measure(folder: Path, settings: Settings) -> None:
    photos = find_photos(folder)
    blocks = [photos[start : start + BLOCK] for start in range(0, len(photos), BLOCK)]
    how = EnrolmentOptions(selection=FaceSelection.LARGEST)
    results: list[dict[str, Cost]] = []
    container = Container(settings=providers.Object(settings))
    async with storing(container):
        use_case, analyser = container.enrol_photos(), container.analyser()
        choice = await use_case.prepare(how)
        bare(analyser, choice, settings.worker_count, photos[:20])
        for number, block in enumerate(blocks):
            costs: dict[str, Cost] = {}
            for kind in ("bare", "enrolled") if number % 2 else ("enrolled", "bare"):
                with Meter(settings.data_dir / "postgres") as meter:
                    if kind == "bare":
                        await asyncio.to_thread(bare, analyser, choice, settings.worker_count, block)
                    else:
                        await enrolling(use_case, how, block)
                costs[kind] = Cost(len(block), meter.seconds, meter.cpu)
            results.append(costs)
            ratio = costs["enrolled"].rate / costs["bare"].rate
            click.echo(f"{number + 1:2}: bare {costs['bare']}; enrolled {costs['enrolled']}; {ratio:.1%}")
    median = statistics.median(each["enrolled"].rate / each["bare"].rate for each in results)
    whole, cpu = (
        sum(getattr(each["bare"], of) for each in results)
        / sum(getattr(each["enrolled"], of) for each in results)
        for of in ("seconds", "cpu")
    )
    click.echo(f"enrolled / bare: median of the rates {median:.1%}, whole {whole:.1%}, by CPU time {cpu:.1%}")


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        settings = load_settings({**os.environ, "FACE_DATA_DIR": data, "FACE_DATABASE_URL": "embedded"})
        roomy = msgspec.structs.replace(settings, queue=max(settings.queue, 2 * settings.bulk_concurrency))
        uvloop.run(measure(Path(sys.argv[1]), roomy))


if __name__ == "__main__":
    main()
