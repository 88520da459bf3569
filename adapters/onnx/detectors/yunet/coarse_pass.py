"""One pass over few pixels, which finds a face that is plain to see."""

from collections.abc import Sequence

import numpy as np

from adapters.onnx.detectors.resizing import scaled
from adapters.onnx.detectors.yunet.landmarks import Votes
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch, padded
from adapters.onnx.detectors.yunet.tilted_faces import is_upright
from domain.faces import Box, DetectedFace, Image

_SIDES = (160, 96)
"""Pixels of the picture's long side: the second one if the face is too large in the first."""
_LEAST = 0.25
"""Minimum size of the face, as a share of the long side: 40 pixels."""
_LARGEST = 100
"""Pixels of a face, from which on cells disagree about its landmarks. They agree best at 70 to 80."""
_MAX_SPREAD = 0.03
"""Maximum disagreement of the cells (Votes.spread), in longer sides of the box. 0.014 is usual; in faces turned by 45
degrees it is 0.05 to 0.09."""
_OTHER = 0.8
"""Maximum size of anything else that may be a face, by that of the face: of the parts of their boxes that are in the
picture, by which the largest face is chosen. Measured in docs/decisions/0011-thresholds-that-fit.md."""
_MIN_SCORE = 0.3
"""Of anything that may be a face."""
_OVERLAP = 0.45


def detect_coarsely(network: YuNetNetwork, image: Image) -> DetectedFace | None:
    """See FaceDetector.detect_coarsely. The landmarks are the mean of those of all cells that detect the face."""
    for side in _SIDES:
        picture = scaled(image, min(1.0, side / max(image.shape[:2])))
        (cells,) = network.infer(as_batch([padded(picture)]), _MIN_SCORE)
        found = cells.suppress_overlapping(_OVERLAP)
        faces = found.to_faces(1, 1)
        plain = _plain(faces, picture)
        if plain is None:
            return None
        size = faces[plain].box.longer
        if size <= _LARGEST:
            break
    face = found.select(np.array([plain]))
    votes = Votes.of(cells, face.boxes[0])
    landmarks = votes.consensus()
    disagreement = votes.spread(landmarks) / size
    if disagreement > _MAX_SPREAD:
        return None
    (located,) = face.placed(landmarks).to_faces(
        picture.shape[1] / image.shape[1], picture.shape[0] / image.shape[0]
    )
    return DetectedFace(located.box, located.score, located.landmarks, disagreement)


def _plain(faces: Sequence[DetectedFace], picture: Image) -> int | None:
    """The place of the largest face, if it is plain to see."""
    sizes = [face.box.visible_side(picture) for face in faces]
    if not sizes:
        return None
    place = sizes.index(max(sizes))
    face, others = faces[place], [*sizes[:place], *sizes[place + 1 :]]
    is_plain = (
        face.box.longer >= _LEAST * max(picture.shape[:2])
        and _is_whole(face.box, picture)
        and is_upright(face, 1)
        and max(others, default=0) <= _OTHER * sizes[place]
    )
    return place if is_plain else None


def _is_whole(box: Box, picture: Image) -> bool:
    height, width = picture.shape[:2]
    return box.x >= 0 and box.y >= 0 and box.x + box.width <= width and box.y + box.height <= height
