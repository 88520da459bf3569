"""Metadata and unusual forms, as programs and phones write them, don't keep photos from being decoded."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.exif import orientation
from domain.errors import ImageTooLarge, InvalidImage
from tests.unit.hostile_images import chunk, png

DECODER = PillowDecoder(max_pixels=1_000_000)
LONG_TEXT = zlib.compress(b"x" * 3_000_000)
PROFILE = zlib.compress(bytes(2_000_000))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + LONG_TEXT),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + LONG_TEXT),
        chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000),
        chunk(b"iCCP", b"Profile\0\0" + PROFILE),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 900_000)) * 100,
        chunk(b"iCCP", b"Profile\0\0 not compressed at all"),
        chunk(b"cHRM", b"short"),
    ],
    ids=["zTXt", "iTXt", "tEXt", "iCCP", "many", "damaged iCCP", "damaged cHRM"],
)
def test_texts_and_profiles_of_a_png_are_passed_over(extra: bytes) -> None:
    assert DECODER.decode(png(3, 2, 8, 0, b"\0\x01\x02\x03\0\x04\x05\x06", extra))[..., 0].tolist() == [
        [1, 2, 3],
        [4, 5, 6],
    ]


def test_orientation_after_the_pixels_of_a_png() -> None:
    block = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
    data = png(3, 2, 8, 0, b"\0\x01\x02\x03\0\x04\x05\x06")
    end = data.index(b"IEND") - 4
    turned = DECODER.decode(data[:end] + chunk(b"eXIf", block) + data[end:])
    assert turned[..., 0].tolist() == [[4, 1], [5, 2], [6, 3]]


def bmp(alpha: int) -> bytes:
    """One pixel (BGR 10, 20, 30) and one (40, 50, 60), 32 bits each, with a mask for alpha."""
    pixels = bytes((10, 20, 30, alpha, 40, 50, 60, 0))
    head = struct.pack("<IiiHHIIiiII", 124, 2, 1, 1, 32, 3, len(pixels), 2835, 2835, 0, 0)
    head += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(64)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + pixels


def test_alpha_that_is_zero_everywhere_means_nothing() -> None:
    assert DECODER.decode(bmp(alpha=0)).tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert DECODER.decode(bmp(alpha=255)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_so_it_does_in_other_formats(kind: str, mode: str) -> None:
    file = BytesIO()
    Pillow.new("RGBA", (2, 2), (90, 90, 90, 0)).convert(mode).save(file, kind, lossless=True, exact=True)
    assert (DECODER.decode(file.getvalue()) == 90).all()


def test_so_it_does_in_a_palette() -> None:
    picture = Pillow.new("RGB", (2, 2), (90, 90, 90))
    picture.putpixel((0, 0), (10, 10, 10))
    for alphas, expected in ((bytes(256), [10, 90]), (b"\0" + b"\xff" * 255, None)):
        file = BytesIO()
        picture.quantize(2).save(file, "PNG", transparency=alphas)
        found = DECODER.decode(file.getvalue())[0, :, 0].tolist()
        assert found == expected if expected else 255 in found


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "form"), [(1, "Bxxx"), (3, "Hxx"), (4, "I"), (6, "bxxx"), (8, "hxx"), (9, "i")]
)
def test_orientation_as_any_whole_number(order: str, kind: int, form: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    block = mark + struct.pack(f"{order}IHHHI{form}", 8, 1, 0x0112, kind, 1, 6)
    assert orientation(block) == 6


def scene() -> Pillow.Image:
    colours = np.zeros((48, 64, 3), np.uint8)
    colours[:24] = (200, 30, 30)
    return Pillow.fromarray(colours)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1"])
def test_heic_is_refused_with_advice(brand: bytes) -> None:
    box = b"ftyp" + brand + bytes(4) + b"mif1heic"
    with pytest.raises(InvalidImage, match="send the photo as JPEG"):
        DECODER.decode(struct.pack(">I", 4 + len(box)) + box + bytes(1000))


def test_a_large_canvas_of_a_webp_is_found_before_it_is_made() -> None:
    file = BytesIO()
    scene().save(file, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    data = bytearray(file.getvalue())
    assert data[12:16] == b"VP8X"
    data[24:30] = (16_000).to_bytes(3, "little") * 2
    with pytest.raises(ImageTooLarge):
        DECODER.decode(bytes(data))


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_of_exif(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    block = mark + struct.pack(f"{order}IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
    assert orientation(block) == orientation(b"Exif\0\0" + block) == 6
    assert orientation(b"Exif\0\0" * 2 + block) == 6
