"""What the start says of faces whose model has changed or is gone."""

import dataclasses
import logging
from pathlib import Path

import pytest
from dependency_injector import providers

from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.start import running
from tests.contract.enrolment import new, photo_of, random_embedding
from tests.shared_folder import with_models


@pytest.fixture
def container(tmp_path: Path) -> Container:
    settings = Settings(database_url="memory", data_dir=with_models(tmp_path), workers=1, processes=1)
    return Container(settings=providers.Object(settings))


async def started(container: Container, caplog: pytest.LogCaptureFixture, *, join: bool = False) -> list[str]:
    """The warnings of a start."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "face.start"):
        async with running(container, join=join):
            pass
    return [record.getMessage() for record in caplog.records if record.name == "face.start"]


async def test_faces_of_an_earlier_version_are_counted_with_what_to_do(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    faces = container.faces()
    for number, name in enumerate(("Ann", "Bob", "Cem", "Dan")):
        await faces.add(new(name, random_embedding(number, 128, "sface@1")))
    with_crop = photo_of("Ann", random_embedding(9, 128, "sface@1"), "photo")
    await faces.add(dataclasses.replace(with_crop, crop=b"image"))
    await faces.add(new("Dan", random_embedding(10, 128, "sface")))
    (line,) = await started(container, caplog)
    assert "former model sface@1, with which no photo is compared: 4." in line
    assert "`face-api reembed --to sface` embeds those that have a stored crop (1)" in line
    assert "the others (3)" in line


async def test_a_model_that_is_not_in_the_catalogue_is_replaced_by_the_default(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    await container.faces().add(new("Ann", random_embedding(1, 64, "our_own")))
    (line,) = await started(container, caplog)
    assert "former model our_own, with which no photo is compared: 1." in line
    assert "reembed --to sface`" in line


async def test_one_process_of_the_service_says_so(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    await container.faces().add(new("Ann", random_embedding(1, 128, "sface@1")))
    assert await started(container, caplog, join=True) == []


async def test_faces_of_present_models_are_not_mentioned(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    for model in ("sface", "arcface"):
        await container.faces().add(new("Ann", random_embedding(1, 128, model)))
    assert await started(container, caplog) == []
