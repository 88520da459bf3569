"""PillowDecoder against files of every kind it should take, and of many that it shouldn't."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.exif import orientation
from domain.errors import ImageTooLarge, InvalidImage

DECODER = PillowDecoder(max_pixels=1_000_000)
COLOURS = np.zeros((24, 40, 3), np.uint8)
COLOURS[:12, :20] = (250, 10, 20)
COLOURS[:12, 20:] = (20, 240, 10)
COLOURS[12:, :20] = (10, 20, 230)
COLOURS[12:, 20:] = (240, 240, 20)
"""Red and green above blue and yellow; RGB."""
BGR = COLOURS[..., ::-1]


def encoded(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def with_orientation(value: int) -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x0112] = value
    return exif


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        ("JPEG", {"quality": 95, "subsampling": 0}, 12),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 12),
    ],
)
def test_formats(kind: str, options: dict[str, object], tolerance: int) -> None:
    image = DECODER.decode(encoded(Pillow.fromarray(COLOURS), kind, **options))
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.shape == BGR.shape
    assert np.abs(image[6::12, 10::20].astype(int) - BGR[6::12, 10::20]).max() <= tolerance


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_comes_out_upright(kind: str, value: int) -> None:
    stored = {  # how a camera that is held so stores the upright scene, by EXIF's definition of the tag
        1: COLOURS,
        2: COLOURS[:, ::-1],
        3: COLOURS[::-1, ::-1],
        4: COLOURS[::-1],
        5: COLOURS.transpose(1, 0, 2),
        6: np.rot90(COLOURS, 1),
        7: np.rot90(COLOURS, 2).transpose(1, 0, 2),
        8: np.rot90(COLOURS, -1),
    }[value]
    picture = Pillow.fromarray(np.ascontiguousarray(stored))
    image = DECODER.decode(encoded(picture, kind, quality=95, exif=with_orientation(value)))
    assert image.shape == BGR.shape
    centres = image[6::12, 10::20].astype(int)
    assert np.abs(centres - BGR[6::12, 10::20]).max() < 40


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB"])
def test_grey_bilevel_and_palette(mode: str) -> None:
    picture = Pillow.new("RGB", (8, 6), (255, 255, 255)).convert(mode)
    assert DECODER.decode(encoded(picture, "PNG")).tolist() == [[[255, 255, 255]] * 8] * 6


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (1000, 1000), (999, 1003), (700, 2900), (65_535, 31)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_row_of_pictures_of_any_height(size: tuple[int, int], mode: str) -> None:
    """Large ones are converted in strips of a million pixels."""
    width, height = size
    grey = (np.arange(width * height) % 251).astype(np.uint8).reshape(height, width)
    picture = Pillow.fromarray(grey if mode == "L" else np.stack([grey, grey // 2, 255 - grey], axis=2))
    expected = [grey] * 3 if mode == "L" else [255 - grey, grey // 2, grey]
    image = PillowDecoder(10**7).decode(encoded(picture, "PNG", compress_level=1))
    np.testing.assert_array_equal(image, np.stack(expected, axis=2))


def test_sixteen_bit_grey_keeps_the_high_bytes() -> None:
    values = np.array([[0, 255, 256], [0x1234, 0xFF00, 0xFFFF]], np.uint16)
    image = DECODER.decode(encoded(Pillow.fromarray(values), "PNG"))
    assert image[..., 0].tolist() == [[0, 0, 1], [0x12, 0xFF, 0xFF]]


def test_sixteen_bit_colour() -> None:
    row = b"\0" + struct.pack(">6H", 0xFFFF, 0x8000, 0x0100, 0, 0x40FF, 0xC000)
    assert DECODER.decode(png(2, 1, 16, 2, row)).tolist() == [[[1, 0x80, 0xFF], [0xC0, 0x40, 0]]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_files_that_are_read_in_many_blocks(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    data = encoded(Pillow.fromarray(noise), kind, quality=100, subsampling=0, lossless=True)
    assert len(data) > 3 * 65536
    assert np.abs(DECODER.decode(data).astype(int) - noise[..., ::-1]).max() <= (8 if kind == "JPEG" else 0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparent_parts_are_white(kind: str) -> None:
    picture = Pillow.new("RGBA", (4, 4), (200, 0, 0, 0))
    picture.paste((200, 0, 0, 255), (0, 0, 2, 4))
    image = DECODER.decode(encoded(picture, kind, lossless=True))
    assert image[0, 0].tolist() == [0, 0, 200]
    assert image[0, 3].tolist() == [255, 255, 255]


def test_transparent_palette() -> None:
    picture = Pillow.new("P", (4, 4), 0)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((3, 3), 1)
    image = DECODER.decode(encoded(picture, "PNG", transparency=b"\x00\xff"))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image[3, 3].tolist() == [50, 100, 200]


def test_cmyk_jpeg() -> None:
    picture = Pillow.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK")
    image = DECODER.decode(encoded(picture, "JPEG", quality=95))
    assert np.abs(image.astype(int) - (40, 40, 200)).max() < 12


def test_of_several_pictures_in_one_jpeg_the_first() -> None:
    first, second = Pillow.new("RGB", (16, 16), (255, 0, 0)), Pillow.new("RGB", (16, 16), (0, 0, 255))
    image = DECODER.decode(encoded(first, "MPO", save_all=True, append_images=[second], quality=95))
    assert np.abs(image.astype(int) - (0, 0, 255)).max() < 12


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind: str) -> None:
    frames = [Pillow.new("RGB", (8, 8), (i, 90, 90)) for i in (0, 100, 200)]
    with pytest.raises(InvalidImage, match="animation"):
        DECODER.decode(encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_truncated_files_are_refused(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Pillow.fromarray(noise), kind)
    with pytest.raises(InvalidImage):
        DECODER.decode(data[: len(data) // 2])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BM",
        b"\xff\xd8\xff",
        b"Not an image, whatever its name says.",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        encoded(Pillow.fromarray(COLOURS), "GIF"),
        encoded(Pillow.fromarray(COLOURS), "TIFF"),
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage):
        DECODER.decode(data)


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG file made by hand, for what Pillow doesn't write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [1_001, 40_000, 2**31 - 1])
def test_size_is_checked_before_any_pixel_is_decoded(side: int) -> None:
    with pytest.raises(ImageTooLarge):
        DECODER.decode(png(side, side, 8, 2, b""))


def test_the_limit_itself_is_allowed() -> None:
    assert DECODER.decode(png(1000, 1000, 8, 0, b"\0" * 1001 * 1000)).shape == (1000, 1000, 3)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x01\0\x06\0\0",
        b"\x93NUMPY",
    ],
)
def test_broken_exif_means_upright(block: bytes) -> None:
    assert orientation(block) == 1
    image = DECODER.decode(encoded(Pillow.fromarray(COLOURS), "JPEG", exif=block))
    assert image.shape == BGR.shape


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_give_an_image_or_a_domain_error(kind: str, data: st.DataObject) -> None:
    options = {} if kind == "BMP" else {"exif": with_orientation(6)}
    mutated = bytearray(encoded(Pillow.fromarray(COLOURS), kind, **options))
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(mutated) - 1), st.integers(0, 255)), max_size=8)
    ):
        mutated[position] = value
    del mutated[data.draw(st.integers(len(mutated) // 2, len(mutated))) :]
    try:
        image = DECODER.decode(bytes(mutated))
    except (InvalidImage, ImageTooLarge):
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


def scene(width: int, height: int) -> Pillow.Image:
    """Blurred colours, with as many pixels as asked for."""
    return Pillow.fromarray(COLOURS).resize((width, height), Pillow.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("size", "side", "times"),
    [
        ((960, 640), 800, 1),
        ((960, 640), 480, 2),
        ((961, 641), 240, 4),
        ((960, 7), 100, 4),
        ((960, 640), 1, 8),
    ],
)
def test_a_jpeg_is_decoded_no_larger_than_needed(size: tuple[int, int], side: int, times: int) -> None:
    data = encoded(scene(*size), "JPEG", quality=95)
    reduced = DECODER.decode_reduced(data, side)
    image = reduced.pixels
    assert reduced.reduction == times
    assert image.shape == (-(-size[1] // times), -(-size[0] // times), 3)
    if min(size) > 100:
        whole = DECODER.decode(data)[times // 2 :: times, times // 2 :: times].astype(int)
        assert np.abs(whole - image[: whole.shape[0], : whole.shape[1]]).mean() < 3


@pytest.mark.parametrize("value", range(1, 9))
def test_a_reduced_jpeg_is_upright(value: int) -> None:
    data = encoded(scene(960, 640), "JPEG", exif=with_orientation(value))
    reduced = DECODER.decode_reduced(data, 240)
    image, times = reduced.pixels, reduced.reduction
    whole = DECODER.decode(data)
    assert times == 4
    assert np.abs(whole[2::4, 2::4].astype(int) - image).mean() < 3


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_a_jpeg_is_reduced_no_more_than_is_allowed(most: int) -> None:
    assert DECODER.decode_reduced(encoded(scene(960, 640), "JPEG"), 100, most).reduction == {3: 2}.get(
        most, most
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_other_formats_are_decoded_whole(kind: str) -> None:
    reduced = DECODER.decode_reduced(encoded(scene(960, 640), kind), 240)
    image, times = reduced.pixels, reduced.reduction
    assert times == 1
    assert image.shape == (640, 960, 3)


def test_a_reduced_jpeg_is_checked_as_a_whole_one() -> None:
    data = encoded(scene(960, 640), "JPEG")
    for cut in (20, len(data) // 2, len(data) - 200):
        with pytest.raises(InvalidImage):
            DECODER.decode_reduced(data[:cut], 100)
    with pytest.raises(ImageTooLarge):
        PillowDecoder(100_000).decode_reduced(data, 100)
    with pytest.raises(InvalidImage):
        DECODER.decode_reduced(b"no image", 100)
