from pathlib import Path

import pytest

from application.errors import CommandError
from application.photo_folders import SkippedFile, find_people, find_photos, walk_photos


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"photo")
    return root


def walked(root: Path) -> list[str]:
    return [str(each.relative_to(root)) for each in walk_photos(root) if isinstance(each, Path)]


def skipped(root: Path) -> dict[str, str]:
    found = [each for each in walk_photos(root) if isinstance(each, SkippedFile)]
    return {str(each.path.relative_to(root)): each.reason for each in found}


def test_photos_in_nested_folders_are_that_persons(tmp_path: Path) -> None:
    make(
        tmp_path,
        "Bo/b.PNG",
        "Ada/2023/may/3.jfif",
        "Ada/1.jpg",
        "Ada/2.JPE",
        "Ada/4.webp",
        "Cy/5.avif",
        "Cy/6.mpo",
    )
    assert [(photo.person, photo.name) for photo in find_photos(tmp_path)] == [
        ("Ada", "Ada/1.jpg"),
        ("Ada", "Ada/2.JPE"),
        ("Ada", "Ada/2023/may/3.jfif"),
        ("Ada", "Ada/4.webp"),
        ("Bo", "Bo/b.PNG"),
        ("Cy", "Cy/5.avif"),
        ("Cy", "Cy/6.mpo"),
    ]


@pytest.mark.parametrize(
    "folder",
    [
        *(
            "@eaDir",
            "#recycle",
            ".Trash-1000",
            "__MACOSX",
            ".thumbnails",
            ".git",
            "lost+found",
            "$RECYCLE.BIN",
        ),
        *(
            "System Volume Information",
            "@Recycle",
            ".hidden",
            "@sharebin",
            "DfsrPrivate",
            "Thumbnails",
            "_vti_cnf",
        ),
        *("Photos Library.photoslibrary", "Previews.lrdata"),
    ],
)
def test_folders_of_the_system_are_skipped_at_every_depth(tmp_path: Path, folder: str) -> None:
    make(tmp_path, "Ada/1.jpg", f"{folder}/x.jpg", f"{folder}/Ada/y.jpg", f"Ada/{folder}/z.jpg")
    assert walked(tmp_path) == ["Ada/1.jpg"]
    assert set(skipped(tmp_path)) == {f"{folder}/x.jpg", f"{folder}/Ada/y.jpg", f"Ada/{folder}/z.jpg"}


def test_every_other_file_has_a_reason(tmp_path: Path) -> None:
    make(
        tmp_path,
        "Ada/1.jpg",
        "Ada/._1.jpg",
        "Ada/2.heic",
        "Ada/3.TIFF",
        "Ada/4.jxl",
        "Ada/notes.txt",
        "loose.jpg",
    )
    (tmp_path / "Ada" / "gone.jpg").symlink_to("nowhere")
    _, found = find_people(tmp_path)
    assert {each.path.name: each.reason.split(":")[0].split(",")[0] for each in found} == {
        "._1.jpg": "hidden",
        "2.heic": "HEIC photos can't be read",
        "3.TIFF": "TIFF photos can't be read",
        "4.jxl": "JPEG XL photos can't be read",
        "gone.jpg": "not a file",
        "notes.txt": "not the name of a photo",
        "loose.jpg": "it is in no person's folder",
    }


def test_a_link_to_a_folder_that_is_walked_anyway_is_skipped(tmp_path: Path) -> None:
    root = make(tmp_path / "people", "Ada/1.jpg")
    (root / "AdaLink").symlink_to("Ada")
    (root / "Ada" / "up").symlink_to(tmp_path)
    (root / "Ada" / "self").symlink_to(".")
    (root / "loop").symlink_to("loop")
    assert walked(root) == ["Ada/1.jpg"]
    assert set(skipped(root)) == {"Ada/self", "Ada/up", "AdaLink", "loop"}


def test_a_link_to_a_folder_elsewhere_is_followed_once(tmp_path: Path) -> None:
    make(tmp_path / "disk", "Bo/1.jpg")
    (tmp_path / "disk" / "Bo" / "cycle").symlink_to(tmp_path / "disk")
    root = make(tmp_path / "people", "Ada/1.jpg")
    (root / "Bo").symlink_to(tmp_path / "disk" / "Bo")
    (root / "Bob").symlink_to(tmp_path / "disk" / "Bo")
    (tmp_path / "linked").symlink_to(root)
    assert [photo.name for photo in find_photos(tmp_path / "linked")] == ["Ada/1.jpg", "Bo/1.jpg"]


def test_a_folder_without_photos_says_why(tmp_path: Path) -> None:
    make(tmp_path, "Ada/1.heic")
    with pytest.raises(CommandError, match=r"one folder a person.*1\.heic: HEIC photos can't be read"):
        find_people(tmp_path)
    with pytest.raises(CommandError, match="can't read"):
        find_people(tmp_path / "nowhere")
