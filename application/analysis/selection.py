"""Which of the faces in a photo are meant."""

from collections.abc import Sequence
from enum import StrEnum

from domain.errors import MultipleFaces, NoFaceDetected
from domain.faces import DetectedFace, Image, largest, subject


class FaceSelection(StrEnum):
    """Which of the faces in a photo are meant."""

    SINGLE = "single"
    """The one that is plainly the photo's subject; several that may be are an error."""
    LARGEST = "largest"
    ALL = "all"


MIN_SHARE_INSIDE = 0.75
"""The least share of a face's box that is in the image for it to be counted where the subject is asked for: people
whom the border cuts off stand beside the subject."""


_BYSTANDER = 0.25
"""The area of another face, by that of the largest, from which on it isn't clear whose liveness session it is."""


def lone_face(faces: Sequence[DetectedFace], image: Image) -> list[DetectedFace]:
    """The face whose liveness session it is; none where there are several large ones."""
    if not faces:
        return []
    main = largest(faces, image)
    several = any(face is not main and face.box.area > _BYSTANDER * main.box.area for face in faces)
    return [] if several else [main]


def largest_faces(faces: list[DetectedFace], count: int) -> list[DetectedFace]:
    """At most `count`, in the order in which they are given."""
    if len(faces) <= count:
        return faces
    largest_first = sorted(range(len(faces)), key=lambda place: faces[place].box.area, reverse=True)
    return [faces[place] for place in sorted(largest_first[:count])]


def select(faces: Sequence[DetectedFace], selection: FaceSelection, image: Image) -> list[DetectedFace]:
    """The faces that are meant.

    Raises:
        NoFaceDetected: one is asked for, and there is none.
        MultipleFaces: one alone is asked for, and several may be it.
    """
    if selection is FaceSelection.ALL:
        return list(faces)
    if not faces:
        raise NoFaceDetected("No face was found in the image.")
    if selection is FaceSelection.SINGLE:
        whole = [face for face in faces if face.box.inside(image) >= MIN_SHARE_INSIDE] or faces
        single = subject(whole, image)
        if single is None:
            raise MultipleFaces(
                f"{len(whole)} faces were found in the image, and none of them is plainly its subject;"
                " send one with a single face, or faces=largest."
            )
        return [single]
    return [largest(faces, image)]
