"""Whose faces they are, as clients see it."""

from uuid import UUID

import msgspec

from domain.people import Match
from entrypoints.http.envelope import Success
from entrypoints.http.views.numbers import Distance


class RecognizedView(msgspec.Struct):
    """The person who was recognised."""

    id: UUID
    profile_id: UUID
    name: str
    distance: Distance

    @classmethod
    def of(cls, match: Match) -> "RecognizedView":
        """The client's view."""
        return cls(match.face.id, match.face.profile_id, match.face.name, match.distance)


class RecognizedAnswer(Success, kw_only=True):
    """The person was recognised."""

    data: RecognizedView
