"""Aligned crops as PNG files."""

import cv2
import numpy as np

from domain.errors import InvalidImage
from domain.faces import Crop

_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)
"""About 18 KB in 1 ms. Lossless WebP is a third smaller and takes over ten times as long."""


class PngCrops:
    """Implements CropCodec."""

    def encode(self, crop: Crop) -> bytes:
        """See CropCodec.encode."""
        _, data = cv2.imencode(".png", crop, _FAST)
        return data.tobytes()

    def decode(self, data: bytes) -> Crop:
        """See CropCodec.decode."""
        # Bytes that are empty or no image: the library raises for the one and gives None for the other.
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if picture is None:
            raise InvalidImage("A crop that was kept is damaged.")
        return np.asarray(picture, dtype=np.uint8)
