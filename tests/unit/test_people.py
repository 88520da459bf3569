import pytest

from domain.errors import InvalidName
from domain.people import MAX_NAME_LENGTH, person_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [("  Ada  ", "Ada"), ("Ada Lovelace", "Ada Lovelace"), ("Zoe\u0308", "Zoë"), ("李明", "李明")],
)
def test_a_name_is_kept_in_one_canonical_form(given: str, kept: str) -> None:
    assert person_name(given) == kept


@pytest.mark.parametrize("bad", ["", "   ", "a\nb", "a\x00b", "x" * (MAX_NAME_LENGTH + 1), "\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(bad: str) -> None:
    with pytest.raises(InvalidName):
        person_name(bad)
