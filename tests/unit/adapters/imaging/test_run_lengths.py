"""Run-length encoded BMP files have the pixels that Pillow reads from them, in a thousandth of its time."""

import random
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL.BmpImagePlugin import BmpImageFile

from adapters.imaging.decoder import PillowDecoder
from application.ports.effort import interruptible
from domain.errors import InvalidImage
from tests.unit import hostile_images as hostile

DECODER = PillowDecoder(1_000_000)
END_OF_LINE, END, MOVE = b"\0\0", b"\0\x01", b"\0\x02"


def nibbles(data: bytes) -> bytes:
    """A 4-bit file of an 8-bit one: its header says so, and the codes are left as they are."""
    header = struct.pack("<HI", 4, 2) + data[34:46] + struct.pack("<I", 16)
    return (
        data[:10] + struct.pack("<I", 14 + 40 + 64) + data[14:28] + header + data[50:118] + data[54 + 1024 :]
    )


def codes(width: int, height: int, bits: int, dice: random.Random) -> bytes:
    """Lines of random runs and of pixels that are given one by one."""
    lines = []
    for _ in range(height):
        line, left = b"", width
        while left:
            count = dice.randint(1, min(left, 40))
            if count < 3 or dice.random() < 0.5:
                line += bytes((count, dice.randrange(256)))
            else:
                size = (count * bits + 7) // 8
                line += bytes((0, count)) + dice.randbytes(size) + b"\0" * (size % 2)
            left -= count
        lines.append(line)
    return END_OF_LINE.join(lines) + END


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("seed", range(20))
def test_pixels_are_those_of_pillow(bits: int, seed: int) -> None:
    dice = random.Random(seed)
    width, height = dice.randint(1, 90), dice.randint(1, 40)
    data = hostile.rle_bmp(width, height, codes(width, height, bits, dice))
    if bits == 4:
        data = nibbles(data)
    expected = np.asarray(BmpImageFile(BytesIO(data)).convert("RGB"))[..., ::-1]
    np.testing.assert_array_equal(DECODER.decode(data), expected)


def test_what_is_skipped_has_the_first_colour() -> None:
    """The first line, from below, ends early, then pixels are moved over."""
    image = DECODER.decode(
        hostile.rle_bmp(4, 3, b"\x01\x05" + END_OF_LINE + MOVE + b"\x02\x01\x01\x07" + END)
    )
    shades = image[..., 0].tolist()
    assert shades == [[0, 0, 7, 0], [0, 0, 0, 0], [5, 0, 0, 0]]


@pytest.mark.parametrize(
    "broken",
    [b"\x04\x05", b"\x09\x05" + END_OF_LINE + END, MOVE * 9, b""],
    ids=["no end", "a line that is too long", "moves out of it", "nothing"],
)
def test_broken_codes_are_refused_without_a_word_in_the_log(
    broken: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidImage, match="damaged"):
        DECODER.decode(hostile.rle_bmp(4, 300, broken))
    assert capfd.readouterr() == ("", "")


def test_python_takes_no_part_in_each_code() -> None:
    """Pillow's decoder reads each code by itself, and keeps the interpreter's lock meanwhile."""
    data = hostile.rle_bmp(1000, 900, (b"\x01\x05" * 1000 + END_OF_LINE) * 900 + END)
    with interruptible(lambda _: True) as effort:
        assert DECODER.decode(data).shape == (900, 1000, 3)
    assert effort.checkpoints < 100
