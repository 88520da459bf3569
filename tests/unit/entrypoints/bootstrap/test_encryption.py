"""Keys from settings: what is wrong with them is one line that names the setting, and never repeats a key."""

import base64
from pathlib import Path
from typing import Any

import pytest

from application.errors import StartupError
from application.ports.sealing import Kind
from entrypoints.bootstrap.encryption import encrypts, open_sealing
from entrypoints.bootstrap.settings import Settings, load_settings

ONE, TWO = (base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2))
NOWHERE = Path("/nonexistent/.env")


def refused(settings: Settings) -> str:
    with pytest.raises(StartupError) as caught:
        open_sealing(settings)
    message = str(caught.value)
    assert "\n" not in message
    assert ONE not in message
    return message


def test_without_a_key_nothing_is_encrypted() -> None:
    assert not encrypts(Settings())
    assert open_sealing(Settings()) is None


@pytest.mark.parametrize(
    "text", ["secret", ONE[:-1], f"{ONE},{ONE[:-4]}", ONE[:-2] + "B=", base64.b64encode(bytes(16)).decode()]
)
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(
        StartupError, match=r"^FACE_ENCRYPTION_KEY: it must be the base64 of 32 bytes"
    ) as caught:
        load_settings({"FACE_ENCRYPTION_KEY": text}, NOWHERE)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"database_url": "memory"}, "FACE_ENCRYPTION_KEY"),
        ({"search": "pgvector"}, "FACE_SEARCH"),
        ({"index_url": "http://milvus:19530"}, "FACE_INDEX_URL"),
        ({"encryption_key_file": Path("/key")}, "FACE_ENCRYPTION_KEY_FILE and FACE_ENCRYPTION_KEY"),
    ],
)
def test_settings_that_do_not_go_with_it(other: dict[str, Any], name: str) -> None:
    assert refused(Settings(encryption_key=[ONE], **other)).startswith(f"{name}: ") or name.endswith("KEY")


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n\n", b"short", b"\xff\xfe", ONE.encode() + b"x", b"#" * 20_000]
)
def test_a_file_that_has_no_keys(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    assert refused(Settings(encryption_key_file=tmp_path / "key")).startswith("FACE_ENCRYPTION_KEY_FILE: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "can't be read" in refused(Settings(encryption_key_file=tmp_path / "key"))


def test_the_first_key_of_a_file_encrypts(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"# of this year\n{TWO}\n\n  {ONE}\n")
    both = open_sealing(Settings(encryption_key_file=tmp_path / "key"))
    new, old = (open_sealing(Settings(encryption_key=[key])) for key in (TWO, ONE))
    assert both is not None
    assert new is not None
    assert old is not None
    assert both.key_ids == (*new.key_ids, *old.key_ids)
    assert new.open(Kind.CROP, "", both.seal(Kind.CROP, "", b"crop")) == b"crop"
