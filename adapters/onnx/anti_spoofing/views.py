"""What anti-spoofing networks see of a photo."""

import cv2
import numpy as np

from application.ports.liveness import View
from domain.faces import Box, Image
from domain.liveness.capture import surroundings


def cut_view(image: Image, box: Box, view: View) -> Image:
    """The face in `box` with its surroundings, `view.height` x `view.width` x 3 uint8 BGR."""
    left, top, right, bottom = surroundings(box, image.shape[1], image.shape[0], view.surroundings)
    # Linear interpolation on purpose, although it skips pixels: the networks were trained on what it does to
    # the image's finest structure. With area averaging three times as many living faces are rejected.
    size = view.width, view.height
    picture = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture, dtype=np.uint8)
