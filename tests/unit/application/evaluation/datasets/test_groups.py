"""Files of groups, and the attributes of photos."""

import numpy as np
import pytest

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Grouping, parse_groups
from application.evaluation.errors import EvaluationError
from tests.unit.evaluation_sets import as_set

ROWS = np.eye(4, dtype=np.float32)


def people(name: str = "set", **labels: list[str]) -> EvaluationSet:
    """Two photos of person 0, one of 1 and one of 2."""
    return as_set(ROWS, np.array([0, 0, 1, 2]), name, **labels)


def test_people_and_their_attributes() -> None:
    table = parse_groups("person,sex,age band\n0,f,18-29\n1,m,\n9,m,60+\n")
    sex, age = Grouping(table).attributes([people()])
    assert (sex.name, sex.values) == ("sex", ("f", "m"))
    assert sex.codes[0].tolist() == [0, 0, 1, -1]
    assert (age.name, age.values, age.codes[0].tolist()) == ("age band", ("18-29",), [0, 0, -1, -1])


def test_photos_may_differ_in_a_person() -> None:
    (camera,) = Grouping(parse_groups("photo,camera\n0,door\n1,desk\n2,door\n3,desk")).attributes([people()])
    assert camera.codes[0].tolist() == [1, 0, 1, 0]


def test_lines_of_one_set_and_of_all() -> None:
    table = parse_groups("set,person,origin\n,0,north\nsecond,0,south\n")
    (origin,) = Grouping(table).attributes([people("first"), people("second")])
    assert [origin.values[codes[0]] for codes in origin.codes] == ["north", "south"]


def test_labels_and_sets() -> None:
    photos = people("first", view=["front", "side", "front", ""])
    view, which = Grouping(labels=("view", "set")).attributes([photos])
    assert (view.values, view.codes[0].tolist()) == (("front", "side"), [0, 1, 0, -1])
    assert (which.values, which.codes[0].tolist()) == (("first",), [0, 0, 0, 0])


@pytest.mark.parametrize(
    "text", ["\ufeffperson;sex\r\n0;f\r\n", "person\tsex\n0\tf\n\n", 'person,sex\n"0", f \n']
)
def test_files_as_spreadsheets_write_them(text: str) -> None:
    assert parse_groups(text).rows == {("", "0"): ("f",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("name,sex\n0,f\n", "must name the columns"),
        ("person,photo,sex\n0,0,f\n", "must name the columns"),
        ("person,sex,sex\n0,f,f\n", "must name the columns"),
        ("person,set\n0,first\n", "0 attributes"),
        ("person," + ",".join(map(str, range(17))) + "\n", "17 attributes"),
        ("person,sex\n0\n", "line 2 of the groups has 1 fields, not 2"),
        ("person,sex\n0,f\n0,m\n", "line 3 of the groups contradicts"),
        ("person,sex\n0," + "f" * 300 + "\n", "line 2 .* 256 characters"),
        ('person,sex\n0,"f\n', "no CSV"),
    ],
)
def test_what_is_malformed_is_said(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_groups(text)


def test_groups_of_other_people_are_refused() -> None:
    with pytest.raises(EvaluationError, match="nothing of any photo's sex"):
        Grouping(parse_groups("person,sex\n7,f\n")).attributes([people()])


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no label `camera`; it has set, view"):
        Grouping(labels=("camera",)).attributes([people(view=["a"] * 4)])


def test_too_many_values_are_no_groups() -> None:
    rows = np.random.default_rng(1).standard_normal((60, 4)).astype(np.float32)
    photos = as_set(rows, np.arange(60), name=[f"n{number}" for number in range(60)])
    with pytest.raises(EvaluationError, match="name has 60 values; 50 groups"):
        Grouping(labels=("name",)).attributes([photos])
