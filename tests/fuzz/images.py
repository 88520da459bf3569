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


class Files:
    """Makes files; equal seeds make equal ones."""

    def __init__(self, dice: random.Random, faces: Sequence[bytes]) -> None:
        self._dice = dice
        self._faces = faces

    def any(self) -> bytes:
        """A file of any kind, most often one with a face."""
        make = self._dice.choices(
            (self.face, self.noise, self.damaged, self.hostile, self.garbage), (4, 2, 5, 1, 1)
        )[0]
        return make()

    def face(self) -> bytes:
        """A photo with a face."""
        return self._dice.choice(self._faces)

    def noise(self) -> bytes:
        """A small image of noise."""
        dice = self._dice
        pixels = np.frombuffer(dice.randbytes(64 * 64 * 3), np.uint8).reshape(64, 64, 3)
        size = (dice.randint(1, 700), dice.randint(1, 700))
        mode = dice.choice(("RGB", "L", "RGBA", "P", "1"))
        image = Pillow.fromarray(pixels).resize(size).convert(mode)
        file = BytesIO()
        try:
            image.save(file, dice.choice(FORMATS))
        except (OSError, ValueError, KeyError):
            image.convert("RGB").save(file, "PNG")
        return file.getvalue()

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
        return start + dice.randbytes(dice.choice((0, 1, 10, 1000, 100_000)))

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
def _hostile() -> tuple[bytes, ...]:
    small = hostile_images.jpeg(64, 64)
    return (
        hostile_images.with_scans(3000, 3000, 2000),
        hostile_images.with_fill_bytes(small, 1_000_000),
        hostile_images.with_segments(small, 100_000),
        hostile_images.jpeg(20_000, 20_000),
        hostile_images.rle_bmp(4000, 4000, b"\x01\x00" * 100_000),
    )
