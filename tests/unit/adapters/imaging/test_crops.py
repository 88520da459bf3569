import numpy as np
import pytest

from adapters.imaging.crops import PngCrops
from domain.errors import InvalidImage


def test_a_crop_comes_back_as_it_was() -> None:
    crop = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    codec = PngCrops()
    back = codec.decode(codec.encode(crop))
    assert (back.dtype, back.shape) == (crop.dtype, crop.shape)
    assert np.array_equal(back, crop)


@pytest.mark.parametrize("data", [b"", b"nonsense", PngCrops().encode(np.zeros((8, 8, 3), np.uint8))[:40]])
def test_what_is_no_crop_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage):
        PngCrops().decode(data)
