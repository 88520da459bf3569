"""`face-api evaluate-liveness` and `face-api evaluate-quality`, on real photos."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from entrypoints.cli import face_api


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation without downloaded models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FACE_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(face_api, [str(argument) for argument in arguments])


@pytest.fixture
def spoof(environment: Path, assets: Path) -> tuple[Path, Path]:
    """A folder of living faces, and one of attacks of two species."""
    samples = assets / "faces" / "spoof"
    for name, target in (("real_1", "live"), ("fake_1", "attack/print"), ("fake_2", "attack/screen")):
        (environment / target).mkdir(parents=True)
        shutil.copy(samples / f"{name}.jpg", environment / target)
    return environment / "live", environment / "attack"


def test_liveness_by_species(spoof: tuple[Path, Path], assets: Path) -> None:
    live, attack = spoof
    for file in ("MiniFASNetV2.onnx", "MiniFASNetV1SE.onnx"):
        assert run("models", "add", assets / "models" / file).exit_code == 0
    result = run("evaluate-liveness", "--live", live, "--attack", attack, "--json")
    report = json.loads(result.stdout)
    assert report["apcer_by_species"] == {"print": 0, "screen": 0}
    assert (report["apcer"], report["bpcer"], report["acer"]) == (0, 0, 0)
    assert report["model"] == "minifasnet_v2+minifasnet_v1se"
    text = run("evaluate-liveness", "--live", live, "--attack", attack, "--bpcer", "0.1").stdout
    assert "APCER screen" in text
    assert "the threshold for a BPCER of 10.00%" in text


def test_liveness_without_a_model_is_one_line(spoof: tuple[Path, Path]) -> None:
    live, attack = spoof
    result = run("evaluate-liveness", "--live", live, "--attack", attack)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "face-api models pull minifasnet_v2" in result.stderr


def test_liveness_without_photos_is_one_line(environment: Path, assets: Path) -> None:
    assert run("models", "add", assets / "models" / "MiniFASNetV2.onnx").exit_code == 0
    (environment / "empty").mkdir()
    result = run("evaluate-liveness", "--live", environment / "empty", "--attack", environment / "empty")
    assert result.exit_code == 1
    assert "empty has no photos" in result.stderr


def test_quality_by_measure(environment: Path, lfw: Path) -> None:
    people = [folder for folder in sorted((lfw / "images").iterdir()) if len(list(folder.iterdir())) > 1]
    for folder in people[:25]:
        shutil.copytree(folder, environment / "images" / folder.name)
    vectors = environment / "vectors.npz"
    raw = np.random.default_rng(0).normal(size=(40, 8))
    np.savez(vectors, vectors=raw, person=np.arange(40) // 2, embedding_norm=np.ones(40))
    sets = ("--images", environment / "images", "--vectors", vectors)
    answer = json.loads(run("evaluate-quality", *sets, "--json").stdout)
    report, other = answer["sets"]
    assert (report["name"], other["name"], other["photos"]) == ("images", "vectors", 40)
    assert report["undetected"] == 0
    assert report["found"] > 0.9 > other["found"]
    assert {"combined", "embedding_norm", "pitch", "sharpness"} <= report["fnmr"].keys()
    assert all(len(curve) == len(answer["discarded"]) for curve in report["fnmr"].values())
    assert report["recognition"]["refused"] <= report["enrolment"]["refused"] < 0.1
    assert "combined" in run("evaluate-quality", "--vectors", vectors).stdout


def test_quality_without_a_set_is_one_line(environment: Path) -> None:  # noqa: ARG001
    result = run("evaluate-quality")
    assert result.exit_code == 2
    assert "at least one set" in result.stderr


def test_quality_needs_two_photos_of_somebody(environment: Path, lfw: Path) -> None:
    for folder in sorted((lfw / "images").iterdir())[:2]:
        (environment / "images" / folder.name).mkdir(parents=True)
        shutil.copy(min(folder.iterdir()), environment / "images" / folder.name)
    result = run("evaluate-quality", "--images", environment / "images")
    assert result.exit_code == 1
    assert "two photos of one of them" in result.stderr
