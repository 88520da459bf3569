"""Numbers that several answers have."""

from typing import Annotated

from msgspec import Meta

Similarity = Annotated[float, Meta(description="Cosine, -1 to 1")]
Distance = Annotated[float, Meta(description="1 - cosine similarity, 0 (same) to 2")]
Least = Annotated[float, Meta(description="The least similarity of a match")]
LeftOut = Annotated[int, Meta(description="With faces=single: how many other faces the photo has")]
Fmr = Annotated[float | None, Meta(description="The false match rate of one comparison at the threshold")]
