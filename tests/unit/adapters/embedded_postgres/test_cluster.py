"""The embedded server's files."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.embedded_postgres.cluster import Cluster


def test_a_start_that_fails_is_told_in_the_servers_words(tmp_path: Path) -> None:
    words = "LOG: starting\nFATAL: lock file is empty\nLOG: database system is shut down\n"
    (tmp_path / "postgres.log").write_text(words)
    assert "FATAL: lock file is empty" in str(Cluster(tmp_path).failure())


def test_on_a_full_disk_the_server_has_no_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres.log").write_text("LOG: database system is shut down\n")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=(16 << 20) - 1))
    said = str(Cluster(tmp_path).failure())
    assert said == f"FACE_DATA_DIR: the disk of {tmp_path} is full: make room there"
