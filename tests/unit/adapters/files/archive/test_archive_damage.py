"""Archives that are damaged, or made to do harm: one clear line each, soon."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.files.archive.format import MANIFEST
from adapters.files.archive.reader import reading
from application.bulk.errors import ArchiveError

PAGE = "people.msgpack"
PEOPLE = msgspec.msgpack.encode([{"id": 1, "name": "Ada", "metadata": {}}])


def manifest(*pages: dict[str, Any]) -> bytes:
    written = {
        "format": "face-api archive",
        "version": 2,
        "written_by": "test",
        "written_at": "today",
        "models": {},
        "collections": [{"name": "default", "people": pages, "faces": []}],
        "greatest_ids": {"profile": 1, "face": 0},
    }
    return json.dumps(written).encode()


def page(content: bytes = PEOPLE, file: str = PAGE) -> dict[str, Any]:
    return {"file": file, "entries": 1, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def packed(manifest: bytes, people: bytes = PEOPLE, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(PAGE, people)
        archive.writestr(MANIFEST, manifest)
    return file.getvalue()


def damaged_lzma() -> bytes:
    whole = packed(manifest(page()), method=zipfile.ZIP_LZMA)
    return whole[:60] + bytes(10) + whole[70:]


def of_version_64() -> bytes:
    whole = packed(manifest(page()))
    place = whole.index(b"PK\x01\x02") + 6
    return whole[:place] + (64).to_bytes(2, "little") + whole[place + 2 :]


def deep_manifest() -> bytes:
    return packed(manifest(page())[:-1] + b', "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def deep_page() -> bytes:
    deep = msgspec.msgpack.encode([{"id": 1, "name": "Ada", "metadata": {"a": []}}])
    deep = deep[:-1] + b"\x91" * 100_000 + b"\x90"
    return packed(manifest(page(deep)), deep)


def read_people(file: Path) -> list[str]:
    """The names of everybody."""
    with reading(file) as archive:
        pages = [each for section in archive.sections for each in section.people]
        for each in pages:
            archive.check(each)
        return [person.name for each in pages for person in archive.people(each)]


@pytest.mark.parametrize(
    "make",
    [
        deep_manifest,
        deep_page,
        damaged_lzma,
        of_version_64,
        lambda: packed(manifest(*[page()] * 200_000)),
        lambda: packed(manifest(page(), page())),
        lambda: packed(manifest(page(file="absent\nforged"))),
        lambda: packed(b'{"format": "\xff"}'),
    ],
    ids=["manifest", "page", "lzma", "version", "200,000 times", "twice", "absent", "bytes"],
)
def test_an_archive_that_is_damaged_is_one_line_soon(tmp_path: Path, make: Callable[[], bytes]) -> None:
    file = tmp_path / "people.zip"
    file.write_bytes(make())
    begun = time.thread_time()
    with pytest.raises(ArchiveError) as caught:
        read_people(file)
    assert time.thread_time() - begun < 5
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_an_archive_of_this_kind_that_is_whole_is_read(tmp_path: Path) -> None:
    file = tmp_path / "people.zip"
    file.write_bytes(packed(manifest(page())))
    assert read_people(file) == ["Ada"]
