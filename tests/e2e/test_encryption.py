"""A service that encrypts what it stores: the whole data directory is searched."""

import base64
import json
import os
from pathlib import Path

import pytest

from tests.e2e.envelope import envelope
from tests.e2e.service import Service, face_api
from tests.e2e.test_purge import found, needles

SECRETS = {"first half", "second half", "crop"}


def new_key(path: Path) -> Path:
    path.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    return path


def with_key(folder: Path, key: Path | None) -> Service:
    keys = {} if key is None else {"FACE_ENCRYPTION_KEY_FILE": str(key)}
    # A connection is kept while a command runs.
    return Service(folder, {"FACE_STORE_CROPS": "true", "FACE_IDLE_TIMEOUT_S": "600", **keys})


def started(folder: Path, key: Path | None) -> str:
    """What a service says that doesn't start."""
    with pytest.raises(AssertionError, match="it did not start") as caught:
        with_key(folder, key).start()
    return [line for line in str(caught.value).splitlines() if line.startswith("face-api: ")][-1]


def test_nothing_of_a_face_is_in_any_file(tmp_path: Path, portraits: list[bytes]) -> None:
    data, key = tmp_path / "data", new_key(tmp_path / "key")
    settings = {"FACE_DATA_DIR": str(data), "FACE_ENCRYPTION_KEY_FILE": str(key)}
    with with_key(tmp_path, key) as service:
        ada = envelope(service.register("Ada", portraits[0]))["data"]
        envelope(service.register("Bob", portraits[1]))
        assert envelope(service.recognize(portraits[0]))["data"]["name"] == "Ada"
        secrets = needles(service, ada["profile_id"])
        assert found(data, secrets).isdisjoint(SECRETS)
    assert found(data, secrets).isdisjoint(SECRETS)
    assert started(tmp_path, None).startswith("face-api: FACE_ENCRYPTION_KEY_FILE: the key ")
    assert "has another key" in started(tmp_path, new_key(tmp_path / "wrong"))
    # A new key before the old one, and then alone.
    old, new = key.read_text(), new_key(tmp_path / "new")
    key.write_text(new.read_text() + old)
    with with_key(tmp_path, key) as service:
        assert envelope(service.recognize(portraits[0]))["data"]["name"] == "Ada"
        rotated = json.loads(face_api(tmp_path, "encryption", "rotate", "--json", **settings).stdout)
        assert (rotated["faces"], rotated["crops"]) == (2, 2)
        assert envelope(service.recognize(portraits[1]))["data"]["name"] == "Bob"
    with with_key(tmp_path, new) as service:
        assert envelope(service.recognize(portraits[1]))["data"]["name"] == "Bob"
        assert needles(service, ada["profile_id"]) == secrets
    assert found(data, secrets).isdisjoint(SECRETS)


def test_what_was_plain_is_encrypted_backed_up_and_restored(tmp_path: Path, portraits: list[bytes]) -> None:
    data, key, backup = tmp_path / "data", new_key(tmp_path / "key"), tmp_path / "backup.zip"
    settings = {"FACE_DATA_DIR": str(data), "FACE_ENCRYPTION_KEY_FILE": str(key)}
    with with_key(tmp_path, None) as service:
        ada = envelope(service.register("Ada", portraits[0]))["data"]
        secrets = needles(service, ada["profile_id"])
        assert found(data, secrets) >= {"first half", "second half"}
    rotated = json.loads(face_api(tmp_path, "encryption", "rotate", "--json", **settings).stdout)
    assert (rotated["faces"], rotated["crops"]) == (1, 1)
    face_api(tmp_path, "purge", **settings)
    assert found(data, secrets).isdisjoint(SECRETS)
    status = json.loads(face_api(tmp_path, "encryption", "status", "--json", **settings).stdout)
    assert {(each["part"], each["key"]) for each in status["stored"]} == {
        ("faces", status["key"]),
        ("crops", status["key"]),
    }
    face_api(tmp_path, "backup", str(backup), **settings)
    assert found(backup.parent, secrets).isdisjoint(SECRETS)
    other = tmp_path / "other"
    other.mkdir()
    with with_key(other, key) as service:
        restoring = {**settings, "FACE_DATA_DIR": str(other / "data")}
        face_api(tmp_path, "restore", str(backup), **restoring)
        assert envelope(service.recognize(portraits[0]))["data"]["name"] == "Ada"
    decrypted = json.loads(face_api(tmp_path, "encryption", "decrypt", "--json", **settings).stdout)
    assert (decrypted["faces"], decrypted["crops"], decrypted["broken"]) == (1, 1, [])
    assert face_api(tmp_path, "encryption", "status", **settings).returncode == 0
    with with_key(tmp_path, None) as service:
        assert envelope(service.recognize(portraits[0]))["data"]["name"] == "Ada"
