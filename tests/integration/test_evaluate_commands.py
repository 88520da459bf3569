"""`face-api evaluate-liveness` and `face-api evaluate-quality`, on real photos."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageOps

from entrypoints.cli import face_api


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation without downloaded models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FACE_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(face_api, [str(argument) for argument in arguments], env=env)


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
    assert (report["live_undetermined"], report["attacks_undetermined"]) == (0, 0)
    text = run("evaluate-liveness", "--live", live, "--attack", attack, "--bpcer", "0.1").stdout
    assert "APCER screen" in text
    assert "the threshold for a BPCER of 10.00%" in text


def test_a_photo_that_cannot_be_judged_is_counted_apart(spoof: tuple[Path, Path], assets: Path) -> None:
    live, _ = spoof
    assert run("models", "add", assets / "models" / "MiniFASNetV2.onnx").exit_code == 0
    with Image.open(live / "real_1.jpg") as photo:
        ImageOps.exif_transpose(photo).convert("L").save(live / "grey.png")
    report = json.loads(run("evaluate-liveness", "--live", live, "--json").stdout)
    assert (report["live_photos"], report["live_undetermined"]) == (2, 1)
    assert report["live_undetermined_reasons"] == {"grey": 1}
    assert (report["bpcer"], report["apcer"], report["acer"]) == (0, None, None)
    assert "undetermined 1, grey 1" in run("evaluate-liveness", "--live", live).stdout


def many_living(folder: Path, lfw: Path, photos: int) -> Path:
    """A folder of photos of living people."""
    target = folder / "many"
    target.mkdir()
    for path in sorted((lfw / "images").glob("*/*.jpg"))[:photos]:
        shutil.copy(path, target)
    return target


def test_a_threshold_for_a_camera(
    environment: Path, spoof: tuple[Path, Path], assets: Path, lfw: Path
) -> None:
    _, attack = spoof
    for file in ("MiniFASNetV2.onnx", "MiniFASNetV1SE.onnx"):
        assert run("models", "add", assets / "models" / file).exit_code == 0
    live = many_living(environment, lfw, 60)
    result = run("calibrate-liveness", "--live", live, "--attack", attack, "--bpcer", "0.05")
    assert result.exit_code == 0, result.stderr
    written = tomllib.loads((environment / "data" / "liveness.toml").read_text())
    assert written["models"] == ["minifasnet_v2", "minifasnet_v1se"]
    assert written["bpcer"]["rate"] <= 0.05
    assert set(written["apcer"]) == {"print", "screen"}
    assert "APCER print" in result.stdout
    evaluated = json.loads(run("evaluate-liveness", "--live", live, "--attack", attack, "--json").stdout)
    assert evaluated["threshold"] == written["threshold"]
    assert evaluated["bpcer"] == pytest.approx(written["bpcer"]["rate"], abs=1e-6)
    # With one model less the threshold means something else.
    other = run("evaluate-liveness", "--live", live, env={"FACE_LIVENESS_MODELS": "minifasnet_v2"})
    assert (other.exit_code, other.stdout) == (1, "")
    assert "measured with minifasnet_v2+minifasnet_v1se, but minifasnet_v2 would judge" in other.stderr
    again = run(
        "calibrate-liveness", "--live", live, "--bpcer", "0.05", env={"FACE_LIVENESS_MODELS": "minifasnet_v2"}
    )
    assert again.exit_code == 0
    assert "without --attack nobody knows" in again.stderr


def test_too_few_photos_make_no_threshold(environment: Path, assets: Path, lfw: Path) -> None:
    assert run("models", "add", assets / "models" / "MiniFASNetV2.onnx").exit_code == 0
    result = run("calibrate-liveness", "--live", many_living(environment, lfw, 60), "--bpcer", "0.01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "needs at least 100 photos of living people" in result.stderr
    assert not (environment / "data" / "liveness.toml").exists()


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
    report = json.loads(run("evaluate-quality", "--images", environment / "images", "--json").stdout)
    assert report["undetected"] == 0
    assert {"combined", "strength", "pitch", "sharpness"} <= report["fnmr"].keys()
    assert all(len(curve) == len(report["discarded"]) for curve in report["fnmr"].values())
    assert report["recognition"]["refused"] <= report["enrolment"]["refused"] < 0.1
    assert "combined" in run("evaluate-quality", "--images", environment / "images").stdout


def test_quality_needs_two_photos_of_somebody(environment: Path, lfw: Path) -> None:
    for folder in sorted((lfw / "images").iterdir())[:2]:
        (environment / "images" / folder.name).mkdir(parents=True)
        shutil.copy(min(folder.iterdir()), environment / "images" / folder.name)
    result = run("evaluate-quality", "--images", environment / "images")
    assert result.exit_code == 1
    assert "two photos of one of them" in result.stderr
