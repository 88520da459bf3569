"""Random files: images of many formats, whole, damaged and hostile."""

import random
import struct
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image as Pillow

from tests.unit import hostile_images

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
_NOISE_IMAGES = 300


class Files:
    """Makes files; equal seeds make equal ones."""

    def __init__(self, dice: random.Random, faces: Sequence[bytes]) -> None:
        self._dice = dice
        self._faces = faces

    def any(self) -> bytes:
        """A file of any kind.

        Most are small or end soon, so that 100,000 requests take less than an hour: of a hundred files 12 show a
        face, 30 are damaged, many of them so that decoding fails, and 2 would take much time or memory.
        """
        makes = (self.face, self.noise, self.damaged, self.hostile, self.garbage)
        return self._dice.choices(makes, (12, 6, 30, 2, 50))[0]()

    def face(self) -> bytes:
        """A photo with a face."""
        return self._dice.choice(self._faces)

    def noise(self) -> bytes:
        """An image of noise: one of a few hundred, since making one takes longer than reading it."""
        return self._dice.choice(_noise())

    def damaged(self) -> bytes:
        """A file with bytes changed, cut off, repeated or put in."""
        dice = self._dice
        data = bytearray(self.face() if dice.random() < 0.7 else self.noise())
        for _ in range(dice.choice((1, 1, 2, 5, 50))):
            at = int(len(data) * dice.random() ** 3)
            change: Callable[[], None] = dice.choice(
                (
                    lambda at=at: data.__setitem__(slice(at, at + 1), dice.randbytes(1)),
                    lambda at=at: data.__delitem__(slice(at, at + dice.randint(1, 4))),
                    lambda at=at: data.__setitem__(slice(at, at), dice.randbytes(dice.randint(1, 9))),
                    lambda at=at: data.__setitem__(
                        slice(at, at + 4), struct.pack(">I", dice.getrandbits(32))
                    ),
                    lambda at=at: data.__delitem__(slice(at, None)) if dice.random() < 0.1 else None,
                    lambda at=at: data.__setitem__(slice(at, at), bytes(data[: dice.randint(1, 2000)])),
                )
            )
            change()
        return bytes(data)

    def hostile(self) -> bytes:
        """A small file that would take much time or memory."""
        return self._dice.choice(_hostile())

    def garbage(self) -> bytes:
        """Bytes that are no image."""
        dice = self._dice
        start = dice.choice(
            (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF....WEBP", b"GIF89a", b"%PDF-")
        )
        return start + dice.randbytes(dice.choice((0, 1, 10, 1000, 1000, 1000, 100_000)))

    def archive(self) -> bytes:
        """A zip of a few photos, perhaps damaged."""
        dice = self._dice
        file = BytesIO()
        with zipfile.ZipFile(file, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for number in range(dice.randint(0, 4)):
                person = dice.choice(("Ada", "Grace", "../up", "a/b", "", "\u00e9", "x" * 300))
                archive.writestr(f"{person}/{number}.jpg", self.any())
        data = bytearray(file.getvalue())
        if dice.random() < 0.5:
            for _ in range(dice.choice((1, 5))):
                data[dice.randrange(len(data))] = dice.getrandbits(8)
        return bytes(data)


@cache
def _noise() -> tuple[bytes, ...]:
    """Images of all formats and modes, most of them small."""
    dice = random.Random(0)
    return tuple(_noise_image(dice, 700 if number % 10 == 0 else 100) for number in range(_NOISE_IMAGES))


def _noise_image(dice: random.Random, most: int) -> bytes:
    pixels = np.frombuffer(dice.randbytes(64 * 64 * 3), np.uint8).reshape(64, 64, 3)
    size = (dice.randint(1, most), dice.randint(1, most))
    image = Pillow.fromarray(pixels).resize(size).convert(dice.choice(("RGB", "L", "RGBA", "P", "1")))
    file = BytesIO()
    try:
        image.save(file, dice.choice(FORMATS))
    except (OSError, ValueError, KeyError):
        image.convert("RGB").save(file, "PNG")
    return file.getvalue()


@cache
def _hostile() -> tuple[bytes, ...]:
    small = hostile_images.jpeg(64, 64)
    return (
        hostile_images.with_scans(3000, 3000, 2000),
        hostile_images.with_fill_bytes(small, 1_000_000),
        hostile_images.with_segments(small, 100_000),
        hostile_images.jpeg(20_000, 20_000),
        hostile_images.rle_bmp(4000, 4000, b"\x01\x00" * 100_000),
    )
