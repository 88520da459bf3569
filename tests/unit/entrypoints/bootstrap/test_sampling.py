"""What is looked at now and then is told to Prometheus."""

import asyncio
import time
from pathlib import Path

import numpy as np
from dependency_injector import providers
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.metrics import exposition
from application.ports.faces import NewFace
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.sampling import sampling
from entrypoints.bootstrap.settings import Settings


async def test_galleries_are_told_by_model_and_collection(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="memory")
    container = Container(settings=providers.Object(settings))
    await container.collections().create("guests")
    vector = np.eye(1, 128, dtype=np.float32)[0]
    for collection, name in ((DEFAULT_COLLECTION, "Ada"), (DEFAULT_COLLECTION, "Grace"), ("guests", "Eve")):
        await container.faces().add(NewFace(collection, name, Embedding(vector, "sface"), "yunet"))
    async with sampling(container):
        deadline = time.monotonic() + 30
        while 'collection="guests"' not in exposition().decode():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
    container.workers().close()
    told = {
        (sample.labels["collection"], sample.labels["model"]): sample.value
        for family in text_string_to_metric_families(exposition().decode())
        for sample in family.samples
        if sample.name == "face_gallery_faces"
    }
    assert told == {(DEFAULT_COLLECTION, "sface"): 2, ("guests", "sface"): 1}
