"""Small files that take long to decode, or much memory, are refused, or read in little time."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from adapters.imaging.decoder import PillowDecoder
from domain.errors import ImageTooLarge, InvalidImage
from tests.unit import hostile_images as hostile

DECODER = PillowDecoder(max_pixels=50_000_000)
SOON_S = 1.5
"""Of a thread's time; each took three to sixty seconds."""

SMALL = hostile.jpeg(300, 200)
GREY = b"\0" * 301 * 200


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "scans": (lambda: hostile.with_scans(7000, 7100, 500), "more scans"),
    "many scans": (lambda: hostile.with_scans(7000, 7100, 12_000), "more segments"),
    "segments": (lambda: hostile.with_segments(SMALL, 3_500_000), "more segments"),
    "texts": (
        lambda: hostile.png(300, 200, 8, 0, GREY, hostile.chunk(b"teXt", b"") * 1_000_000),
        "more chunks",
    ),
    "pixels in pieces": (
        lambda: hostile.png(300, 200, 8, 0, GREY, hostile.chunk(b"IDAT", b"") * 1_000_000),
        "more chunks",
    ),
    "moves": (lambda: hostile.rle_bmp(1000, 900, b"\0\x02\0\0" * 3_500_000), "compressed"),
    "no end": (lambda: hostile.rle_bmp(1000, 900, b"\0\x02\0\0" * 650_000), "damaged"),
    "ends of long lines": (
        lambda: hostile.rle_bmp(50_000_000, 1, b"\0\0\x01\x05" * 100_000),
        "compressed",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_more_work_than_any_photo_is_refused_soon(kind: str) -> None:
    make, words = REFUSED[kind]
    data = make()
    start = time.thread_time()
    with pytest.raises(InvalidImage, match=words):
        DECODER.decode_reduced(data, 640)
    assert time.thread_time() - start < SOON_S


@pytest.mark.parametrize(("width", "height"), [(65_536, 1), (1, 65_536), (50_000_000, 1)])
def test_a_line_is_no_photo(width: int, height: int) -> None:
    """A face would be looked for in one part of it after the other: for minutes."""
    with pytest.raises(ImageTooLarge, match="wider or higher than 65,535 pixels"):
        DECODER.decode_reduced(hostile.png(width, height, 8, 0, b"\0" * (width + 1) * height), 640)


def test_the_longest_side_of_a_jpeg_is_allowed() -> None:
    assert DECODER.decode(hostile.png(65_535, 1, 8, 0, b"\0" * 65_536)).shape == (1, 65_535, 3)


@pytest.mark.parametrize(
    "data",
    [
        hostile.with_fill_bytes(SMALL, 10_000_000),
        hostile.with_segments(SMALL, 500),
        hostile.png(300, 200, 8, 0, GREY, hostile.chunk(b"IDAT", b"") * 50_000),
        hostile.rle_bmp(300, 200, (b"\x96\x40" * 2 + b"\0\0") * 200 + b"\0\x01"),
        hostile.rle_bmp(300, 200, b"\0\x02\0\0" * 60_000 + b"\0\x01"),
    ],
    ids=["fill bytes", "segments", "chunks", "runs", "moves"],
)
def test_odd_files_are_read_soon(data: bytes) -> None:
    start = time.thread_time()
    assert DECODER.decode(data).shape == (200, 300, 3)
    assert time.thread_time() - start < SOON_S


@pytest.fixture(scope="module")
def deep() -> bytes:
    """50 megapixels of four channels of 16 bits: 400 MB in 400 kB."""
    return hostile.png(7000, 7100, 16, 6, b"\0" * (7000 * 8 + 1) * 7100)


@pytest.mark.parametrize("kind", ["scans", "inflation"])
def test_decoding_ends_when_its_time_is_up(kind: str, deep: bytes) -> None:
    data = {
        "scans": hostile.with_scans(7000, 7100, 90),
        "inflation": deep,
    }[kind]
    start = time.thread_time()
    with pytest.raises(InvalidImage, match="too long"):
        PillowDecoder(50_000_000, seconds=0.05).decode(data)
    assert time.thread_time() - start < 0.6


def test_a_progressive_photo_without_a_face_is_decoded_once() -> None:
    """Its scans take all of the time: reading them for a small image first would spare nothing."""
    reduced = DECODER.decode_reduced(hostile.jpeg(1920, 1280, progressive=True), 640)
    image, times = reduced.pixels, reduced.reduction
    assert times == 1
    assert image.shape == (1280, 1920, 3)


def test_fifty_megapixels_with_alpha_take_no_more_than_twice_their_pixels(deep: bytes) -> None:
    """Pillow's own four bytes a pixel, and the three of the answer."""
    script = """
import resource, sys
from adapters.imaging.decoder import PillowDecoder
data = sys.stdin.buffer.read()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
PillowDecoder(50_000_000).decode(data)
print((peak() - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", script], input=deep, capture_output=True, check=True)
    assert int(done.stdout) < 420  # MiB; 200 and 150 MB are needed
