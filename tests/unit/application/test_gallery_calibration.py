import asyncio
import logging

import pytest

from application.gallery_calibration import (
    BACKGROUND_PEOPLE,
    CHECK_S,
    MOST_GALLERIES,
    REDRAW_S,
    GalleryCalibration,
    changes_before_redraw,
)
from domain.errors import Unavailable
from tests.unit.cohorts import Cohorts, people, settled


@pytest.fixture
def cohorts() -> Cohorts:
    return Cohorts({"default": 100, "large": 10 * BACKGROUND_PEOPLE})


@pytest.fixture
def calibration(cohorts: Cohorts) -> GalleryCalibration:
    return GalleryCalibration(cohorts, clock=cohorts.clock)


async def test_the_first_search_draws(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    assert await people(calibration, "default", 100) == 100
    assert cohorts.asked == {"load": 1, "draw": 1}


async def test_another_process_has_drawn_already(cohorts: Cohorts) -> None:
    await GalleryCalibration(cohorts, clock=cohorts.clock).cohort("default", "m")
    assert await people(GalleryCalibration(cohorts, clock=cohorts.clock), "default", 100) == 100
    assert cohorts.asked["draw"] == 1


async def test_a_fresh_one_costs_nothing(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    await people(calibration, "default", 100)
    cohorts.asked.clear()
    cohorts.now += 0.99 * CHECK_S
    for enrolled in (100, 101, 102, 98, None):
        await people(calibration, "default", enrolled)
    assert not cohorts.asked


async def test_after_a_second_the_store_is_asked(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    await people(calibration, "default", 100)
    cohorts.asked.clear()
    cohorts.now += CHECK_S
    await people(calibration, "default", 100)
    assert cohorts.asked == {"load": 1, "known": 1}


async def test_what_another_process_drew_is_taken_over(
    calibration: GalleryCalibration, cohorts: Cohorts
) -> None:
    await people(calibration, "default", 100)
    cohorts.people["default"] = 110
    await cohorts.draw("default", "m")
    cohorts.asked.clear()
    cohorts.now += CHECK_S
    assert await people(calibration, "default") == 110
    assert cohorts.asked == {"load": 1}


@pytest.mark.parametrize("enrolled", [97, 103])
async def test_one_that_was_outgrown_is_drawn_at_once(
    calibration: GalleryCalibration, cohorts: Cohorts, enrolled: int
) -> None:
    await people(calibration, "default", 100)
    cohorts.people["default"] = enrolled
    assert await people(calibration, "default", enrolled) == enrolled
    assert cohorts.asked["draw"] == 2


async def test_it_is_not_drawn_again_for_people_whom_the_store_does_not_see(
    calibration: GalleryCalibration, cohorts: Cohorts
) -> None:
    for _ in range(5):
        await people(calibration, "default", 200)
    cohorts.now += CHECK_S
    await people(calibration, "default", 200)
    assert cohorts.asked["draw"] == 1


async def test_an_old_one_is_drawn_anew(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    await people(calibration, "default", 100)
    cohorts.now += REDRAW_S
    await people(calibration, "default", 100)
    assert cohorts.asked["draw"] == 2


@pytest.mark.parametrize(
    ("enrolled", "changes"), [(0, 1), (20, 1), (49, 1), (50, 2), (100, 3), (1000, 21), (10**6, 20_001)]
)
def test_changes_before_a_draw(enrolled: int, changes: int) -> None:
    assert changes_before_redraw(enrolled) == changes


async def test_searches_at_once_ask_once(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    cohorts.gate.clear()
    searches = [asyncio.create_task(people(calibration, "default", 100)) for _ in range(20)]
    await settled()
    cohorts.gate.set()
    assert await asyncio.gather(*searches) == [100] * 20
    assert cohorts.asked == {"load": 1, "draw": 1}


async def test_a_search_that_is_cancelled_spoils_nothing_for_others(
    calibration: GalleryCalibration, cohorts: Cohorts
) -> None:
    cohorts.gate.clear()
    first, second = (asyncio.create_task(people(calibration, "default", 100)) for _ in range(2))
    await settled()
    first.cancel()
    cohorts.gate.set()
    assert await second == 100
    assert cohorts.asked["draw"] == 1


async def test_a_large_gallery_is_drawn_while_searches_go_on(
    calibration: GalleryCalibration, cohorts: Cohorts
) -> None:
    enrolled = cohorts.people["large"]
    await people(calibration, "large", enrolled)
    cohorts.people["large"] = 2 * enrolled
    cohorts.gate.clear()
    for _ in range(3):
        assert await people(calibration, "large", 2 * enrolled) == enrolled
        await settled()
    assert cohorts.asked["draw"] == 2
    cohorts.gate.set()
    await settled()
    assert await people(calibration, "large", 2 * enrolled) == 2 * enrolled
    assert cohorts.asked["draw"] == 2


async def test_a_process_that_starts_does_not_wait_for_a_large_gallery(cohorts: Cohorts) -> None:
    await cohorts.draw("large", "m")
    cohorts.now += 10 * REDRAW_S
    cohorts.gate.clear()
    calibration = GalleryCalibration(cohorts, clock=cohorts.clock)
    assert await people(calibration, "large") == cohorts.people["large"]
    cohorts.now += CHECK_S
    assert await people(calibration, "large") == cohorts.people["large"]
    await settled()
    assert cohorts.asked["draw"] == 2
    cohorts.gate.set()
    await settled()


async def test_no_such_collection(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    assert await people(calibration, "nowhere") is None
    assert await people(calibration, "nowhere") is None
    assert cohorts.asked["draw"] == 1
    cohorts.people["nowhere"] = 2
    assert await people(calibration, "nowhere", 2) == 2


async def test_a_store_that_does_not_answer_is_asked_again(
    calibration: GalleryCalibration, cohorts: Cohorts
) -> None:
    cohorts.error = Unavailable()
    with pytest.raises(Unavailable):
        await people(calibration, "default")
    cohorts.error = None
    assert await people(calibration, "default") == 100


async def test_a_defect_in_the_background_is_logged(
    calibration: GalleryCalibration, cohorts: Cohorts, caplog: pytest.LogCaptureFixture
) -> None:
    await people(calibration, "large")
    cohorts.error, cohorts.now = RuntimeError("broken"), cohorts.now + CHECK_S
    with caplog.at_level(logging.ERROR):
        assert await people(calibration, "large") == cohorts.people["large"]
        await settled()
    assert [record.message for record in caplog.records] == ["the cohort of a gallery can't be drawn"]


async def test_models_and_collections_apart(calibration: GalleryCalibration, cohorts: Cohorts) -> None:
    await asyncio.gather(
        *(calibration.cohort(name, model) for name in ("default", "large") for model in ("m", "n"))
    )
    assert cohorts.asked["draw"] == 4


async def test_of_many_galleries_those_asked_for_last_are_known(cohorts: Cohorts) -> None:
    names = [f"gallery-{number}" for number in range(MOST_GALLERIES + 1)]
    cohorts.people = dict.fromkeys(names, 10)
    calibration = GalleryCalibration(cohorts, clock=cohorts.clock)
    for name in names:
        await people(calibration, name, 10)
    cohorts.asked.clear()
    for name in names[1:]:
        await people(calibration, name, 10)
    assert not cohorts.asked
    await people(calibration, names[0], 10)
    assert cohorts.asked["load"] == 1
