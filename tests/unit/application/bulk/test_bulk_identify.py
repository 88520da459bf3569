from pathlib import Path

import pytest

from application.analysis.selection import FaceSelection
from application.recognition import RecognitionOptions
from domain import errors
from domain.identification import Verdict
from tests.unit.bulk import BulkCommands
from tests.unit.fakes import GREEN, RED


@pytest.fixture
def bulk(tmp_path: Path) -> BulkCommands:
    return BulkCommands(tmp_path)


async def test_identification_answers_each_photo(bulk: BulkCommands) -> None:
    await bulk.enrol(("Red", bulk.put("red.jpg", RED)))
    answers = await bulk.identify(
        bulk.put("group.jpg", RED, GREEN),
        bulk.folder / "absent.jpg",
        bulk.put("empty.jpg"),
        query=RecognitionOptions(selection=FaceSelection.ALL),
    )
    assert [each.error and each.error.code for each in answers] == [None, "invalid_image", None]
    found = [[face.decision.verdict for face in each.faces if face.decision] for each in answers]
    assert found == [[Verdict.MATCH, Verdict.UNKNOWN], [], []]


async def test_identification_in_no_collection(bulk: BulkCommands) -> None:
    with pytest.raises(errors.CollectionNotFound):
        await bulk.identify(bulk.put("red.jpg", RED), query=RecognitionOptions(collection="nowhere"))
