"""What CollectionRepository promises, of each adapter."""

import pytest

from application.ports.faces import FaceFilter
from application.ports.people import ProfileFilter
from domain.erasure import Removed
from domain.errors import CollectionExists, CollectionNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Collection
from tests.contract.enrolment import at, enrol, new, photo_of, search
from tests.contract.storage import Storage


async def test_the_default_one_is_there(storage: Storage) -> None:
    assert await storage.collections.list(10) == [Collection(DEFAULT, 0)]


async def test_a_new_one_is_empty(storage: Storage) -> None:
    assert await storage.collections.create("staff") == Collection("staff", 0)
    assert await storage.collections.get("staff") == Collection("staff", 0)
    assert await storage.collections.exists("staff")


async def test_names_are_taken_once(storage: Storage) -> None:
    await storage.collections.create("staff")
    for name in ("staff", DEFAULT):
        with pytest.raises(CollectionExists):
            await storage.collections.create(name)


async def test_unknown(storage: Storage) -> None:
    assert await storage.collections.get("staff") is None
    assert not await storage.collections.exists("staff")
    assert not await storage.collections.delete("staff")


async def test_people_are_counted(storage: Storage) -> None:
    await storage.collections.create("staff")
    await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(1)), ("Bob", at(2)), collection="staff")
    await storage.profiles.create("staff", "Cem", {})
    assert await storage.collections.get("staff") == Collection("staff", 3)
    assert await storage.collections.list(10) == [Collection(DEFAULT, 0), Collection("staff", 3)]


async def test_pages_in_the_order_of_names(storage: Storage) -> None:
    for name in ("b", "a-b", "a", "a_b", "1", "ab"):
        await storage.collections.create(name)
    everything = [collection.name for collection in await storage.collections.list(10)]
    assert everything == ["1", "a", "a-b", "a_b", "ab", "b", DEFAULT]
    assert [collection.name for collection in await storage.collections.list(2, "a")] == ["a-b", "a_b"]
    assert await storage.collections.list(2, DEFAULT) == []


async def test_everything_goes_with_it(storage: Storage) -> None:
    await storage.collections.create("staff")
    (ann,) = await enrol(storage.faces, ("Ann", at(0)))
    await storage.faces.add(photo_of("Ann", at(0), "photo", "staff"))
    await storage.profiles.create("staff", "Bob", {})
    assert await storage.collections.delete("staff") == Removed(people=2, faces=1)
    assert await storage.faces.list(FaceFilter("staff"), 10) == []
    assert await storage.profiles.list(ProfileFilter("staff"), 10) == []
    with pytest.raises(CollectionNotFound):
        await storage.faces.add(new("Ann", at(0), "staff"))
    with pytest.raises(CollectionNotFound):
        await search(storage, at(0), 1, collection="staff")
    await storage.collections.create("staff")
    assert (await search(storage, at(0), 1, collection="staff")).searched == 0
    assert await storage.faces.list(FaceFilter(), 10) == [ann]
