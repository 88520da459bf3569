"""Parameters that several operations take."""

import json
from typing import Annotated, Literal

from litestar.params import HeaderParameter, PathParameter, QueryParameter

from domain import errors, liveness_errors
from domain.liveness import LivenessPolicy
from domain.metadata import Metadata
from domain.people import COLLECTION_PATTERN, MAX_ID, FaceId, ProfileId
from domain.quality import LowQuality

PAGE = 1000

FaceOfPath = Annotated[FaceId, PathParameter(ge=1, le=MAX_ID, format="int64")]
ProfileOfPath = Annotated[ProfileId, PathParameter(ge=1, le=MAX_ID, format="int64")]
AfterFace = Annotated[FaceId | None, QueryParameter(ge=1, le=MAX_ID, format="int64")]
AfterProfile = Annotated[ProfileId | None, QueryParameter(ge=1, le=MAX_ID, format="int64")]
OptionalProfile = Annotated[ProfileId | None, QueryParameter(ge=1, le=MAX_ID, format="int64")]
Collection = Annotated[
    str, QueryParameter(description="The collection that is meant", pattern=COLLECTION_PATTERN)
]
DetectionModel = Annotated[
    str | None, QueryParameter(description="A detection model's name; the configured default if absent")
]
RecognitionModel = Annotated[
    str | None, QueryParameter(description="A recognition model's name; the configured default if absent")
]
Method = Annotated[
    Literal["nearest", "mean", "template", "vote"] | None,
    QueryParameter(description="How a person's several faces are weighed; the configured default if absent"),
]
LeastSimilarity = Annotated[
    float | None,
    QueryParameter(ge=-1, le=1, description="The least cosine similarity of a match, instead of the model's"),
]
MetadataFilter = Annotated[
    str | None,
    QueryParameter(description='Only people whose metadata contains this JSON object: {"team": "red"}'),
]
Aliveness = Annotated[
    LivenessPolicy | None,
    QueryParameter(description="Presentation attacks: a stricter policy than the operator's"),
]
LivenessSession = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=64,
        description="A liveness session that was passed by the face in the photo (in `image1`, of two): it counts"
        " as evidence that the face is alive, for this request only, and the photo itself is not looked at for signs"
        " of an attack",
    ),
]
Quality = Annotated[bool, QueryParameter(description="Answer with the quality of the photo too")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE, description="Entries a page")]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any text, new for each request: a repetition is answered as the first was, for a day",
    ),
]

IMAGE_REFUSALS = (
    errors.InvalidImage,
    errors.ImageTooLarge,
    errors.NoFaceDetected,
    errors.UnknownModel,
    errors.InvalidEmbedding,
    errors.ModelNotInstalled,
    errors.SpoofDetected,
    errors.LivenessUndetermined,
    LowQuality,
    errors.BrokenModel,
    errors.Busy,
)
"""What any operation with a photo may refuse."""

SESSION_REFUSALS = (
    liveness_errors.LivenessSessionNotFound,
    liveness_errors.LivenessSessionNotPassed,
    liveness_errors.LivenessSessionUsed,
    liveness_errors.LivenessSessionOtherFace,
)
"""What an operation that takes a liveness session may refuse besides."""

GALLERY_REFUSALS = (errors.CollectionNotFound, errors.InvalidCollection, errors.ModelNotCalibrated)
"""What any operation on people may refuse."""


def metadata_filter(text: str | None) -> Metadata | None:
    """The object that a parameter's text is.

    Raises:
        InvalidMetadata: it is none.
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise errors.InvalidMetadata("The metadata is not a JSON object.")
    return value
