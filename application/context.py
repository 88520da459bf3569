"""Values of context variables for as long as a block runs."""

from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class context_value(Generic[T]):  # noqa: N801 - as those of contextlib; a generator would take three times as long
    """`with context_value(variable, value) as value:`."""

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T | None], value: T) -> None:
        self._variable = variable
        self._value = value

    def __enter__(self) -> T:
        self._token = self._variable.set(self._value)
        return self._value

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)
