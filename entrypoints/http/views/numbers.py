"""Numbers that several answers have."""

from typing import Annotated

from msgspec import Meta

Distance = Annotated[float, Meta(description="1 - cosine similarity, 0 (same) to 2")]
