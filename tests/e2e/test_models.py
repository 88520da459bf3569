"""Models by name: listed, aliased, absent, broken."""

import json
import shutil
from pathlib import Path

import pytest

from adapters.onnx.graphs.cache import with_checksum
from entrypoints.bootstrap.settings import PROJECT
from tests.e2e.service import Service, face_api, furnish, one_line, refused_start

CLIENT_WORDS = {"detection_model": "faceonnx", "recognition_model": "arcface"}


def test_the_list_says_what_is_installed_and_what_it_may_be_used_for(service: Service) -> None:
    models = {model["name"]: model for model in service.client.get("/api/model").json()["data"]}
    sface = models["sface"]
    assert (sface["installed"], sface["default"], sface["dimensions"]) == (True, True, 128)
    assert (sface["licence"], sface["commercial"]) == ("Apache-2.0", True)
    assert 0.3 < sface["threshold"] < 0.6
    assert (models["arcface_r100"]["installed"], models["arcface_r100"]["default"]) == (False, False)
    assert {"yunet", "faceonnx", "scrfd_500m", "retinaface", "arcface_r50"} <= set(models)


def test_a_known_model_that_is_absent_is_409_with_the_command_that_fetches_it(
    service: Service, astronaut: bytes
) -> None:
    response = service.recognize(astronaut, recognition_model="arcface_r50")
    assert response.status_code == 409
    assert response.json()["code"] == "model_not_installed"
    assert "face-api models pull arcface_r50" in response.json()["detail"]


def test_aliases_answer_clients_that_send_fixed_words(tmp_path: Path, astronaut: bytes) -> None:
    aliases = {"FACE_MODEL_ALIASES": "faceonnx=yunet, arcface=sface", "FACE_DATABASE_URL": "memory"}
    with Service(tmp_path, aliases) as service:
        assert service.register("Eileen", astronaut, **CLIENT_WORDS).status_code == 200
        assert service.recognize(astronaut, **CLIENT_WORDS).json()["data"]["name"] == "Eileen"
        (face,) = service.client.get("/api/face").json()["data"]
        assert (face["detection_model"], face["recognition_model"]) == ("yunet", "sface")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FACE_MODEL_ALIASES", "arcface=nothing"),
        ("FACE_PRELOAD", "arcface_r50"),
        ("FACE_RECOGNITION_MODEL", "arcface_r50"),
        ("FACE_DETECTION_MODEL", "scrfd_500m"),
    ],
)
def test_a_model_that_is_not_there_stops_the_start(tmp_path: Path, key: str, value: str) -> None:
    assert refused_start(tmp_path, **{key: value}).startswith(f"face-api: {key}: ")


def test_several_models_that_are_not_there_are_told_of_together(tmp_path: Path) -> None:
    named = {"FACE_DETECTION_MODEL": "scrfd_500m", "FACE_RECOGNITION_MODEL": "arcface_r50"}
    said = refused_start(tmp_path, **named)
    assert "FACE_DETECTION_MODEL: The model scrfd_500m is not installed" in said
    assert "FACE_RECOGNITION_MODEL: The model arcface_r50 is not installed" in said
    verified = face_api(tmp_path, "models", "verify", FACE_MODELS_DIR=str(tmp_path / "models"), **named)
    assert verified.returncode == 1
    assert verified.stdout.splitlines() == [
        "yunet: ok",
        "sface: ok",
        *(
            f"{name}: The model {name} is not installed; the operator can fetch it with:"
            f" face-api models pull {name}"
            for name in named.values()
        ),
    ]


def test_models_that_are_added_are_in_the_data_directory(tmp_path: Path, assets: Path) -> None:
    """One that the catalogue knows, and one that it doesn't: the same network in another file."""
    known = assets / "models" / "scrfd_500m_bnkps.onnx"
    new = tmp_path / "new.onnx"
    new.write_bytes(with_checksum(known.read_bytes()))
    data = {"FACE_DATA_DIR": str(tmp_path / "faces")}
    furnish(tmp_path / "faces", "memory")
    installation = contents(PROJECT / "static")
    assert face_api(tmp_path, "models", "add", str(known), **data).stdout.startswith(
        f"scrfd_500m_bnkps is installed in {tmp_path / 'faces' / 'models'};"
    )
    again = json.loads(face_api(tmp_path, "models", "add", str(known), "--json", **data).stdout)
    assert (again["name"], again["task"], again["installed"]) == ("scrfd_500m_bnkps", "detection", True)
    for option in (("--name", "mine"), ("--family", "arcface")):
        refused = face_api(tmp_path, "models", "add", str(known), *option, **data)
        assert (refused.returncode, "knows this file as scrfd_500m_bnkps" in refused.stderr) == (1, True)
    added = face_api(tmp_path, "models", "add", str(new), "--name", "mine", "--family", "scrfd", **data)
    assert added.stdout == f"mine is installed in {tmp_path / 'faces' / 'models'}, for detection\n"
    files = {"mine.onnx", "models.toml", "scrfd_500m_bnkps.onnx"}
    assert {path.name for path in (tmp_path / "faces" / "models").iterdir()} == files
    assert contents(PROJECT / "static") == installation
    listed = face_api(tmp_path, "models", "list", **data).stdout.splitlines()
    installed = {line.split()[0] for line in listed if line.split()[2] == "yes"}
    assert installed == {"yunet", "sface", "scrfd_500m_bnkps", "mine"}
    verified = face_api(tmp_path, "models", "verify", "mine", "scrfd", **data)
    assert verified.stdout.splitlines() == ["mine: ok", "scrfd_500m_bnkps: ok"]


