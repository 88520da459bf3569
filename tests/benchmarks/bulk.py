"""How much of the rate of bare analysis an enrolment of many photos keeps.

    python -m tests.benchmarks.bulk FOLDER

FOLDER has one folder a person. The photos are cut into blocks. Each block is put through the bare pipeline
(read, decode, detect, align and embed on as many threads as there are cores, nothing stored) and enrolled on the
embedded server of a fresh data directory, in turns, so that a busy machine disturbs both alike. Printed are the
rates of each block, the median of their ratios, and the ratio of the whole.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import msgspec
import uvloop

from application.analysis import FaceAnalyser, FaceSelection
from application.bulk.enrol import EnrolPhotos, PersonPhoto
from application.enrolment import Enrol
from application.evaluation.photos import find_photos
from domain.faces import largest
from domain.models import ModelChoice
from entrypoints.boot import storing
from entrypoints.settings import Settings, load_settings

BLOCK = 400


def bare(analyser: FaceAnalyser, choice: ModelChoice, threads: int, photos: list[PersonPhoto]) -> float:
    """Photos a second."""

    def work(photo: PersonPhoto) -> None:
        image = analyser.decoder.decode(photo.path.read_bytes())
        faces = analyser.models.detector(choice.detection).detect(image)
        if faces:
            crop = analyser.aligner.align(image, largest(faces))
            analyser.models.embedder(choice.recognition).embed([crop])

    with ThreadPoolExecutor(threads) as pool:
        begun = time.perf_counter()
        list(pool.map(work, photos))
        return len(photos) / (time.perf_counter() - begun)


async def enrolling(use_case: EnrolPhotos, how: Enrol, photos: list[PersonPhoto]) -> float:
    """Photos a second."""
    begun = time.perf_counter()
    async for _ in use_case.execute(photos, how):
        pass
    return len(photos) / (time.perf_counter() - begun)


async def measure(folder: Path, settings: Settings) -> None:
    photos = [PersonPhoto(photo.person, photo.path) for photo in find_photos(folder)]
    blocks = [photos[start : start + BLOCK] for start in range(0, len(photos), BLOCK)]
    how = Enrol(selection=FaceSelection.LARGEST)
    rates: list[tuple[int, float, float]] = []
    async with storing(settings) as container:
        use_case, analyser = container.enrol_photos(), container.analyser()
        choice = await use_case.prepare(how)
        bare(analyser, choice, settings.worker_count, photos[:20])
        for number, block in enumerate(blocks):
            alone = stored = 0.0
            for first in (number % 2 == 0, number % 2 == 1):
                if first:
                    alone = await asyncio.to_thread(bare, analyser, choice, settings.worker_count, block)
                else:
                    stored = await enrolling(use_case, how, block)
            rates.append((len(block), alone, stored))
            click.echo(f"{number + 1:2}: bare {alone:6.1f}/s, enrolled {stored:6.1f}/s, {stored / alone:.1%}")
    whole = sum(n / alone for n, alone, _ in rates) / sum(n / stored for n, _, stored in rates)
    median = statistics.median(stored / alone for _, alone, stored in rates)
    click.echo(f"median of the ratios {median:.1%}, whole {whole:.1%}")


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        settings = load_settings({**os.environ, "FACE_DATA_DIR": data, "FACE_DATABASE_URL": "embedded"})
        roomy = msgspec.structs.replace(settings, queue=max(settings.queue, 2 * settings.bulk_width))
        uvloop.run(measure(Path(sys.argv[1]), roomy))


if __name__ == "__main__":
    main()
