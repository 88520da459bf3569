"""Answers as JSON: msgspec structs. `of` makes each of what a use case returns."""

from typing import Self

import msgspec


class Mirror(msgspec.Struct):
    """A view of something that has all of its fields."""

    @classmethod
    def of(cls, shown: object) -> Self:
        return msgspec.convert(shown, cls, from_attributes=True)
