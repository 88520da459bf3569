"""What is kept of a JPEG file, wherever its markers are."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.jpeg import essential_jpeg
from domain.errors import InvalidImage
from tests.unit.hostile_images import jpeg, with_fill_bytes

SMALL = jpeg(300, 200)
WINDOW = 64 * 1024
BESIDE = (-2, -1, 0, 1, 2)


@pytest.mark.parametrize("count", [0, 1, *(WINDOW + each for each in BESIDE), 2 * WINDOW - 2, 3 * WINDOW])
def test_fill_bytes_before_a_marker_are_left_out(count: int) -> None:
    assert essential_jpeg(with_fill_bytes(SMALL, count)) == essential_jpeg(SMALL)


@pytest.mark.parametrize("filling", [b"\0", b"\xff\0", b"\xff\xd0"], ids=["zeros", "stuffed", "restarts"])
@pytest.mark.parametrize("beside", BESIDE)
def test_a_scan_ends_at_the_end_of_the_image(filling: bytes, beside: int) -> None:
    scan = SMALL.index(b"\xff\xda")
    begin = scan + 2 + int.from_bytes(SMALL[scan + 2 : scan + 4], "big")
    picture = SMALL[:begin] + (filling * WINDOW)[: WINDOW + beside] + b"\xff\xd9"
    assert (
        essential_jpeg(picture + b"\0" * WINDOW)
        == essential_jpeg(SMALL)[: begin - len(SMALL)] + picture[begin:]
    )


DECODER = PillowDecoder(max_pixels=1_000_000)
KINDS: list[dict[str, int]] = [
    {},
    {"optimize": True},
    {"progressive": True},
    {"restart_marker_blocks": 3},
    {"restart_marker_rows": 1},
]


def noise(shape: tuple[int, ...], **options: int) -> bytes:
    file = BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    Pillow.fromarray(pixels).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(64, 64, 3), (61, 45, 3), (64, 64)])
def test_a_whole_picture_without_an_end_marker_is_read(
    shape: tuple[int, ...], options: dict[str, int]
) -> None:
    whole = noise(shape, **options)
    for missing in (1, 2):
        assert np.array_equal(DECODER.decode(whole[:-missing]), DECODER.decode(whole))
    reduced = DECODER.decode_reduced(whole[:-2], long_side=20)
    assert np.array_equal(reduced.pixels, DECODER.decode_reduced(whole, long_side=20).pixels)


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(64, 64, 3), (61, 45, 3), (64, 64)])
def test_a_picture_that_was_cut_off_is_refused(shape: tuple[int, ...], options: dict[str, int]) -> None:
    whole = noise(shape, **options)
    for eighths in range(8):
        with pytest.raises(InvalidImage):
            DECODER.decode(whole[: len(whole) * eighths // 8])
