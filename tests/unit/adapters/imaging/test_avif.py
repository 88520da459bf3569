"""AVIF photos, within the same bounds as other formats."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import features

from adapters.imaging.avif import pixels_to_decode
from adapters.imaging.decoder import PillowDecoder
from domain.errors import ImageTooLarge, InvalidImage

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this build of Pillow has no AVIF")

DECODER = PillowDecoder(10**6)
RED, WHITE = (30, 30, 200), (255, 255, 255)
"""Blue, green, red."""


def scene(mode: str = "RGB") -> Pillow.Image:
    """48 x 64, red above black; with an alpha channel, the red half is transparent."""
    colours = np.zeros((48, 64, 4), np.uint8)
    colours[:24] = (200, 30, 30, 0)
    colours[24:, :, 3] = 255
    return Pillow.fromarray(colours if mode == "RGBA" else colours[..., :3])


def avif(image: Pillow.Image, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, "AVIF", quality=90, **options)
    return file.getvalue()


def with_container_size(data: bytes, width: int, height: int) -> bytes:
    """The file, whose container states another size than its coded frame has."""
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", width, height) + data[place + 8 :]


def with_frames(data: bytes, copies: int) -> bytes:
    """The file, whose only item has further copies of its frame at its end."""
    mdat, extent = data.index(b"mdat") - 4, data.index(b"iloc") + 18
    start, length = struct.unpack(">II", data[extent : extent + 8])
    item = data[start : start + length]
    frame = item[4 + item[3] :]  # after a temporal delimiter and a sequence header
    assert (item[0] >> 3, item[2] >> 3, frame[0] >> 3) == (2, 1, 6)
    more = frame * copies
    head = data[: extent + 4] + struct.pack(">I", length + len(more)) + data[extent + 8 : mdat]
    return head + struct.pack(">I", len(data) - mdat + len(more)) + data[mdat + 4 :] + more


def test_pixels() -> None:
    data = avif(scene())
    image = DECODER.decode(data)
    assert image.shape == (48, 64, 3)
    assert np.abs(image[10, 10].astype(int) - RED).max() < 12
    with pytest.raises(ImageTooLarge):
        PillowDecoder(1000).decode(data)
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(InvalidImage):
            DECODER.decode(data[:length])


def test_transparent_parts_become_white() -> None:
    image = DECODER.decode(avif(scene("RGBA")))
    assert np.abs(image[10, 10].astype(int) - WHITE).max() < 3
    assert image[40, 10].max() < 12


@pytest.mark.parametrize(("tag", "corner"), [(1, (5, 5)), (3, (40, 5)), (6, (5, 40)), (8, (5, 5))])
def test_orientation(tag: int, corner: tuple[int, int]) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = tag
    image = DECODER.decode(avif(scene(), exif=exif))
    assert image.shape == ((64, 48, 3) if tag in {6, 8} else (48, 64, 3))
    assert np.abs(image[corner].astype(int) - RED).max() < 12


def test_several_pictures_are_an_animation() -> None:
    several = avif(scene(), save_all=True, append_images=[Pillow.new("RGB", (64, 48))])
    for data in (several, several.replace(b"ftypavis", b"ftypmif1", 1)):
        with pytest.raises(InvalidImage, match="animation"):
            DECODER.decode(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (301, 207), (2000, 10)])
def test_the_coded_size_of_a_photo_is_its_size(mode: str, size: tuple[int, int]) -> None:
    assert pixels_to_decode(avif(scene(mode).resize(size))) == size[0] * size[1]


def test_the_coded_size_counts_whatever_the_container_states() -> None:
    data = with_container_size(avif(scene().resize((800, 600))), 64, 48)
    with Pillow.open(BytesIO(data)) as file:
        assert file.size == (64, 48)
    with pytest.raises(ImageTooLarge):
        PillowDecoder(800 * 600 - 1).decode(data)
    assert PillowDecoder(800 * 600).decode(data).shape == (48, 64, 3)


def test_the_work_of_all_frames_counts() -> None:
    data = avif(scene())
    assert pixels_to_decode(with_frames(data, 3)) == 64 * 48
    assert pixels_to_decode(with_frames(data, 399)) == 100 * 64 * 48
    with pytest.raises(ImageTooLarge):
        PillowDecoder(50 * 64 * 48).decode(with_frames(data, 399))


@pytest.mark.parametrize("unit", [b"\x12\x00", b"\x00\x00\x00\x08free"])
def test_a_file_of_many_parts_is_refused(unit: bytes) -> None:
    """Units of the coded picture, or boxes."""
    data = avif(scene())
    mdat, extent = data.index(b"mdat") - 4, data.index(b"iloc") + 18
    more = unit * 20_000
    if unit[0]:
        length = struct.unpack(">I", data[extent + 4 : extent + 8])[0] + len(more)
        data = data[: extent + 4] + struct.pack(">I", length) + data[extent + 8 :]
        data = data[:mdat] + struct.pack(">I", len(data) - mdat + len(more)) + data[mdat + 4 :]
    with pytest.raises(InvalidImage, match="more parts"):
        DECODER.decode(data + more)
