"""Conversions between rows and the domain."""

import json

import numpy as np

from adapters.postgres.rows import written


def test_the_text_of_a_vector_has_every_number_as_it_is() -> None:
    vector = np.array([0.1, -1 / 3, 1e-30, 1e38, 0.0, np.nextafter(np.float32(1), 0)], dtype=np.float32)

    read = np.array(json.loads(written(vector)), dtype=np.float32)

    assert read.tobytes() == vector.tobytes()
