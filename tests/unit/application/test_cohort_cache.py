"""Cohorts in memory: how long they are kept, when none is loaded, and the latest one for the report."""

import asyncio

import numpy as np
import pytest

from application import gallery_calibration
from application.decisions import CalibrationMode
from application.gallery_calibration import BACKGROUND_PEOPLE, REDRAW_S, GalleryCalibration
from domain.faces import Embedding
from tests.unit.cohorts import Cohorts, people
from tests.virtual_time import in_virtual_time


@pytest.fixture
def cohorts() -> Cohorts:
    return Cohorts({"default": 100, "large": 10 * BACKGROUND_PEOPLE})


@pytest.fixture
def calibration(cohorts: Cohorts) -> GalleryCalibration:
    return GalleryCalibration(cohorts, clock=cohorts.clock)


@pytest.mark.parametrize(("mode", "loads"), [(CalibrationMode.GALLERY, 1), (CalibrationMode.TABLE, 0)])
async def test_a_cohort_is_loaded_only_if_thresholds_are_fitted_to_it(
    cohorts: Cohorts, mode: CalibrationMode, loads: int
) -> None:
    face = Embedding(np.array([1, 0], dtype=np.float32), "m")
    compared = await GalleryCalibration(cohorts, mode, cohorts.clock).compared("default", face, face, 100)
    assert (compared is not None, cohorts.asked["load"]) == (bool(loads), loads)


class TestForgetting:
    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gallery_calibration, "FORGET_S", 0.05)

    @in_virtual_time
    async def test_what_nobody_asks_for(self, cohorts: Cohorts) -> None:
        calibration = GalleryCalibration(cohorts, clock=asyncio.get_running_loop().time)
        await people(calibration, "default")
        assert calibration._entries
        await asyncio.sleep(0.2)
        assert not calibration._entries

    @in_virtual_time
    async def test_what_is_in_use_stays(
        self, calibration: GalleryCalibration, cohorts: Cohorts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gallery_calibration, "CHECK_S", 0.01)
        calibration = GalleryCalibration(cohorts, clock=asyncio.get_running_loop().time)
        for _ in range(15):
            await people(calibration, "default")
            assert calibration._entries
            await asyncio.sleep(0.02)
        assert cohorts.asked["known"] >= 5
        await asyncio.sleep(0.2)
        assert not calibration._entries

    @in_virtual_time
    async def test_once_forgotten_it_is_loaded_again(self, cohorts: Cohorts) -> None:
        calibration = GalleryCalibration(cohorts, clock=asyncio.get_running_loop().time)
        for _ in range(2):
            assert await people(calibration, "default") == 100
            await asyncio.sleep(0.2)
        assert not calibration._entries
        assert cohorts.asked == {"load": 2, "draw": 1}


class TestLatest:
    """What the report shows."""

    async def test_small_galleries_are_drawn_each_time(
        self, calibration: GalleryCalibration, cohorts: Cohorts
    ) -> None:
        await people(calibration, "default")
        cohorts.people["default"] = 101
        latest = await calibration.latest("default", "m")
        assert latest is not None
        assert latest.cohort.people == 101

    async def test_large_ones_only_when_they_are_old(
        self, calibration: GalleryCalibration, cohorts: Cohorts
    ) -> None:
        for _ in range(3):
            assert await calibration.latest("large", "m") is not None
        assert cohorts.asked["draw"] == 1
        cohorts.now += REDRAW_S
        assert await calibration.latest("large", "m") is not None
        assert cohorts.asked["draw"] == 2

    async def test_no_such_collection(self, calibration: GalleryCalibration) -> None:
        assert await calibration.latest("nowhere", "m") is None
