from pathlib import Path

import pytest

from adapters.imaging.crops import PngCrops
from adapters.memory.repository import InMemoryRepository
from application.bulk.enrol import Status
from application.enrolment import EnrolmentOptions
from application.ports.crops import Backlog
from application.ports.faces import Enrolment, FaceFilter, NewFace
from application.recognition import RecognitionOptions
from domain import errors
from tests.unit.bulk import BulkCommands
from tests.unit.fakes import GREEN, RED


class TestCrops:
    @pytest.fixture
    def bulk(self, tmp_path: Path) -> BulkCommands:
        return BulkCommands(tmp_path, PngCrops())

    async def test_are_not_kept_unless_the_operator_wants(self, tmp_path: Path) -> None:
        bulk = BulkCommands(tmp_path)
        (outcome,) = await bulk.enrol(("Red", bulk.put("red.jpg", RED)))
        assert outcome.face is not None
        assert await bulk.kept_crops() == []

    async def test_are_kept_with_the_face(self, bulk: BulkCommands) -> None:
        (outcome,) = await bulk.enrol(("Red", bulk.put("red.jpg", RED)))
        assert outcome.face is not None
        ((face, kept),) = await bulk.kept_crops()
        assert face == outcome.face
        assert PngCrops().decode(kept)[0, 0].tolist() == list(RED)
        assert await bulk.faces.delete("default", outcome.face.id)
        assert await bulk.kept_crops() == []

    async def test_become_faces_of_another_model(self, bulk: BulkCommands) -> None:
        (old,) = await bulk.enrol(("Red", bulk.put("red.jpg", RED)))
        ((_, crop),) = await bulk.kept_crops()
        (new,) = await bulk.under("hue")
        assert old.face is not None
        assert new.face is not None
        assert (new.old, new.face.recognition_model) == (old.face, "hue")
        assert (new.face.profile_id, new.face.detection_model) == (old.face.profile_id, "colour")
        assert await bulk.reembed.backlog("default", "hue") == ("hue", Backlog(0, 0))
        assert await bulk.under("hue") == []
        (again,) = await bulk.enrol(
            ("Red", bulk.folder / "red.jpg"), how=EnrolmentOptions(recognition_model="hue")
        )
        assert again.status is Status.KNOWN
        query = RecognitionOptions(recognition_model="hue")
        (answer,) = await bulk.identify(bulk.folder / "red.jpg", query=query)
        assert answer.faces[0].decision is not None
        assert answer.faces[0].decision.people[0].nearest == new.face
        assert await bulk.faces.delete("default", old.face.id)
        assert await bulk.kept_crops() == [(new.face, crop)]

    async def test_that_are_damaged_fail_alone(self, bulk: BulkCommands) -> None:
        red, green = await bulk.enrol(("Red", bulk.put("r.jpg", RED)), ("Green", bulk.put("g.jpg", GREEN)))
        assert red.face is not None
        data = bulk.store.existing("default")
        object.__setattr__(data.faces[red.face.id], "crop", b"damaged")
        one, two = await bulk.under("hue")
        assert one.error is not None
        assert (one.old, one.error.code) == (red.face, "invalid_image")
        assert two.face is not None
        assert two.old == green.face

    async def test_of_a_face_that_is_deleted_meanwhile_leave_nothing(
        self, bulk: BulkCommands, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        red, _ = await bulk.enrol(("Red", bulk.put("1.jpg", RED)), ("Red", bulk.put("2.jpg", RED, size=50)))
        assert red.face is not None
        gone, add = red.face.id, InMemoryRepository.add

        async def slow_add(self: InMemoryRepository, face: NewFace) -> Enrolment:
            await self.delete("default", gone)
            return await add(self, face)

        monkeypatch.setattr(InMemoryRepository, "add", slow_add)
        (left,) = await bulk.under("hue")
        assert left.face is not None
        assert await bulk.faces.list(FaceFilter(recognition_model="hue"), 10) == [left.face]

    async def test_need_a_model_and_a_collection(self, bulk: BulkCommands) -> None:
        with pytest.raises(errors.UnknownModel):
            await bulk.reembed.backlog("default", "vgg")
        with pytest.raises(errors.CollectionNotFound):
            await bulk.reembed.backlog("nowhere", "hue")
