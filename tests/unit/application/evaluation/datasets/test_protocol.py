import pytest

from application.evaluation.datasets.pairs import PhotoName, parse_pairs
from application.evaluation.errors import EvaluationError

TWO_FOLDS = "2\t1\nAnn\t1\t2\nAnn\t1\tBob\t3\nCyd\t4\t12\nCyd\t1\tDan_Doe\t1\n"


def test_pairs_and_their_folds() -> None:
    protocol = parse_pairs(TWO_FOLDS)
    assert [(str(pair.left), str(pair.right), pair.fold) for pair in protocol.pairs] == [
        ("Ann_0001", "Ann_0002", 0),
        ("Ann_0001", "Bob_0003", 0),
        ("Cyd_0004", "Cyd_0012", 1),
        ("Cyd_0001", "Dan_Doe_0001", 1),
    ]
    assert protocol.genuine.tolist() == [True, False, True, False]


def test_each_photo_is_named_once() -> None:
    assert parse_pairs(TWO_FOLDS).photos[:3] == [
        PhotoName("Ann", 1),
        PhotoName("Ann", 2),
        PhotoName("Bob", 3),
    ]


def test_spaces_and_blank_lines_do_as_well_as_tabs() -> None:
    assert parse_pairs("\n" + TWO_FOLDS.replace("\t", "  ").replace("\n", "\r\n\r\n")) == parse_pairs(
        TWO_FOLDS
    )


@pytest.mark.parametrize("header", ["20", "1 20"])
def test_a_single_fold_is_cut_into_ten(header: str) -> None:
    genuine = [f"P{i} 1 2" for i in range(20)]
    impostor = [f"P{i} 1 Q 1" for i in range(20)]
    protocol = parse_pairs("\n".join([header, *genuine, *impostor]))
    expected = [fold for fold in range(10) for _ in range(2)]
    assert protocol.folds.tolist() == expected + expected
    assert protocol.genuine.sum() == 20


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("folds\n", "line 1"),
        ("1 2 3\n", "line 1"),
        ("0 3\n", "line 1"),
        ("1\nAnn 1 2\nAnn 1 Bob 1\n", "two are the least"),
        (TWO_FOLDS + "Ann\t1\t2\n", "has 5 pairs; its first line announces 4"),
        (TWO_FOLDS.replace("Ann\t1\t2", "Ann\t1"), "line 2"),
        (TWO_FOLDS.replace("Ann\t1\tBob\t3", "Ann\t1\t3"), "line 3 must be `name n othername m`"),
        (TWO_FOLDS.replace("12", "twelve"), "line 4: 'twelve'"),
        (TWO_FOLDS.replace("12", "0"), "line 4: '0'"),
        (TWO_FOLDS.replace("12", "4"), "line 4 compares Cyd_0004 with Cyd_0004"),
        (TWO_FOLDS.replace("Dan_Doe", "Cyd").replace("Cyd\t1\tCyd\t1", "Cyd\t1\tCyd\t2"), "line 5 compares"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(EvaluationError, match=complaint):
        parse_pairs(text)
