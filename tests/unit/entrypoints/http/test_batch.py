"""The form of a batch: who is on which photo, and zips that are unpacked in their turn."""

import io
import threading
import time
import zipfile
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from application.analysis.sources import Photo
from domain.errors import FaceServiceError, ImageTooLarge, InvalidImage, InvalidInput, InvalidName
from entrypoints.http.requests.zips import items_of

BATCH = "/api/face/register/batch"
NOTHING = b"no photo"


def form(*fields: tuple[str, str]) -> list[tuple[str, tuple[str | None, bytes]]]:
    return [
        (name, (None if name.startswith("name") else "photo.jpg", content.encode()))
        for name, content in fields
    ]


async def names(client: httpx.AsyncClient, *fields: tuple[str, str]) -> list[str]:
    answer = await client.post(BATCH, files=form(*fields))
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["data"]]


async def refusal(client: httpx.AsyncClient, *fields: tuple[str, str]) -> str:
    answer = await client.post(BATCH, files=form(*fields))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    detail: str = answer.json()["detail"]
    return detail


@pytest.mark.parametrize(
    "order",
    [
        ("name", "name", "image", "image"),
        ("name", "image", "name"),
        ("name",),
        ("name", "name", "image"),
    ],
)
async def test_a_name_without_an_image_after_it_is_an_error(
    client: httpx.AsyncClient, order: Sequence[str]
) -> None:
    detail = await refusal(client, *((field, f"{field}{number}") for number, field in enumerate(order)))
    assert "'name' without an 'image' after it" in detail


async def test_images_follow_their_name(client: httpx.AsyncClient) -> None:
    fields = [("name", "A"), ("image", "1"), ("image", "2"), ("name", "B"), ("image", "3")]
    assert await names(client, *fields) == ["A", "A", "B"]


@pytest.mark.parametrize("order", [("names", "images"), ("images", "names")])
async def test_as_many_names_as_images_in_whatever_order(
    client: httpx.AsyncClient, order: Sequence[str]
) -> None:
    fields = [(field, f"{field}{number}") for field in order for number in range(2)]
    assert await names(client, *fields) == ["names0", "names1"]


async def test_names_as_one_json_array(client: httpx.AsyncClient) -> None:
    assert await names(client, ("names", '["A", "B"]'), ("images", "1"), ("images", "2")) == ["A", "B"]


async def test_names_and_images_of_other_numbers_are_an_error(client: httpx.AsyncClient) -> None:
    assert "2 'names' and 1 'images'" in await refusal(
        client, ("names", "A"), ("names", "B"), ("images", "1")
    )
    assert "0 'names' and 1 'images'" in await refusal(client, ("images", "1"))


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def unpacked(content: bytes, largest: int = 10**6) -> list[tuple[str, bytes | type[FaceServiceError]]]:
    found: list[tuple[str, bytes | type[FaceServiceError]]] = []
    for item in items_of(content, 100, largest):
        assert not isinstance(item.photo, Photo), "nothing is unpacked before it is asked for"
        try:
            found.append((item.person, item.photo().data))
        except FaceServiceError as error:
            found.append((item.person, type(error)))
    return found


def test_photos_of_a_zip_are_unpacked_when_they_are_asked_for() -> None:
    content = zipped(("Zo\u00eb/1.jpg", b"one"), ("Ada/2.jpg", b"two"), ("3.jpg", b"three"))
    assert unpacked(content) == [("Zo\u00eb", b"one"), ("Ada", b"two"), ("", b"three")]


@pytest.mark.parametrize(
    ("paths", "people"),
    [
        (("people/Zo\u00eb/1.jpg", "people/Ada/2.jpg"), ["Zo\u00eb", "Ada"]),
        (("people/Ada/2.jpg",), ["Ada"]),
        (("backup/people/Bo/1.jpg", "backup/people/Ada/2.jpg", "backup/list.txt"), ["Bo", "Ada", ""]),
        (("Ada/2023/1.jpg", "Bo/2023/2.jpg"), ["Ada", "Bo"]),
        (("people/Ada/1.jpg", "people/Ada/2023/2.jpg", "people/Bo/2023/3.jpg"), ["Ada", "Ada", "Bo"]),
        (("Ada\\1.jpg", "/Bo/2.jpg", "./Cy/3.jpg"), ["Ada", "Bo", "Cy"]),
        (("people/Ada/1.jpg", "people/Bo/2.jpg", "loose.jpg"), ["Ada", "Bo", ""]),
        (("people/Ada/1.jpg", "people/Ada/2.jpg", "people/list.txt"), ["Ada", "Ada", ""]),
        (("1.jpg",), [""]),
    ],
)
def test_folders_in_a_persons_are_theirs_and_one_around_all_is_nobodys(
    paths: Sequence[str], people: list[str]
) -> None:
    assert [who for who, _ in unpacked(zipped(*((path, b"x") for path in paths)))] == people


