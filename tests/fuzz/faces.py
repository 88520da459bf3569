"""Photos with faces that come with installed packages, small ones: most requests should reach the networks."""

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image as Pillow

_SIDE = 256
_FORMATS = ("JPEG", "PNG", "WEBP")


def sample_faces() -> list[bytes]:
    """The astronaut in three formats, and two of her in one photo."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise AssertionError("scikit-image is not installed")
    photo = Pillow.open(Path(spec.origin).parent / "data" / "astronaut.png").convert("RGB")
    photo = photo.resize((_SIDE, _SIDE))
    pair = Pillow.new("RGB", (2 * _SIDE, _SIDE))
    pair.paste(photo)
    pair.paste(photo, (_SIDE, 0))
    return [_encoded(photo, name) for name in _FORMATS] + [_encoded(pair, "JPEG")]


def _encoded(photo: Pillow.Image, name: str) -> bytes:
    file = BytesIO()
    photo.save(file, name)
    return file.getvalue()
