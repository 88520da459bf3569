"""Faces that are cut off by the border of the image: YuNet detects half a face once it is mirrored to a whole one."""

from collections.abc import Sequence

from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch
from adapters.onnx.detectors.yunet.regions import Region
from domain.faces import Box, DetectedFace, Image

_SIDE = 192
"""Pixels of the picture that the network gets."""
_REGION = 2.0
"""Side of the region that it shows, in longer sides of the face's box."""
_MIN_SCORE = 0.8
"""In that picture: more things look like a face together with their mirror image than do by themselves."""
_MAX_OVERLAP = 0.3
"""Maximum intersection over union of two faces."""


def touches_border(box: Box, image: Image) -> bool:
    """Whether a face may continue outside of the image."""
    height, width = image.shape[:2]
    return bool(min(box.x, box.y, width - box.x - box.width, height - box.y - box.height) < 1)


def recover_cut_faces(
    network: YuNetNetwork,
    image: Image,
    uncertain: Sequence[DetectedFace],
    known: Sequence[DetectedFace],
) -> list[DetectedFace]:
    """Detect uncertain faces at the border again, with the image continued beyond it by its mirror image.

    Boxes and landmarks extend to where the rest of the face would be.

    Args:
        network: the detection network.
        image: H x W x 3.
        uncertain: detections whose score is too low for a face.
        known: faces that were found already; they are not found twice.
    """
    regions = [Region.around(face.box, _REGION) for face in uncertain if touches_border(face.box, image)]
    if not regions:
        return []
    batch = as_batch([region.cut(image, _SIDE, mirror=True) for region in regions])
    found: list[DetectedFace] = []
    for region, detections in zip(regions, network.infer(batch, _MIN_SCORE), strict=True):
        central = detections.central(_SIDE)
        best = central.select(central.scores.argsort()[-1:])
        scale = _SIDE / region.side
        for face in best.to_faces(scale, scale, region.left, region.top):
            if all(face.box.overlap(other.box) < _MAX_OVERLAP for other in (*known, *found)):
                found.append(face)
    return found