@pytest.mark.parametrize(
    "paths",
    [
        ("people/loose.jpg", "people/Ada/1.jpg", "people/Bo/2.jpg"),
        ("Ada/1.jpg", "Ada/2023/2.jpg"),
        ("backup/people/loose.jpg", "backup/people/Ada/1.jpg", "cover.jpg"),
    ],
)
def test_an_archive_that_does_not_show_whose_folders_it_has_is_refused(paths: Sequence[str]) -> None:
    with pytest.raises(InvalidInput, match="of one person, or of several"):
        items_of(zipped(*((path, b"x") for path in paths)), 100, 10**6)


@pytest.mark.parametrize(
    "path",
    ["__MACOSX/people/Ada/._1.jpg", "people/Ada/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "people/.DS_Store"],
)
def test_files_of_systems_are_refused_and_change_nothing(path: str) -> None:
    ada, bo, other = unpacked(zipped(("people/Ada/1.jpg", b"1"), ("people/Bo/1.jpg", b"2"), (path, b"3")))
    assert (ada, bo) == (("Ada", b"1"), ("Bo", b"2"))
    assert other[1] is InvalidImage


def test_a_photo_of_a_zip_that_is_larger_than_a_request_may_be() -> None:
    content = zipped(("Ada/1.jpg", b"x" * 1000), ("Ada/2.jpg", bytes(range(256)) * 3))
    assert [what for _, what in unpacked(content, 999)] == [ImageTooLarge, bytes(range(256)) * 3]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_whose_result_has_no_bound_are_refused(method: int) -> None:
    assert unpacked(zipped(("Ada/1.jpg", b"photo"), method=method)) == [("Ada", InvalidImage)]


def test_a_folder_whose_name_is_not_utf8_is_nobodys() -> None:
    content = zipped(("Mxller/1.jpg", b"one"), ("Ada/1.jpg", b"two")).replace(b"Mxller", b"M\xfcller")
    ((_, refused), ada) = unpacked(content)
    assert refused is InvalidName
    assert ada == ("Ada", b"two")


def test_a_folder_whose_name_is_utf8_and_not_marked_so() -> None:
    content = zipped(("Mxxller/1.jpg", b"one")).replace(b"Mxxller", "M\u00fcller".encode())
    assert unpacked(content) == [("M\u00fcller", b"one")]


async def test_a_zip_entry_of_a_version_that_is_not_known(client: httpx.AsyncClient) -> None:
    content = zipped(("Ada/1.jpg", NOTHING))
    place = content.index(b"PK\x01\x02") + 6
    content = content[:place] + (64).to_bytes(2, "little") + content[place + 2 :]
    answer = await client.post(BATCH, files={"archive": ("a.zip", content)})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    with pytest.raises(InvalidInput):
        items_of(content, 100, 10**6)


def test_a_zip_with_many_entries_is_refused_before_they_are_read() -> None:
    content = zipped(*((f"Ada/{number}", b"") for number in range(20_000)))
    begun = time.thread_time()
    with pytest.raises(InvalidInput, match="more than 100 photos"):
        items_of(content, 100, 10**6)
    assert time.thread_time() - begun < 0.1


async def test_a_zip_is_read_outside_of_the_event_loop(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    opening, reading = zipfile.ZipFile.__init__, zipfile.ZipFile.read

    def opened(self: zipfile.ZipFile, *arguments: Any, **named: Any) -> None:
        if not isinstance(arguments[0], str):  # importlib looks for zips among the folders of packages
            threads.append(threading.get_ident())
        opening(self, *arguments, **named)

    def read(self: zipfile.ZipFile, *arguments: Any) -> bytes:
        threads.append(threading.get_ident())
        return reading(self, *arguments)

    content = zipped(*((f"Ada/{number}.jpg", NOTHING) for number in range(3)))
    monkeypatch.setattr(zipfile.ZipFile, "__init__", opened)
    monkeypatch.setattr(zipfile.ZipFile, "read", read)
    answer = await client.post(BATCH, files={"archive": ("a.zip", content)})
    assert [each["error"]["code"] for each in answer.json()["data"]] == ["invalid_image"] * 3
    assert len(threads) == 4
    assert threading.get_ident() not in threads
