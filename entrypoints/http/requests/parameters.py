"""Parameters that several operations take. Groups of them are injected as one object, see `injected`."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar.di import Provide
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from application.analysis.detection import DEFAULT_MIN_FACE, MIN_FACE_RANGE
from application.analysis.selection import FaceSelection
from application.enrolment import EnrolmentOptions
from application.recognition import RecognitionOptions
from domain import errors
from domain.enrolment import OnConflict
from domain.liveness.detection import LivenessPolicy
from domain.metadata import Metadata
from domain.people import COLLECTION_PATTERN, DEFAULT_COLLECTION, MAX_ID, FaceId, ProfileId

PAGE_SIZE = 1000

FacePathId = Annotated[FaceId, PathParameter(ge=1, le=MAX_ID, format="int64")]
ProfilePathId = Annotated[ProfileId, PathParameter(ge=1, le=MAX_ID, format="int64")]
AfterFace = Annotated[FaceId | None, QueryParameter(ge=1, le=MAX_ID, format="int64")]
AfterProfile = Annotated[ProfileId | None, QueryParameter(ge=1, le=MAX_ID, format="int64")]
ProfileQueryId = Annotated[
    ProfileId | None,
    QueryParameter(ge=1, le=MAX_ID, format="int64", description="The person's id"),
]
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
    Literal["nearest", "mean", "template"] | None,
    QueryParameter(description="How a person's several faces are weighed; the configured default if absent"),
]
MinSimilarity = Annotated[
    float | None,
    QueryParameter(ge=-1, le=1, description="The least cosine similarity of a match, instead of the model's"),
]
MetadataFilter = Annotated[
    str | None,
    QueryParameter(description='Only people whose metadata contains this JSON object: {"team": "red"}'),
]
MinFace = Annotated[
    int | None,
    QueryParameter(
        ge=MIN_FACE_RANGE[0],
        le=MIN_FACE_RANGE[1],
        description="Of all faces of the photo, the smallest that must be found, whatever else is in it: pixels of"
        f" the photo, the longer side of the face's box. {DEFAULT_MIN_FACE} if absent, or a fortieth of the photo's"
        " longer side if that is less; a photo takes longer the smaller it is",
    ),
]
TopK = Annotated[int | None, QueryParameter(ge=1, le=100, description="How many people to answer with")]
Faces = Annotated[FaceSelection, QueryParameter(description="Which faces of the photo are meant")]
Subject = Annotated[
    Literal["single", "largest"],
    QueryParameter(
        description="`single`: the one that is plainly the subject; `largest`: the largest, whatever the others"
    ),
]
ConflictAction = Annotated[
    OnConflict,
    QueryParameter(description="What to do with a face that resembles somebody else, or not the person"),
]
StricterLiveness = Annotated[
    LivenessPolicy | None,
    QueryParameter(description="Presentation attacks: a stricter policy than the operator's"),
]
LivenessSessionId = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=64,
        description="A liveness session that was passed by the face in the photo (in `image1`, of two): it counts"
        " as evidence that the face is alive, for this request only, and the photo itself is not looked at for signs"
        " of an attack",
    ),
]
WithQuality = Annotated[bool, QueryParameter(description="Answer with the quality of the photo too")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE, description="Entries a page")]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any text, new for each request: a repetition is answered as the first was, for a day",
    ),
]


@dataclass(frozen=True, kw_only=True)
class GalleryParameters:
    """What all operations take that compare a face with a collection."""

    collection: Collection = DEFAULT_COLLECTION
    detection_model: DetectionModel = None
    recognition_model: RecognitionModel = None
    liveness: StricterLiveness = None
    quality: WithQuality = False


@dataclass(frozen=True, kw_only=True)
class EnrolmentParameters(GalleryParameters):
    """Of a batch of faces to enrol."""

    faces: Subject = "single"
    on_conflict: ConflictAction = OnConflict.WARN

    def options(self, liveness_session: str | None = None) -> EnrolmentOptions:
        """What the use case takes."""
        return EnrolmentOptions(
            collection=self.collection,
            detection_model=self.detection_model,
            recognition_model=self.recognition_model,
            selection=FaceSelection(self.faces),
            on_conflict=self.on_conflict,
            liveness=self.liveness,
            liveness_session=liveness_session,
        )


@dataclass(frozen=True, kw_only=True)
class RegisterParameters(EnrolmentParameters):
    """Of one face to enrol."""

    name: Annotated[
        str | None,
        QueryParameter(
            description="The person; the same name adds a face to the same person. Or send `profile_id`"
        ),
    ] = None
    profile_id: ProfileQueryId = None
    liveness_session: LivenessSessionId = None


@dataclass(frozen=True, kw_only=True)
class MatchParameters(GalleryParameters):
    """Of comparisons with people."""

    method: Method = None
    threshold: MinSimilarity = None


@dataclass(frozen=True, kw_only=True)
class VerifyParameters(MatchParameters):
    """Of a comparison with one person, or of two photos."""

    name: Annotated[str | None, QueryParameter(description="The person's name")] = None
    profile_id: ProfileQueryId = None
    liveness_session: LivenessSessionId = None

    def options(self) -> RecognitionOptions:
        """What the use case takes."""
        return RecognitionOptions(
            collection=self.collection,
            detection_model=self.detection_model,
            recognition_model=self.recognition_model,
            method=self.method,
            threshold=self.threshold,
            quality=self.quality,
            liveness=self.liveness,
            liveness_session=self.liveness_session,
        )


@dataclass(frozen=True, kw_only=True)
class SearchParameters(MatchParameters):
    """Of a search among people."""

    faces: Faces = FaceSelection.ALL
    min_face: MinFace = None
    top_k: TopK = None
    metadata: MetadataFilter = None

    def options(self, top_k: int, liveness_session: str | None = None) -> RecognitionOptions:
        """What the use case takes; `top_k` is for requests that say nothing of it.

        Raises:
            InvalidMetadata: the filter is no JSON object.
        """
        return RecognitionOptions(
            collection=self.collection,
            detection_model=self.detection_model,
            recognition_model=self.recognition_model,
            method=self.method,
            top_k=self.top_k or top_k,
            threshold=self.threshold,
            quality=self.quality,
            metadata=metadata_filter(self.metadata),
            selection=self.faces,
            min_face=self.min_face,
            liveness=self.liveness,
            liveness_session=liveness_session,
        )


@dataclass(frozen=True, kw_only=True)
class RecognizeParameters(SearchParameters):
    """Of a search for one face."""

    faces: Faces = FaceSelection.LARGEST
    liveness_session: LivenessSessionId = None


def injected(kind: type[GalleryParameters]) -> dict[str, Provide]:
    """The dependencies of a handler whose argument `parameters` is a group of parameters."""
    return {"parameters": Provide(kind, sync_to_thread=False)}


def metadata_filter(text: str | None) -> Metadata | None:
    """The object that a parameter's text is.

    Raises:
        InvalidMetadata: the text is no JSON object, or has two values of a key.
    """
    if text is None:
        return None
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise errors.InvalidMetadata("The metadata is not a JSON object.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise errors.InvalidMetadata("The metadata has several values of a key.")
    return value
