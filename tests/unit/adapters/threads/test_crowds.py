"""A photo of many faces beside photos of one: its faces are embedded in the background."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from adapters.threads.pool import ThreadWorkerPool
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from domain.faces import Crop
from domain.models import ModelChoice
from tests.unit.fakes import RED, analyser, photo
from tests.unit.vision import ColourEmbedder

EVERYBODY = PhotoOptions(selection=FaceSelection.ALL)
CHOICE = ModelChoice("colour", "colour")


@dataclass(frozen=True, slots=True)
class TellingEmbedder(ColourEmbedder):
    """Notes which thread embeds how many faces."""

    threads: list[tuple[str, int]] = field(default_factory=list)

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.threads.append((threading.current_thread().name.partition("_")[0], len(crops)))
        return ColourEmbedder.embed_raw(self, crops)


def crowd() -> bytes:
    """150 columns of one pixel, each of which is a face to the stand-in."""
    image = np.zeros((100, 300, 3), np.uint8)
    image[10:60, ::2] = RED
    return image.tobytes()


async def test_a_crowd_makes_room_before_its_faces_are_embedded() -> None:
    pool, embedder, photos = ThreadWorkerPool(workers=1, queue=4), TellingEmbedder(), analyser()
    photos.models.embedders["colour"] = embedder  # type: ignore[attr-defined]
    go_on = threading.Event()
    holding = asyncio.create_task(pool.run(go_on.wait))
    await asyncio.sleep(0)
    many = asyncio.create_task(pool.run(photos.analyse, crowd(), CHOICE, EVERYBODY))
    await asyncio.sleep(0)
    one = asyncio.create_task(pool.run(photos.analyse, photo(RED).data, CHOICE, EVERYBODY))
    await asyncio.sleep(0)
    go_on.set()
    assert await holding
    assert len(await one) == 1
    assert len(await many) == 150
    assert sorted(embedder.threads) == [("face-background", 150), ("face-worker", 1)]
    await asyncio.to_thread(pool.close)
