from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.calibration_report import CalibrationReport, CalibrationWarning, ReportCalibration
from application.decisions import CalibrationMode
from application.gallery_calibration import GalleryCalibration
from application.ports.faces import NewFace
from domain.errors import CollectionNotFound, ModelNotCalibrated, UnknownModel
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION
from tests.unit.application.test_decisions import TABLE
from tests.unit.fakes import ColourModels, policy

COLOURS = replace(TABLE, model="colour")


class House:
    """A gallery of random people, who share a direction."""

    def __init__(self, mode: CalibrationMode = CalibrationMode.GALLERY) -> None:
        store = InMemoryStore()
        self.faces = InMemoryRepository(store)
        self.random, self.number = np.random.default_rng(4), count()
        self.report = ReportCalibration(
            ColourModels(),
            replace(policy(load_table={"colour": COLOURS}.get), mode=mode),
            GalleryCalibration(InMemoryCohorts(store)),
        )

    async def enrol(self, people: int, common: float) -> None:
        for _ in range(people):
            vector = self.random.standard_normal(100)
            vector[0] += 10 * common
            name = f"person {next(self.number)}"
            await self.faces.add(NewFace(DEFAULT_COLLECTION, name, Embedding.of(vector, "colour"), "colour"))

    async def shown(self) -> CalibrationReport:
        return await self.report.execute(DEFAULT_COLLECTION)


@pytest.fixture
def house() -> House:
    return House()


async def test_an_empty_gallery_is_expected_to_be_average(house: House) -> None:
    report = await house.shown()
    assert (report.people, report.pairs, report.observed) == (0, 0, None)
    assert report.expected == report.average == TABLE.prior
    assert report.verification.threshold == report.verification.table_threshold
    assert report.verification.estimated == pytest.approx(report.verification.promised) == pytest.approx(1e-4)
    assert report.identification.estimated == 0
    assert report.warnings == (CalibrationWarning.TOO_FEW_PEOPLE,)


async def test_people_like_those_of_the_table(house: House) -> None:
    await house.enrol(60, 0.25)
    report = await house.shown()
    assert (report.people, report.compared, report.pairs) == (60, 60, 60 * 59 // 2)
    assert report.observed is not None
    assert report.observed.mean == pytest.approx(0.06, abs=0.02)
    assert report.observed.deviation == pytest.approx(0.1, abs=0.01)
    assert report.warnings == ()
    for shown in (report.verification, report.identification):
        assert shown.estimated <= shown.promised * (1 + 1e-9)


async def test_people_who_are_more_alike(house: House) -> None:
    await house.enrol(60, 0.9)
    report = await house.shown()
    shown = report.verification
    assert shown.threshold > shown.table_threshold + 0.1
    assert shown.estimated == pytest.approx(shown.promised)
    assert shown.table_estimated > 30 * shown.promised
    search = report.identification
    assert search.promised == 0.01
    # The safety factor is 2.
    assert search.estimated == pytest.approx(0.01 / 2, rel=0.02)
    assert search.table_estimated > 0.1
    assert search.threshold > shown.threshold
    assert report.warnings == (CalibrationWarning.UNLIKE_TABLE,)


async def test_by_the_table_alone_more_strangers_match_than_promised() -> None:
    house = House(CalibrationMode.TABLE)
    await house.enrol(60, 0.9)
    report = await house.shown()
    for shown in (report.verification, report.identification):
        assert shown.threshold == shown.table_threshold
        assert shown.estimated == shown.table_estimated > 10 * shown.promised
    assert report.mode is CalibrationMode.TABLE


async def test_people_who_come_are_counted_at_once(house: House) -> None:
    await house.enrol(19, 0.25)
    assert (await house.shown()).warnings == (CalibrationWarning.TOO_FEW_PEOPLE,)
    await house.enrol(1, 0.25)
    report = await house.shown()
    assert (report.people, report.warnings) == (20, ())


async def test_what_is_not_there(house: House) -> None:
    with pytest.raises(CollectionNotFound):
        await house.report.execute("nowhere")
    with pytest.raises(ModelNotCalibrated):
        await house.report.execute(DEFAULT_COLLECTION, "hue")
    with pytest.raises(UnknownModel):
        await house.report.execute(DEFAULT_COLLECTION, "no such model")


@pytest.mark.parametrize("warning", CalibrationWarning)
def test_each_warning_has_a_sentence(warning: CalibrationWarning) -> None:
    assert warning.detail.endswith(".")
