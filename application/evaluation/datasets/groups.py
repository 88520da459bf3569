"""Groups of the photos of evaluation sets: age band, origin, sex, camera, whatever the operator knows.

A file of groups is CSV with the names of the columns in its first line. The column `person` or `photo` says what a
line is of; a column `set` restricts the line to one set; every other column is an attribute. An empty field is an
unknown value.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.errors import EvaluationError

MAX_ATTRIBUTES = 16
MAX_VALUES = 50
"""Of one attribute. More values than that are names or ages in years, and no groups."""
MAX_TEXT = 256
DELIMITERS = ",;\t"

SET = "set"
"""The name of a column, and of the attribute that is known without a file: which set a photo is in."""
PERSON, PHOTO = "person", "photo"

Key: TypeAlias = tuple[str, str]
"""Set, and person or photo; the set is empty for a line that holds for all sets."""


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The content of a file of groups."""

    by_photo: bool
    """Whether lines are of photos; else they are of people."""
    attributes: tuple[str, ...]
    rows: Mapping[Key, tuple[str, ...]]
    """A value for each attribute; empty if it isn't known."""

    def values(self, photos: EvaluationSet) -> list[tuple[str, ...]]:
        """For each attribute the values of all photos, empty where they aren't known."""
        keys = photos.photos if self.by_photo else photos.names
        unknown = ("",) * len(self.attributes)
        found = [self.rows.get((photos.name, key), self.rows.get(("", key), unknown)) for key in keys]
        return list(zip(*found, strict=True))


def parse_groups(text: str) -> GroupTable:
    """Read a file of groups.

    Raises:
        EvaluationError: it is malformed; the message names the line.
    """
    content = text.removeprefix("\ufeff")
    first = next((line for line in content.splitlines() if line.strip()), "")
    reader = csv.reader(
        io.StringIO(content, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True
    )
    try:
        numbered = [(reader.line_num, [field.strip() for field in fields]) for fields in reader if fields]
    except csv.Error as error:
        raise EvaluationError(f"the file of groups is no CSV: {error}") from error
    if not numbered:
        raise EvaluationError("the file of groups is empty")
    header, key, attributes = _columns(numbered[0][1])
    rows: dict[Key, tuple[str, ...]] = {}
    for number, fields in numbered[1:]:
        if len(fields) != len(header):
            raise EvaluationError(f"line {number} of the groups has {len(fields)} fields, not {len(header)}")
        if max(map(len, fields)) > MAX_TEXT:
            raise EvaluationError(
                f"line {number} of the groups has more than {MAX_TEXT} characters in a field"
            )
        line = dict(zip(header, fields, strict=True))
        name = line.get(SET, ""), line[key]
        values = tuple(line[attribute] for attribute in attributes)
        if rows.setdefault(name, values) != values:
            raise EvaluationError(f"line {number} of the groups contradicts an earlier one on {line[key]}")
    return GroupTable(key == PHOTO, attributes, rows)


def _columns(header: Sequence[str]) -> tuple[list[str], str, tuple[str, ...]]:
    """All columns, the column of the key, and the attributes."""
    keys = [name for name in header if name in {PERSON, PHOTO}]
    if len(keys) != 1 or len(set(header)) != len(header) or "" in header:
        raise EvaluationError(
            "the first line of the groups must name the columns: `person` or `photo`, and attributes, each once"
        )
    attributes = tuple(name for name in header if name not in {*keys, SET})
    if not 1 <= len(attributes) <= MAX_ATTRIBUTES:
        raise EvaluationError(
            f"the groups have {len(attributes)} attributes; 1 to {MAX_ATTRIBUTES} can be measured"
        )
    return list(header), keys[0], attributes


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """A partition of photos into groups."""

    name: str
    values: tuple[str, ...]
    codes: tuple[NDArray[np.intp], ...]
    """For each set an array with the number of each photo's value; -1 where it isn't known."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """The attributes that rates are reported by."""

    table: GroupTable | None = None
    labels: tuple[str, ...] = ()
    """Labels that came with the photos, or `set`."""

    def __bool__(self) -> bool:
        return self.table is not None or bool(self.labels)

    def attributes(self, sets: Sequence[EvaluationSet]) -> list[Attribute]:
        """The attributes of these sets.

        Raises:
            EvaluationError: nothing is known of a label or of any photo, or there are too many values.
        """
        found = [_attribute(label, [_labels(photos, label) for photos in sets]) for label in self.labels]
        if self.table is not None:
            columns = zip(*(self.table.values(photos) for photos in sets), strict=True)
            found += map(_attribute, self.table.attributes, columns)
        return found


NO_GROUPS = Grouping()


def _labels(photos: EvaluationSet, label: str) -> tuple[str, ...]:
    if label == SET:
        return (photos.name,) * len(photos.names)
    if label not in photos.labels:
        known = ", ".join(sorted({SET, *photos.labels}))
        raise EvaluationError(f"{photos.name} has no label `{label}`; it has {known}")
    return photos.labels[label]


def _attribute(name: str, columns: Sequence[tuple[str, ...]]) -> Attribute:
    values = sorted({value for column in columns for value in column} - {""})
    if not values:
        raise EvaluationError(
            f"the groups say nothing of any photo's {name}: do they name people or photos as the sets do?"
        )
    if len(values) > MAX_VALUES:
        raise EvaluationError(f"{name} has {len(values)} values; {MAX_VALUES} groups are the most")
    numbers = {value: number for number, value in enumerate(values)}
    codes = tuple(np.array([numbers.get(value, -1) for value in column], dtype=np.intp) for column in columns)
    return Attribute(name, tuple(values), codes)