def test_a_model_that_is_there_is_not_fetched_again(tmp_path: Path, assets: Path) -> None:
    here = {"FACE_MODELS_DIR": str(assets / "models")}
    (there,) = json.loads(face_api(tmp_path, "models", "pull", "faceonnx", "--json", **here).stdout)
    assert (there["name"], there["installed"], there["new"]) == ("faceonnx", True, False)
    said = face_api(tmp_path, "models", "pull", "faceonnx", **here).stdout.splitlines()
    assert said[0].startswith("faceonnx: licence of the weights: ")
    assert said[1:] == ["faceonnx is installed already"]


def contents(folder: Path) -> set[Path]:
    return set(folder.rglob("*.onnx")) | set(folder.rglob("*.toml"))


def test_verify_knows_what_a_name_stands_for(tmp_path: Path, assets: Path) -> None:
    furnish(tmp_path / "data", "memory")
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copyfile(assets / "models" / "scrfd_500m_bnkps.onnx", folder / "scrfd_500m_bnkps.onnx")
    shutil.copyfile(assets / "models" / "version-RFB-640.onnx", folder / "arcface_mobilefacenet_128.onnx")
    here = {"FACE_MODELS_DIR": str(folder)}
    assert face_api(tmp_path, "models", "verify", "scrfd", **here).stdout == "scrfd_500m_bnkps: ok\n"
    told = face_api(tmp_path, "models", "verify", "arcface", **here).stdout
    assert f"It is {folder / 'arcface_mobilefacenet_128.onnx'}, and it is the file of faceonnx." in told
    unknown = face_api(tmp_path, "models", "verify", "vgg", **here)
    assert "There is no model named 'vgg'" in one_line(unknown.stderr)


def bad_models(folder: Path, assets: Path) -> None:
    """A truncated file, another family's file under the name, and one bit changed."""
    folder.mkdir()
    truncated = (assets / "models" / "arcface_mobilefacenet_128.onnx").read_bytes()[:-1000]
    (folder / "arcface_mobilefacenet_128.onnx").write_bytes(truncated)
    shutil.copyfile(assets / "models" / "version-RFB-640.onnx", folder / "scrfd_500m_bnkps.onnx")
    changed = bytearray((assets / "models" / "version-RFB-640.onnx").read_bytes())
    changed[1000] ^= 1
    (folder / "version-RFB-640.onnx").write_bytes(changed)


BAD = {"arcface_mobilefacenet_128": "recognition", "scrfd_500m_bnkps": "detection", "faceonnx": "detection"}


def test_files_that_are_not_what_they_should_be_are_refused_by_request_at_start_and_by_verify(
    tmp_path: Path, assets: Path, astronaut: bytes
) -> None:
    folder = tmp_path / "models"
    bad_models(folder, assets)
    settings = {"FACE_DATABASE_URL": "memory", "FACE_MODELS_DIR": str(folder)}
    with Service(tmp_path, settings) as service:
        for name, task in BAD.items():
            response = service.recognize(astronaut, **{f"{task}_model": name})
            assert (response.status_code, response.json()["code"]) == (503, "broken_model")
            assert str(tmp_path) not in response.text
        assert service.client.get("/health/ready").status_code == 200
    for name, task in BAD.items():
        key = f"FACE_{task.upper()}_MODEL"
        assert refused_start(tmp_path, **settings, **{key: name}).startswith(f"face-api: {key}: ")
    verified = face_api(tmp_path, "models", "verify", **settings)
    assert verified.returncode == 1
    said = dict(line.split(": ", 1) for line in verified.stdout.splitlines())
    assert (said["yunet"], said["sface"]) == ("ok", "ok")
    assert all("bytes instead of" in said[name] or "SHA-256" in said[name] for name in BAD)


def test_export_writes_a_repository_for_triton(tmp_path: Path) -> None:
    furnish(tmp_path / "data", "memory")
    told = face_api(tmp_path, "models", "export", "--format", "triton", "repository", FACE_DATA_DIR="data")
    assert told.returncode == 0, told.stderr
    for name in ("yunet", "sface"):
        (model,) = (tmp_path / "repository" / name).glob("*/model.onnx")
        assert model.parent.name.isdecimal()
        assert model.stat().st_size > 100_000
        assert f'name: "{name}"' in (tmp_path / "repository" / name / "config.pbtxt").read_text()
    told = face_api(tmp_path, "models", "export", "repository", "sface", "--json", FACE_DATA_DIR="data")
    assert json.loads(told.stdout) == [{"name": "sface", "folder": "repository/sface"}]
    told = face_api(tmp_path, "models", "export", "repository", "nobody", FACE_DATA_DIR="data")
    assert told.returncode == 1
    assert "nobody" in told.stderr


def test_a_former_name_is_the_model_that_it_has_become(tmp_path: Path, astronaut: bytes) -> None:
    """In settings, in requests and where faces are listed: faces are those of one model."""
    settings = {"FACE_DATABASE_URL": "memory", "FACE_RECOGNITION_MODEL": "sface_int8"}
    with Service(tmp_path, settings) as service:
        assert service.register("Eileen", astronaut, recognition_model="sface").status_code == 200
        former = {"recognition_model": "sface_int8"}
        assert service.recognize(astronaut, **former).json()["data"]["name"] == "Eileen"
        (face,) = service.client.get("/api/face", params=former).json()["data"]
        assert face["recognition_model"] == "sface"
        models = {model["name"]: model for model in service.client.get("/api/model").json()["data"]}
        assert models["sface"]["default"]
        assert "sface_int8" not in models
    assert face_api(tmp_path, "models", "verify", "sface_int8").stdout == "sface: ok\n"
