import json

import pytest
from click.testing import CliRunner

from entrypoints.cli import face_api


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


def test_licences_as_json() -> None:
    done = CliRunner().invoke(face_api, ["licenses", "--json"])
    report = json.loads(done.stdout)
    litestar = next(each for each in report["distributions"] if each["name"] == "litestar")
    assert litestar["licence"] == "MIT"
    assert litestar["version"]
    models = {each["name"]: each for each in report["models"]}
    assert {key: models["sface"][key] for key in ("installed", "licence", "commercial")} == {
        "installed": True,
        "licence": "Apache-2.0",
        "commercial": True,
    }
    assert models["arcface_r50"]["commercial"] is False


def test_licences_as_tables() -> None:
    lines = CliRunner().invoke(face_api, ["licenses"]).stdout.splitlines()
    assert any(line.split()[0::2] == ["litestar", "MIT"] for line in lines if line)
    assert any(line.split() == ["sface", "yes", "yes", "Apache-2.0"] for line in lines)
