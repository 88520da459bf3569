"""What is kept of a JPEG file, wherever its markers are."""

import pytest

from adapters.imaging.jpeg import essential_jpeg
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
