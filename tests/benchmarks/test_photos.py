from pathlib import Path

import pytest
from click import ClickException

from tests.benchmarks.photos import find_people


def test_people_with_several_photos_come_first(tmp_path: Path) -> None:
    for name in ("Ada/1.jpg", "Bob/1.jpg", "Bob/2.jpg", "Bob/notes.txt", "Cy/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    people = find_people(tmp_path, 5)
    assert [(person.enrolled, person.probe) for person in people] == [
        (b"Bob/1.jpg", b"Bob/2.jpg"),
        (b"Ada/1.jpg", b"Ada/1.jpg"),
    ]
    assert len({person.name for person in people}) == 2
    assert len(find_people(tmp_path, 1)) == 1


def test_a_flat_folder_has_a_person_a_photo(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.PNG", "3.txt"):
        (tmp_path / name).write_text(name)
    assert [person.probe for person in find_people(tmp_path, 5)] == [b"1.jpg", b"2.PNG"]


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ClickException, match="photos of faces are needed"):
        find_people(tmp_path, 5)


def test_without_a_folder_an_installed_package_has_a_face(astronaut: bytes) -> None:
    assert [person.probe for person in find_people(None, 5)] == [astronaut]
