"""Numbers that several answers have."""

from typing import Annotated

from msgspec import Meta, UnsetType

from domain.people import MAX_ID

_INT64 = {"extra": {"format": "int64"}}
Id = Annotated[int, Meta(ge=1, le=MAX_ID, extra_json_schema=_INT64)]
# Of a union the bounds of its parts aren't described.
OPTIONAL_ID = {"extra": {"format": "int64", "minimum": 1, "maximum": MAX_ID}}
NextId = Annotated[
    Id | UnsetType,
    Meta(description="There is more: send this as `after` for the next page", extra_json_schema=OPTIONAL_ID),
]
"""What a page's `next` is."""

Similarity = Annotated[float, Meta(description="Cosine, -1 to 1")]
Distance = Annotated[float, Meta(description="1 - cosine similarity, 0 (same) to 2")]
Least = Annotated[float, Meta(description="The least similarity of a match")]
LeftOut = Annotated[
    int,
    Meta(
        description="With faces=single: how many other faces the photo has; with faces=all: how many smaller ones"
        " weren't embedded, if the photo has more than FACE_MAX_FACES. Absent if there are none"
    ),
]
Fmr = Annotated[float | None, Meta(description="The false match rate of one comparison at the threshold")]
