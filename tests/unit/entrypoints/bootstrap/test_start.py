import logging
from pathlib import Path

import pytest
from dependency_injector import providers

from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.start import load_models


def test_a_folder_of_models_that_is_not_there_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(database_url="memory", data_dir=tmp_path, models_dir=tmp_path / "elsewhere")
    with caplog.at_level(logging.WARNING):
        load_models(Container(settings=providers.Object(settings)))
    assert f"FACE_MODELS_DIR: there is no folder {tmp_path / 'elsewhere'}" in caplog.messages
