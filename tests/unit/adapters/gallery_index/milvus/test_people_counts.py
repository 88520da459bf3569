"""How often people are counted."""

from typing import Any

import pytest

from adapters.gallery_index.milvus import counts
from adapters.gallery_index.milvus.counts import PeopleCounts
from application.ports.change_feed import GalleryKey
from domain.errors import Unavailable

KEY = GalleryKey("default", "m", 3)


class Feed:
    """Counts how often it was asked to."""

    def __init__(self, faces: int) -> None:
        self.faces = faces
        self.asked = 0
        self.answers = True

    async def size(self, gallery: GalleryKey, at_most: int) -> int:
        return min(self.faces, at_most)

    async def people(self, gallery: GalleryKey) -> int:
        self.asked += 1
        if not self.answers:
            raise Unavailable
        return self.faces - 1


async def faces_of(_: GalleryKey) -> int:
    return 123_456


@pytest.mark.parametrize(("faces", "asked"), [(10, 3), (200_000, 1)])
async def test_people_of_large_galleries_are_counted_once_in_a_while(faces: int, asked: int) -> None:
    feed: Any = Feed(faces)
    people = PeopleCounts(feed)
    for _ in range(3):
        await people.refresh([KEY], faces_of)
        assert await people.of(KEY) == faces - 1
    assert feed.asked == asked
    await people.refresh([], faces_of)
    await people.of(KEY)
    assert feed.asked == asked + 1


async def test_faces_are_counted_where_people_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    feed: Any = Feed(200_000)
    feed.answers = False
    people = PeopleCounts(feed)
    await people.refresh([KEY], faces_of)
    assert await people.of(KEY) == 123_456
    feed.answers = True
    monkeypatch.setattr(counts, "_COUNT_S", 0.0)
    people._due.clear()
    await people.refresh([KEY], faces_of)
    assert await people.of(KEY) == 199_999
