import pytest

from domain.errors import InvalidCollection, InvalidName
from domain.people import MAX_NAME_LENGTH, collection_name, person_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada  ", "Ada"),
        ("Ada Lovelace", "Ada Lovelace"),
        ("Zoe\u0308", "Zoë"),
        ("李明", "李明"),
        ("\ufeffAda", "Ada"),  # a byte order mark, as editors write
        ("\u202aAda\u202c", "Ada"),  # as address books copy it
        ("\u200e \u200bAda\u200b ", "Ada"),
        ("Ada\u200cLovelace", "Ada\u200cLovelace"),  # as Persian joins words
    ],
)
def test_a_name_is_kept_in_one_canonical_form(given: str, kept: str) -> None:
    assert person_name(given) == kept


@pytest.mark.parametrize(
    "bad", ["", "   ", "\u200b", "\ufeff \u200e", "a\nb", "a\x00b", "x" * (MAX_NAME_LENGTH + 1), "\ud800"]
)
def test_a_name_that_cannot_be_stored_is_refused(bad: str) -> None:
    with pytest.raises(InvalidName):
        person_name(bad)


def test_a_name_of_a_folder_that_is_not_utf8_is_refused_as_that() -> None:
    with pytest.raises(InvalidName, match="not UTF-8"):
        person_name(b"M\xfcller".decode(errors="surrogateescape"))


@pytest.mark.parametrize("text", ["default", "a", "0", "staff-2_b", "x" * 63])
def test_a_collections_name(text: str) -> None:
    assert collection_name(text) == text


@pytest.mark.parametrize("text", ["", "A", "_a", "-a", "a b", "a\n", "\u00e4", "x" * 64, "a.b", "\u0663"])
def test_what_cannot_name_a_collection(text: str) -> None:
    with pytest.raises(InvalidCollection):
        collection_name(text)
