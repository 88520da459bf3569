"""Plain JPEG files, which are decoded without Pillow's reader of files, against what that reader gives."""

import random
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from adapters.imaging import decoder
from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.jpeg import essential_jpeg, plain_frame
from domain.errors import FaceServiceError
from domain.faces import Image

DECODER = PillowDecoder(max_pixels=1_000_000)
SIZES = [(1, 1), (3, 333), (251, 167)]


def picture(size: tuple[int, int]) -> Pillow.Image:
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    return Pillow.fromarray(noise).resize(size)


def encoded(picture: Pillow.Image, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def files() -> Iterator[bytes]:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    for size in SIZES:
        yield encoded(picture(size).convert("L"), exif=exif)
        for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
            yield encoded(picture(size), subsampling=sampling, exif=exif, restart_marker_blocks=3)


def decoded(data: bytes, most: int) -> tuple[Image, int] | str:
    try:
        reduced = DECODER.decode_reduced(data, 1, most)
    except FaceServiceError as error:
        return error.code
    return reduced.pixels, reduced.reduction


def both(data: bytes, most: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Image, int] | str]:
    at_once = decoded(data, most)
    with monkeypatch.context() as patch:
        patch.setattr(decoder, "_AT_ONCE", 0)
        return [at_once, decoded(data, most)]


@pytest.mark.parametrize("data", list(files()))
@pytest.mark.parametrize("most", [1, 2, 4, 8])
def test_pixels_are_those_of_the_reader(data: bytes, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain_frame(essential_jpeg(data)) is not None
    found, wanted = both(data, most, monkeypatch)
    assert not isinstance(wanted, str)
    assert found[1] == wanted[1]
    np.testing.assert_array_equal(found[0], wanted[0])


def test_damaged_files_are_refused_as_by_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(0)
    refused = 0
    for _ in range(300):
        data = bytearray(encoded(picture((120, 80))))
        data[chance.randrange(2, len(data))] = chance.randrange(256)
        found, wanted = both(
            bytes(data[: chance.choice((None, chance.randrange(len(data))))]), 1, monkeypatch
        )
        refused += isinstance(wanted, str)
        if isinstance(wanted, str) or isinstance(found, str):
            assert found == wanted
        else:
            np.testing.assert_array_equal(found[0], wanted[0])
    assert 100 < refused < 200


@pytest.mark.parametrize(
    "data",
    [encoded(picture((40, 40)), progressive=True), encoded(picture((40, 40)).convert("CMYK"))],
    ids=["progressive", "CMYK"],
)
def test_other_files_are_left_to_the_reader(data: bytes) -> None:
    assert plain_frame(essential_jpeg(data)) is None


def test_a_second_scan_is_left_to_the_reader() -> None:
    data = essential_jpeg(encoded(picture((40, 40))))
    scan = data[data.index(b"\xff\xda") : -2]
    assert plain_frame(data[:-2] + scan + data[-2:]) is None
